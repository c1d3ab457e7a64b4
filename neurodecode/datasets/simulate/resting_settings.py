"""Options of the simulated resting-state study, and what is fixed about it."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.faults import ConfigFault

SITES: tuple[tuple[float, int], ...] = (
    (2.0, 232),
    (2.0, 172),
    (2.5, 120),
    (1.5, 192),
    (2.5, 78),
    (1.96, 257),
)
"""Repetition time (s) and volumes of the simulated sites: lengths as ADHD-200 has them, from three
to eight minutes."""
BAND_HZ = (0.009, 0.08)
"""Pass band of the filtered images."""
N_ROWS, N_COLUMNS = 6, 10
"""Voxels of a block; a tight block has cliques of rows + columns - 1 = 15, which divide it."""
RHO = 0.45
"""Correlation of connected voxels of a block."""
SMOOTH_FWHM_MM, MOTION_FWHM_MM = 12.0, 40.0
"""Kernels of the background and of what motion adds."""


@dataclass(frozen=True)
class RestingSettings:
    """Options of ``simulate_resting``, stated there; checked when made.

    Raises
    ------
    ConfigFault
        If an option is out of its range.
    """

    n_subjects: int
    n_sites: int
    voxel_mm: int
    n_regions: int
    region_ml: float
    n_networks: int
    effect: float
    prevalence: float
    site_confound: float
    motion: float
    motion_confound: float
    phenotype_effect: float
    missing_iq: float
    filtered: bool
    random_state: int

    def __post_init__(self) -> None:
        from neurodecode.datasets.simulate.resting_brain import CENTRES

        self._within("n_sites", 1, len(SITES))
        self._within("n_subjects", 2 * self.n_sites, None)
        self._within("voxel_mm", 3, 15)
        self._within("n_regions", 1, len(CENTRES))
        self._within("region_ml", 0, None)
        self._within("n_networks", 0, None)
        self._within("effect", 0, 1)
        self._within("prevalence", 0.1, 0.9)
        self._within("site_confound", 0, 2 * min(self.prevalence, 1 - self.prevalence) - 0.1)
        self._within("missing_iq", 0, 1)
        for name in ("motion", "motion_confound", "phenotype_effect"):
            self._within(name, 0, None)

    @property
    def tight(self) -> tuple[float, float]:
        """Probability that a region is tight: of controls and of cases."""
        return 0.5 - self.effect / 2, 0.5 + self.effect / 2

    def prevalence_of(self, site: int) -> float:
        """Return the share of cases at a site, which falls from the first site to the last."""
        place = 0.5 - site / (self.n_sites - 1) if self.n_sites > 1 else 0.0
        return self.prevalence + place * self.site_confound

    def _within(self, name: str, least: float, most: float | None) -> None:
        value = getattr(self, name)
        if value < least or (most is not None and value > most):
            told = f"{least:g} or more" if most is None else f"{least:g} to {most:g}"
            raise ConfigFault(f"{name} {value:g}", fix=f"give {told}")
