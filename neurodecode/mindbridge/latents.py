"""From what the heads estimate to the latents of a picture generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.evaluation.restandardisation import moments, restandardise
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.mindbridge.config import TargetSection
    from neurodecode.mindbridge.targets import Target, Targets
    from neurodecode.stimuli.generation.generator import PictureGenerator

START = "autokl"
"""Latent that drawing may begin without: noise takes its place."""


@dataclass(frozen=True)
class Guide:
    """A latent that a head estimates.

    Attributes
    ----------
    head : {"image", "text"}
    target : Target
        What the head was trained on.
    """

    head: str
    target: Target

    def latents(
        self, estimates: NDArray[np.float32], trained: Sequence[str], *, restandardised: bool
    ) -> NDArray[np.float32]:
        """Return estimates at the scale of the generator; training leaves their length free.

        Parameters
        ----------
        estimates : ndarray, shape (n, *shape)
        trained : sequence of str
            Stimuli that were trained on.
        restandardised : bool
            Give every feature the mean and spread of the training targets (see
            :func:`restandardise`, transductive). Otherwise tokens are divided by the norm of the
            first, as the released code does for both heads, and other estimates, as well as those
            of centred targets, get the mean length of the training targets.

        Returns
        -------
        ndarray of float32, shape (n, *shape)
        """
        if restandardised:
            found = restandardise(estimates, *moments(self.target.of(trained)))
        elif estimates.ndim == 3 and np.isscalar(self.target.offset):
            found = estimates / np.linalg.norm(estimates[:, :1], axis=-1, keepdims=True)
        else:
            found = estimates * _scale(estimates, self.target.of(trained))
        return np.asarray(found + self.target.offset, dtype=np.float32)


def _scale(estimates: NDArray[Any], trained: NDArray[Any]) -> NDArray[Any]:
    """Return the factor of each estimate that gives it the mean length of trained ones."""
    mine, wanted = (np.linalg.norm(rows.reshape(len(rows), -1), axis=1)
                    for rows in (estimates, trained))  # fmt: skip
    factors = wanted.mean() / np.where(mine > 0, mine, 1)
    return np.asarray(factors.reshape(-1, *[1] * (estimates.ndim - 1)))


def guides_of(
    chosen: TargetSection, targets: Targets, generator: PictureGenerator
) -> dict[str, Guide]:
    """Return, by latent of the generator, the head that estimates it.

    Raises
    ------
    ConfigFault
        If no head estimates a latent that drawing cannot begin without, or its encoder has other
        options.
    """
    heads = {targets.first.name: Guide("image", targets.first)}
    if targets.second is not None:
        heads.setdefault(targets.second.name, Guide("text", targets.second))
    found = {}
    for latent, (name, options) in generator.targets().items():
        if name in heads:
            _require_options(name, options, chosen.options.get(name, {}))
            _require_shape(latent, heads[name], generator.latents[latent])
            found[latent] = heads[name]
        elif latent != START:
            raise ConfigFault(
                f"no head estimates '{latent}', which the generator draws from",
                fix=f"target.image or target.text: {name}",
            )
    return found


def missing_latents(
    generator: PictureGenerator, given: Mapping[str, Any], n: int
) -> dict[str, NDArray[np.float32]]:
    """Return zeros (n, *shape) for the start that nobody estimates.

    At a strength of 1 nothing of the start is left beneath its noise, so that drawing begins from
    noise alone, as published.

    Raises
    ------
    ConfigFault
        If the generator would build on that start.
    """
    lacking = [name for name in generator.latents if name not in given]
    strength = generator.settings().get("strength")
    if lacking and strength != 1:
        raise ConfigFault(
            f"no head estimates '{lacking[0]}', which a strength of {strength} builds on",
            fix="redraw.options.strength=1, to start from noise",
        )
    return {name: np.zeros((n, *generator.latents[name]), np.float32) for name in lacking}


def _require_options(name: str, wanted: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for option, value in wanted.items():
        if given.get(option) != value:
            raise ConfigFault(
                f"the generator draws from {name} with {option}: {value}, "
                f"the head's target has {given.get(option, 'the default')}",
                fix=f"target.options.{name}.{option}={value}",
            )


def _require_shape(latent: str, guide: Guide, wanted: tuple[int, ...]) -> None:
    if guide.target.shape != wanted:
        raise ConfigFault(
            f"the {guide.head} head estimates {guide.target.shape}, the generator's '{latent}' has "
            f"the shape {wanted}"
        )
