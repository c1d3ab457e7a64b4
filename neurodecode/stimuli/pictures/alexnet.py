"""AlexNet: early and middle features, for the comparison of generated pictures with true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.network import check_choice
from neurodecode.stimuli.pictures.preprocessing import imagenet_square
from neurodecode.stimuli.pictures.state_dict import StateDictEncoder, convolve

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS = ("features.4", "features.11")
# Place, stride and padding of each convolution; all are followed by ReLU.
_CONVOLUTIONS = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
_POOLED_BEFORE = (3, 6)  # a maximum over 3 x 3 places, stride 2
_SMALLEST = 64


class AlexNet(StateDictEncoder):
    r"""Activations of the second or fifth convolution of AlexNet, after ReLU.

    Flattened, channel first. For 224 pixels:

    =============== ======= ==================================
    ``features.4``   139968 192 x 27 x 27, "AlexNet(2)" in [2]_
    ``features.11``   43264 256 x 13 x 13, "AlexNet(5)"
    =============== ======= ==================================

    Parameters
    ----------
    model : str
        File of weights with the parameter names of torchvision, as its
        ``alexnet-owt-7be5be79.pth``.
    layer : {"features.4", "features.11"}, default="features.11"
    size : int, default=224
        Pixels on the side of the input, at least 64.
    device : str, default="cpu"
    batch_size : int, default=32

    Raises
    ------
    ConfigFault
        If a setting is not one of these.
    DataFault, NetworkFault
        If the weights cannot be loaded.

    References
    ----------
    .. [1] Krizhevsky 2014, arXiv:1404.5997 (the variant of torchvision).
    .. [2] Benchetrit et al. 2024, ICLR, table 1.
    """

    name = "alexnet"
    title = "AlexNet"
    advice = "give AlexNet as torchvision publishes it, alexnet-owt-7be5be79.pth"

    def __init__(
        self,
        model: str,
        layer: str = "features.11",
        size: int = 224,
        device: str = "cpu",
        batch_size: int = 32,
    ) -> None:
        self.layer = check_choice("layer of AlexNet", layer, LAYERS)
        if size < _SMALLEST:
            raise ConfigFault(f"input of {size} pixels", fix=f"give {_SMALLEST} or more")
        super().__init__(model, imagenet_square(size), {"layer": layer}, device, batch_size)

    def run(self, weights: Mapping[str, Any], pictures: Any) -> Any:
        """Return the layer's activations, flattened."""
        import torch

        hidden = pictures
        for place, stride, padding in _CONVOLUTIONS:
            if place in _POOLED_BEFORE:
                hidden = torch.nn.functional.max_pool2d(hidden, 3, stride=2)
            name = f"features.{place}"
            hidden = convolve(weights, name, hidden, stride=stride, padding=padding).relu()
            if self.layer == f"features.{place + 1}":
                break
        return hidden.flatten(1)
