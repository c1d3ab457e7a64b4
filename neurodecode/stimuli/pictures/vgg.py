"""VGG-19: a convolutional network trained to name what pictures show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.faults import DataFault, NetworkFault
from neurodecode.stimuli.pictures.network import NetworkEncoder, check_choice
from neurodecode.stimuli.pictures.preprocessing import IMAGENET
from neurodecode.stimuli.pretrained import pretrained_file, read_tensors, weights_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

LAYERS = ("logits", "dropout5", "dropout2", "avgpool", "maxpool5")
_FILES = ("model.safetensors", "pytorch_model.bin")
_BLOCKS = (2, 2, 4, 4, 4)  # convolutions before each of the five poolings
_POOLED = 7  # places on a side after the adaptive average
_OF_TIMM = {
    "pre_logits.fc1": "classifier.0",
    "pre_logits.fc2": "classifier.3",
    "head.fc": "classifier.6",
}


class Vgg19(NetworkEncoder):
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

    def __init__(
        self,
        model: str = "timm/vgg19.tv_in1k",
        layer: str = "logits",
        device: str = "cpu",
        batch_size: int = 16,
    ) -> None:
        super().__init__(device, batch_size)
        self.model, self.layer = str(model), check_choice("layer of VGG-19", layer, LAYERS)
        file = _find_weights(self.model)
        network = build_vgg19(read_tensors(file), where=str(file))
        self._weights = weights_hash(network)
        self._shape = _layer_shape(network, self.layer)
        self._network = network.to(device)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding, see the class."""
        return self._shape

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import torch

        return {
            "encoder": "vgg19",
            "layer": self.layer,
            "preprocessing": IMAGENET.settings(),
            "weights": self._weights,
            "torch": torch.__version__,
        }

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        import torch

        hidden = self._network["features"](
            torch.from_numpy(IMAGENET.apply(pictures)).to(self.device)
        )
        if self.layer != "maxpool5":
            hidden = torch.nn.functional.adaptive_avg_pool2d(hidden, _POOLED)
        hidden = hidden.flatten(1)
        if self.layer in ("maxpool5", "avgpool"):
            return hidden
        stop = {"dropout2": 3, "dropout5": 6, "logits": 7}[self.layer]
        return self._network["classifier"][:stop](hidden)


def build_vgg19(weights: Mapping[str, Any], *, where: str = "") -> Any:
    """Return the network in evaluation mode, as wide as its weights.

    Parameters
    ----------
    weights : mapping of str to tensor
        Named as in torchvision ("features.0.weight", "classifier.6.bias", ...) or timm.
    where : str
        File, for faults.

    Returns
    -------
    torch.nn.ModuleDict
        With torchvision's names: "features" and "classifier".

    Raises
    ------
    DataFault
        If a weight is missing or does not fit the others.
    """
    import torch

    weights = _torchvision_names(weights)
    try:
        with torch.device("meta"):  # the weights that follow are the only ones
            network = _skeleton(weights)
        network.load_state_dict(weights, assign=True)
    except (KeyError, IndexError, RuntimeError) as error:
        raise DataFault(
            f"weights are not those of a VGG-19: {str(error).splitlines()[0]}",
            where=where,
            fix="give VGG-19 without batch normalisation, as torchvision or timm publish it",
        ) from error
    return network.float().eval().requires_grad_(False)


def _skeleton(weights: Mapping[str, Any]) -> Any:
    from torch import nn

    layers: list[Any] = []
    for n_convolutions in _BLOCKS:
        for _ in range(n_convolutions):
            out, inside = weights[f"features.{len(layers)}.weight"].shape[:2]
            layers += [nn.Conv2d(inside, out, 3, padding=1), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    first, second, last = (
        nn.Linear(*reversed(weights[f"classifier.{index}.weight"].shape)) for index in (0, 3, 6)
    )
    classifier = [first, nn.ReLU(), nn.Dropout(), second, nn.ReLU(), nn.Dropout(), last]
    return nn.ModuleDict(
        {"features": nn.Sequential(*layers), "classifier": nn.Sequential(*classifier)}
    )


def _layer_shape(network: Any, layer: str) -> tuple[int, ...]:
    classifier = network["classifier"]
    if layer in ("avgpool", "maxpool5"):
        return (int(classifier[0].in_features),)
    index = {"dropout2": 0, "dropout5": 3, "logits": 6}[layer]
    return (int(classifier[index].out_features),)


def _torchvision_names(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Rename timm's layers; its hidden layers are convolutions over all 7 x 7 places."""
    renamed = {}
    for name, tensor in weights.items():
        layer, _, kind = name.rpartition(".")
        if layer in _OF_TIMM:
            renamed[f"{_OF_TIMM[layer]}.{kind}"] = tensor.flatten(1) if tensor.ndim == 4 else tensor
        else:
            renamed[name] = tensor
    return renamed


def _find_weights(model: str) -> Path:
    path = Path(model).expanduser()
    if path.is_file():
        return path
    found = (pretrained_file(model, file) for file in _FILES)
    file = next((file for file in found if file is not None), None)
    if file is not None:
        return file
    if path.is_dir() or path.suffix or path.is_absolute():
        raise DataFault(
            "weights of VGG-19 not found",
            where=model,
            fix=f"give a file of weights, or a folder with {' or '.join(_FILES)}",
        )
    raise NetworkFault(
        f"pretrained model '{model}' is not on this machine and the hub cannot be reached, "
        "or lacks it",
        fix=f"copy its {_FILES[0]} into a folder and give the folder's path instead of the name",
    )
