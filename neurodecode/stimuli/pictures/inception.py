"""Inception-v3: pooled features, for the comparison of generated pictures with true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.preprocessing import HALF, Preprocessing
from neurodecode.stimuli.pictures.state_dict import StateDictEncoder, convolve, normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMALLEST = 75  # less leaves no place after the last pooling
_EPS = 1e-3
_STEM = (("Conv2d_1a_3x3", 2, 0), ("Conv2d_2a_3x3", 1, 0), ("Conv2d_2b_3x3", 1, 1))
_STEM_2 = (("Conv2d_3b_1x1", 1, 0), ("Conv2d_4a_3x3", 1, 0))


class InceptionV3(StateDictEncoder):
    r"""Mean over places of the last block of Inception-v3, 2048 wide.

    Input is scaled to -1 to 1, as torchvision does inside the network with its own weights.

    Parameters
    ----------
    model : str, default="timm/inception_v3.tv_in1k"
        A name on the hub, or a file or folder of weights with the parameter names of torchvision
        (``inception_v3_google-0cc3c7bd.pth``), which timm shares.
    size : int, default=224
        Pixels on the side of the input, at least 75. The network was trained with 299; studies
        that compare generated pictures use 224.
    device : str, default="cpu"
    batch_size : int, default=16

    Raises
    ------
    ConfigFault
        If ``size`` is too small.
    DataFault, NetworkFault
        If the weights cannot be loaded.

    References
    ----------
    .. [1] Szegedy et al. 2016, CVPR, 2818-2826, table 1.
    .. [2] Benchetrit et al. 2024, ICLR, table 1: "Incep".
    """

    name = "inception_v3"
    title = "Inception-v3"
    advice = "give Inception-v3 as torchvision or timm publish it"

    def __init__(
        self,
        model: str = "timm/inception_v3.tv_in1k",
        size: int = 224,
        device: str = "cpu",
        batch_size: int = 16,
    ) -> None:
        if size < _SMALLEST:
            raise ConfigFault(f"input of {size} pixels", fix=f"give {_SMALLEST} or more")
        preprocessing = Preprocessing(int(size), int(size), HALF, HALF)
        super().__init__(model, preprocessing, {}, device, batch_size)

    def run(self, weights: Mapping[str, Any], pictures: Any) -> Any:
        """Return the mean over places of the last block."""
        hidden = pictures
        for layers in (_STEM, _STEM_2):
            for name, stride, padding in layers:
                hidden = _convolve(weights, name, hidden, stride=stride, padding=padding)
            hidden = _maximum(hidden)
        for letter in "bcd":
            hidden = _block_35(weights, f"Mixed_5{letter}", hidden)
        hidden = _reduction_17(weights, "Mixed_6a", hidden)
        for letter in "bcde":
            hidden = _block_17(weights, f"Mixed_6{letter}", hidden)
        hidden = _reduction_8(weights, "Mixed_7a", hidden)
        for letter in "bc":
            hidden = _block_8(weights, f"Mixed_7{letter}", hidden)
        return hidden.mean(dim=(2, 3))


def _block_35(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    import torch

    branches = [
        _chain(weights, name, hidden, "branch1x1"),
        _chain(weights, name, hidden, "branch5x5_1", "branch5x5_2"),
        _chain(weights, name, hidden, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
        _chain(weights, name, _average(hidden), "branch_pool"),
    ]
    return torch.cat(branches, dim=1)


def _block_17(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    import torch

    branches = [
        _chain(weights, name, hidden, "branch1x1"),
        _chain(weights, name, hidden, *(f"branch7x7_{i}" for i in (1, 2, 3))),
        _chain(weights, name, hidden, *(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))),
        _chain(weights, name, _average(hidden), "branch_pool"),
    ]
    return torch.cat(branches, dim=1)


def _block_8(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    import torch

    single = _chain(weights, name, hidden, "branch3x3_1")
    double = _chain(weights, name, hidden, "branch3x3dbl_1", "branch3x3dbl_2")
    branches = [
        _chain(weights, name, hidden, "branch1x1"),
        _chain(weights, name, single, "branch3x3_2a"),
        _chain(weights, name, single, "branch3x3_2b"),
        _chain(weights, name, double, "branch3x3dbl_3a"),
        _chain(weights, name, double, "branch3x3dbl_3b"),
        _chain(weights, name, _average(hidden), "branch_pool"),
    ]
    return torch.cat(branches, dim=1)


def _reduction_17(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    import torch

    double = _chain(weights, name, hidden, "branch3x3dbl_1", "branch3x3dbl_2")
    branches = [
        _halve(weights, f"{name}.branch3x3", hidden),
        _halve(weights, f"{name}.branch3x3dbl_3", double),
        _maximum(hidden),
    ]
    return torch.cat(branches, dim=1)


def _reduction_8(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    import torch

    single = _chain(weights, name, hidden, "branch3x3_1")
    long = _chain(weights, name, hidden, *(f"branch7x7x3_{i}" for i in (1, 2, 3)))
    branches = [
        _halve(weights, f"{name}.branch3x3_2", single),
        _halve(weights, f"{name}.branch7x7x3_4", long),
        _maximum(hidden),
    ]
    return torch.cat(branches, dim=1)


def _chain(weights: Mapping[str, Any], block: str, hidden: Any, *names: str) -> Any:
    """Apply convolutions that keep the size, one after the other."""
    for name in names:
        hidden = _convolve(weights, f"{block}.{name}", hidden)
    return hidden


def _halve(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    return _convolve(weights, name, hidden, stride=2, padding=0)


def _convolve(weights: Mapping[str, Any], name: str, hidden: Any, **options: Any) -> Any:
    """Convolve, normalise with the larger epsilon of this network, and rectify."""
    hidden = convolve(weights, f"{name}.conv", hidden, bias=False, **options)
    return normalise(weights, f"{name}.bn", hidden, eps=_EPS).relu()


def _maximum(hidden: Any) -> Any:
    import torch

    return torch.nn.functional.max_pool2d(hidden, 3, stride=2)


def _average(hidden: Any) -> Any:
    import torch

    return torch.nn.functional.avg_pool2d(hidden, 3, stride=1, padding=1)
