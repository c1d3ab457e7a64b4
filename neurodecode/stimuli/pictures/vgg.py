"""VGG-19: a convolutional network trained to name what pictures show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.stimuli.pictures.network import check_choice
from neurodecode.stimuli.pictures.preprocessing import IMAGENET
from neurodecode.stimuli.pictures.state_dict import StateDictEncoder, convolve

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLASSIFIER: Mapping[str, tuple[int, ...]] = {
    "logits": (0, 3, 6),
    "dropout5": (0, 3),
    "dropout2": (0,),
    "avgpool": (),
    "maxpool5": (),
}
"""Linear layers that lead to each layer, after the convolutions."""
LAYERS = tuple(_CLASSIFIER)
_BLOCKS = (2, 2, 4, 4, 4)  # convolutions before each of the five poolings
_POOLED = 7  # places on a side after the adaptive average
_OF_TIMM = {
    "pre_logits.fc1": "classifier.0",
    "pre_logits.fc2": "classifier.3",
    "head.fc": "classifier.6",
}


class Vgg19(StateDictEncoder):
    r"""Activations of VGG-19, configuration E, without batch normalisation.

    Sixteen 3 x 3 convolutions with ReLU, in five blocks that each end in a maximum over 2 x 2
    places, an average to 7 x 7 places, and three linear layers with ReLU and dropout between,
    which is off here. Layers that can be read, by their width for the published network:

    ============ ======= =====================================================
    ``logits``      1000 scores of the classes of ILSVRC 2012, before softmax
    ``dropout5``    4096 second hidden layer, after ReLU
    ``dropout2``    4096 first hidden layer, after ReLU
    ``avgpool``    25088 averaged maps, channel first
    ``maxpool5``   25088 last maximum, channel first
    ============ ======= =====================================================

    The last two are the same for the 224 pixels used here. The article's table S3 has different
    scores for its "avgpool" and "maxpool2d 35", so it used another size there, or another layer.

    Parameters
    ----------
    model : str, default="timm/vgg19.tv_in1k"
        A name on the hub, a folder with ``model.safetensors`` or ``pytorch_model.bin``, or a file
        of weights (``.safetensors``, or ``.pth`` as torchvision publishes it), with the parameter
        names of torchvision or of timm.
    layer : {"logits", "dropout5", "dropout2", "avgpool", "maxpool5"}, default="logits"
    device : str, default="cpu"
    batch_size : int, default=16

    Raises
    ------
    ConfigFault
        If the layer is unknown.
    DataFault, NetworkFault
        If the weights cannot be loaded.

    References
    ----------
    .. [1] Simonyan and Zisserman 2015, ICLR; arXiv:1409.1556, table 1.
    .. [2] Benchetrit et al. 2024, ICLR, table S3.
    """

    name = "vgg19"
    title = "VGG-19"
    advice = "give VGG-19 without batch normalisation, as torchvision or timm publish it"

    def __init__(
        self,
        model: str = "timm/vgg19.tv_in1k",
        layer: str = "logits",
        device: str = "cpu",
        batch_size: int = 16,
    ) -> None:
        self.layer = check_choice("layer of VGG-19", layer, LAYERS)
        super().__init__(model, IMAGENET, {"layer": layer}, device, batch_size)

    def rename(self, weights: dict[str, Any]) -> dict[str, Any]:
        """Return torchvision's names; timm's hidden layers are convolutions over 7 x 7 places."""
        renamed = {}
        for name, tensor in weights.items():
            layer, _, kind = name.rpartition(".")
            flat = tensor.flatten(1) if layer in _OF_TIMM and tensor.ndim == 4 else tensor
            renamed[f"{_OF_TIMM.get(layer, layer)}.{kind}"] = flat
        return renamed

    def run(self, weights: Mapping[str, Any], pictures: Any) -> Any:
        """Return the layer's activations, flattened."""
        import torch

        hidden, index = pictures, 0
        for n_convolutions in _BLOCKS:
            for _ in range(n_convolutions):
                hidden = convolve(weights, f"features.{index}", hidden).relu()
                index += 2
            hidden = torch.nn.functional.max_pool2d(hidden, 2)
            index += 1
        if self.layer != "maxpool5":
            hidden = torch.nn.functional.adaptive_avg_pool2d(hidden, _POOLED)
        hidden = hidden.flatten(1)
        for linear in _CLASSIFIER[self.layer]:
            hidden = _linear(weights, f"classifier.{linear}", hidden)
            hidden = hidden.relu() if linear < 6 else hidden
        return hidden


def _linear(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    import torch

    return torch.nn.functional.linear(hidden, weights[f"{name}.weight"], weights[f"{name}.bias"])
