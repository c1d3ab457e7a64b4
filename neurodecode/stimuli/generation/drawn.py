r"""Pictures drawn from a latent vector: one object on a background, without any weights.

A latent :math:`z \in R^{16}` is the standard normal; every property of the picture is a smooth,
monotone function of one number (see ``LATENTS``), so that near latents give near pictures.

The object's outline is a Fourier descriptor in polar coordinates of its own frame,

.. math:: r(\theta) = s\,\big(1 + a_2 \cos 2\theta + a_3 \cos 3\theta + a_4 \cos 4\theta
    + a_5 \cos 5\theta\big),

which the ellipse (:math:`a_2`), the rounded triangle, square and star are cases of. Its surface
carries a sine grating and is shaded from the upper left; its edge is one pixel soft.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.generation.latents import LATENT, latent_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = NDArray[np.floating[Any]]

LATENTS = (
    "background_red", "background_green", "background_blue",
    "object_red", "object_green", "object_blue",
    "right", "down", "size", "turn",
    "ellipse", "triangle", "square", "star",
    "grating_frequency", "grating_contrast",
)  # fmt: skip
"""What each number of the latent sets."""
LOBES = {"ellipse": (2, 0.35), "triangle": (3, 0.25), "square": (4, 0.2), "star": (5, 0.2)}
"""Lobes of the outline and how deep each may cut, in mean radii."""
SMALLEST = 16  # pixels; the soft edge alone takes two
_BATCH = 128  # pictures drawn at once, so that memory stays flat


class DrawnPictures:
    """One coloured object with an outline, a grating and shading, on a graded background.

    Parameters
    ----------
    size : int, default=64
        Height and width in pixels.

    Raises
    ------
    ConfigFault
        If the size is below 16 pixels.

    Examples
    --------
    >>> generator = DrawnPictures(size=32)
    >>> generator.generate({"latent": np.zeros((2, 16), dtype=np.float32)}).shape
    (2, 32, 32, 3)
    """

    def __init__(self, size: int = 64) -> None:
        if size < SMALLEST:
            raise ConfigFault(f"pictures of {size} pixels", fix=f"give {SMALLEST} or more")
        self.size = size

    @property
    def latents(self) -> dict[str, tuple[int, ...]]:
        """One vector of 16 numbers."""
        return {LATENT: (len(LATENTS),)}

    def targets(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return that the latent is what the pictures were made from."""
        return {LATENT: (LATENT, {})}

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {"generator": "drawn", "size": self.size}

    def generate(
        self, latents: Mapping[str, NDArray[np.float32]], *, random_state: int = 0
    ) -> NDArray[np.uint8]:
        """Draw one picture per latent; nothing in it is random.

        Parameters
        ----------
        latents : mapping
            ``{"latent": ndarray of shape (n, 16)}``; a number of 0 is the average picture's.
        random_state : int, default=0
            Not used.

        Returns
        -------
        ndarray of uint8, shape (n, size, size, 3)

        Raises
        ------
        DataFault
            If the latents are not of that shape, or not finite.
        """
        rows = latent_rows(latents, len(LATENTS))
        pictures = np.empty((len(rows), self.size, self.size, 3), dtype=np.uint8)
        for start in range(0, len(rows), _BATCH):
            pictures[start : start + _BATCH] = _draw(rows[start : start + _BATCH], self.size)
        return pictures


def _draw(rows: Array, size: int) -> NDArray[np.uint8]:
    """Draw a batch of latents (n, 16) as pictures (n, size, size, 3)."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = axis[None, None, :], axis[None, :, None]
    number = dict(zip(LATENTS, rows.T[..., None, None], strict=True))
    along, across = _object_frame(number, x, y)
    cover = _cover(number, along, across, size)
    colours = _between(rows[:, :6], 0.05, 0.95).reshape(-1, 2, 1, 1, 3)
    background = colours[:, 0] * (1 - 0.25 * y)[..., None]
    surface = colours[:, 1] * (_grating(number, along) * _shade(along, across, x, y))[..., None]
    picture = background + cover[..., None] * (surface - background)
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)


def _object_frame(number: Mapping[str, Array], x: Array, y: Array) -> tuple[Array, Array]:
    """Return coordinates in the object's frame, its mean radius 1."""
    right, down = (_between(number[name], -0.45, 0.45) for name in ("right", "down"))
    radius = _between(number["size"], 0.25, 0.65)
    turn = _between(number["turn"], -np.pi / 2, np.pi / 2)
    dx, dy = (x - right) / radius, (y - down) / radius
    return dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)


def _cover(number: Mapping[str, Array], along: Array, across: Array, size: int) -> Array:
    """Return the share of each pixel that the object covers."""
    angle, distance = np.arctan2(across, along), np.hypot(along, across)
    outline = np.ones_like(angle)
    for name, (lobes, depth) in LOBES.items():
        outline += _between(number[name], -depth, depth) * np.cos(lobes * angle)
    soft = 2 / size / _between(number["size"], 0.25, 0.65)  # a pixel, in radii
    cover: Array = _between((outline - distance) * (2 / soft), 0, 1)
    return cover


def _grating(number: Mapping[str, Array], along: Array) -> Array:
    """Return the brightness of the surface's stripes, 1 on average."""
    frequency = _between(number["grating_frequency"], 0.5, 3.0)
    contrast = _between(number["grating_contrast"], -0.6, 0.6)
    stripes: Array = 1 + contrast * np.sin(2 * np.pi * frequency * along)
    return stripes


def _shade(along: Array, across: Array, x: Array, y: Array) -> Array:
    """Return the light on the surface, brighter to the upper left of the picture."""
    light: Array = 1.05 - 0.2 * (x + y) - 0.1 * (along**2 + across**2)
    return light


def _between(number: Array, low: float, high: float) -> Array:
    """Map the real line smoothly onto an interval; N(0, 1) fills it almost evenly."""
    mapped: Array = low + (high - low) * (0.5 + 0.5 * np.tanh(0.8 * number))
    return mapped
