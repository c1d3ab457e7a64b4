"""What every picture generator offers, and the generators by name."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

GENERATORS: Mapping[str, tuple[str, str]] = {
    "drawn": ("neurodecode.stimuli.generation.drawn", "DrawnPictures"),
    "faces": ("neurodecode.stimuli.generation.faces", "FaceGenerator"),
    "diffusion": ("neurodecode.stimuli.generation.diffusion", "DualGuidedDiffusion"),
    "unclip": ("neurodecode.stimuli.generation.unclip", "UnCLIP"),
}
"""Module and class of each generator; a module is loaded when its generator is made."""


class PictureGenerator(Protocol):
    """Latents to pictures. It never sees the true picture."""

    @property
    def latents(self) -> dict[str, tuple[int, ...]]:
        """Shape of one picture's latent by name, as {"vision": (257, 768), ...}."""
        ...

    def targets(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return, by latent, the picture encoder (name, options) whose output it is.

        The name "latent" stands for the latents that simulated pictures were made from.
        """
        ...

    def settings(self) -> dict[str, Any]:
        """Return everything that changes the output, as plain values."""
        ...

    def generate(
        self, latents: Mapping[str, NDArray[np.float32]], *, random_state: int = 0
    ) -> NDArray[np.uint8]:
        """Generate one picture per row of the latents.

        Parameters
        ----------
        latents : mapping of str to ndarray, each of shape (n, *shape)
        random_state : int, default=0
            Of any noise that is drawn.

        Returns
        -------
        ndarray of uint8, shape (n, height, width, 3)
        """
        ...


def make_generator(name: str, **options: Any) -> PictureGenerator:
    """Make a generator by name.

    Raises
    ------
    ConfigFault
        If the name or an option is unknown, with the nearest valid one.
    """
    if name not in GENERATORS:
        raise ConfigFault(unknown("picture generator", name, GENERATORS))
    module, attribute = GENERATORS[name]
    generator = getattr(import_module(module), attribute)
    valid = list(inspect.signature(generator).parameters)
    for option in options:
        if option not in valid:
            raise ConfigFault(unknown(f"option of the generator {name}", option, valid))
    made: PictureGenerator = generator(**options)
    return made


def default_generator() -> str:
    """Return "faces" where its weights are installed, else "drawn"."""
    from neurodecode.stimuli.generation.faces import find_weights

    try:
        find_weights()
    except ConfigFault:
        return "drawn"
    return "faces"
