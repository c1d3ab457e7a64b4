"""From pictures to the numbers a network was trained on: size, cut, mean and deviation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.faults import DataFault
from neurodecode.stimuli.pictures.files import resize_picture
from neurodecode.stimuli.pretrained import pretrained_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FILE = "preprocessor_config.json"
_BICUBIC = 3  # the number of Pillow's filter
_Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    r"""How a network wants its pictures: the middle square, channel-wise standardised.

    .. math:: y_c = (x_c / 255 - m_c) / s_c

    Attributes
    ----------
    size, crop : int
        Shorter side and side of the cut in pixels, see
        :func:`~neurodecode.stimuli.pictures.files.resize_picture`.
    mean, std : tuple of three floats
        m and s of red, green and blue.
    """

    size: int
    crop: int
    mean: _Channels
    std: _Channels

    def apply(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return the network's input, shape (n_pictures, 3, crop, crop)."""
        squares = np.stack([resize_picture(picture, self.size, self.crop) for picture in pictures])
        scaled = squares.astype(np.float32) / np.float32(255)
        scaled -= np.array(self.mean, dtype=np.float32)
        scaled /= np.array(self.std, dtype=np.float32)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}


IMAGENET = Preprocessing(256, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""What networks of torchvision and DINOv2 were evaluated with."""
HALF: _Channels = (0.5, 0.5, 0.5)
"""Mean and deviation that bring a picture to -1 to 1."""
CLIP = Preprocessing(
    224, 224, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
)
"""What the networks of CLIP were trained with, for 224 pixels."""


def imagenet_square(size: int) -> Preprocessing:
    """Return what studies that compare pictures use: the whole middle square, ``IMAGENET`` mean."""
    return replace(IMAGENET, size=int(size), crop=int(size))


def read_preprocessing(name: str, default: Preprocessing) -> Preprocessing:
    """Return the preprocessing noted beside a pretrained network.

    Parameters
    ----------
    name : str
        Folder or name on the hub of the network.
    default : Preprocessing
        Of the family of networks, where ``preprocessor_config.json`` is not there.

    Raises
    ------
    DataFault
        If the file is damaged, or asks for what is not done here: another filter than bicubic, a
        size that is not of the shorter side, a cut that is not square, or no standardisation.
    """
    path = pretrained_file(name, _FILE)
    if path is None:
        return default
    config = read_json(path)
    try:
        supported = _is_supported(config)
        found = Preprocessing(
            size=_side(config["size"], "shortest_edge"),
            crop=_side(config["crop_size"], "height"),
            mean=_channels(config["image_mean"]),
            std=_channels(config["image_std"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"description of preprocessing cannot be read: {error!r}"
        raise DataFault(what, where=str(path), fix="give a network of the usual kind") from error
    if not supported:
        what = "preprocessing other than bicubic, a middle square, and mean and deviation"
        raise DataFault(what, where=str(path), fix="give a network of the usual kind")
    return found


def _is_supported(config: dict[str, Any]) -> bool:
    steps = ("do_resize", "do_center_crop", "do_rescale", "do_normalize")
    crop = config["crop_size"]
    return (
        all(config.get(step, True) for step in steps)
        and config.get("resample", _BICUBIC) == _BICUBIC
        and abs(config.get("rescale_factor", 1 / 255) - 1 / 255) < 1e-9
        and (isinstance(crop, int) or crop["height"] == crop["width"])
    )


def _side(size: Any, key: str) -> int:
    """Read a size as older files (a number) or newer ones (by name) have it."""
    return int(size if isinstance(size, int) else size[key])


def _channels(values: Any) -> _Channels:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
