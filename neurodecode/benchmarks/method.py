"""What the settings of every method that is timed have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from neurodecode.config import Section

Shape = tuple[int, int, int]
MAIN = "main"
"""Name of the simulated array of the comparison."""


class ArraySection(Section):
    """Size of the simulated array (see ``neurodecode.datasets.simulate.band_limited_noise``)."""

    n_trials: int = Field(
        default=288,
        ge=1,
        description="acm: both classes together; speech: recordings; image: windows",
    )
    n_channels: int = Field(default=22, ge=3, description="Sensors; 22 is BCI Competition IV 2a")
    n_samples: int = Field(default=1001, ge=50, description="Per trial, recording or window")


class Benchmark(Section):
    """A method that is timed, told apart from others by its ``method``.

    Attributes
    ----------
    targets : dict of str to float
        Figures claimed, unless the experiment states others.
    tolerances : dict of str to float
        Largest differences from the peer at which times are compared, unless it states others.
    """

    targets: ClassVar[dict[str, float]]
    tolerances: ClassVar[dict[str, float]]

    def check(self, simulation: ArraySection) -> None:
        """Raise ``ValueError`` if the simulated array does not fit these settings."""

    def arrays(self, main: ArraySection) -> dict[str, Shape]:
        """Return the arrays to simulate, by name."""
        return {MAIN: (main.n_trials, main.n_channels, main.n_samples)}

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """Return the jobs, and the arrays that each one reads."""
        raise NotImplementedError
