"""ResNet-50: pooled features, with the weights of SwAV or of a classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.preprocessing import imagenet_square
from neurodecode.stimuli.pictures.state_dict import StateDictEncoder, convolve, normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCKS = (3, 4, 6, 3)
_SMALLEST = 32


class ResNet50(StateDictEncoder):
    r"""Mean over places of the last block of ResNet-50, 2048 wide.

    A 7 x 7 convolution, a maximum, and 3, 4, 6 and 3 blocks of three convolutions round which the
    input is led; where a stage halves the size, the 3 x 3 convolution of its first block does so.
    With the weights of SwAV, trained without labels, this is the "SwAV" of [2]_.

    Parameters
    ----------
    model : str
        File of weights with the parameter names of torchvision (those of SwAV, as
        ``swav_800ep_pretrain.pth.tar``, have a prefix, which is taken off), or a name on the hub,
        as "timm/resnet50.tv_in1k".
    size : int, default=224
        Pixels on the side of the input, at least 32.
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
    .. [1] He et al. 2016, CVPR, 770-778; Caron et al. 2020, NeurIPS 33, 9912-9924 (SwAV).
    .. [2] Benchetrit et al. 2024, ICLR, table 1.
    """

    name = "resnet50"
    title = "ResNet-50"
    advice = "give ResNet-50 as torchvision, timm or SwAV publish it"

    def __init__(
        self, model: str, size: int = 224, device: str = "cpu", batch_size: int = 16
    ) -> None:
        if size < _SMALLEST:
            raise ConfigFault(f"input of {size} pixels", fix=f"give {_SMALLEST} or more")
        super().__init__(model, imagenet_square(size), {}, device, batch_size)

    def run(self, weights: Mapping[str, Any], pictures: Any) -> Any:
        """Return the mean over places of the last block."""
        import torch

        hidden = convolve(weights, "conv1", pictures, bias=False, stride=2)
        hidden = normalise(weights, "bn1", hidden).relu()
        hidden = torch.nn.functional.max_pool2d(hidden, 3, stride=2, padding=1)
        for stage, n_blocks in enumerate(_BLOCKS, start=1):
            for block in range(n_blocks):
                stride = 2 if block == 0 and stage > 1 else 1
                hidden = _bottleneck(weights, f"layer{stage}.{block}", hidden, stride)
        return hidden.mean(dim=(2, 3))


def _bottleneck(weights: Mapping[str, Any], name: str, hidden: Any, stride: int) -> Any:
    around = hidden
    if f"{name}.downsample.0.weight" in weights:
        around = convolve(weights, f"{name}.downsample.0", hidden, bias=False, stride=stride)
        around = normalise(weights, f"{name}.downsample.1", around)
    for index, step in ((1, 1), (2, stride), (3, 1)):
        hidden = convolve(weights, f"{name}.conv{index}", hidden, bias=False, stride=step)
        hidden = normalise(weights, f"{name}.bn{index}", hidden)
        hidden = hidden.relu() if index < 3 else hidden
    return (hidden + around).relu()
