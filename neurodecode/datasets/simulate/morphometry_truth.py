"""The Gaussian model of simulated brain measures, written beside the tables and read back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from neurodecode.artefacts import read_json, write_json
from neurodecode.datasets.morphometry.magnitudes import (
    ETIV_MM3,
    VENTRICLES,
    typical,
    variation,
)
from neurodecode.datasets.morphometry.names import (
    HEMISPHERES,
    LOBES,
    REGIONS,
    STRUCTURES,
    kind_of,
)
from neurodecode.datasets.simulate.forward_model import TRUTH, read_arrays, write_arrays
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd

    from neurodecode.datasets.simulate.morphometry_settings import Settings

Array = NDArray[np.floating[Any]]

AGE_MEAN, AGE_SD = 70.0, 6.5
"""Years, of stable controls at the first scan."""

ETIV_SD_MM3, ETIV_SEX_MM3 = 1.2e5, 8e4
"""Of people of one sex; half the difference between men and women."""

EFFECTS_SD: dict[str, float] = {
    "entorhinal_thickness": -0.60, "entorhinal_volume": -0.50, "hippocampus_volume": -0.65,
    "lateral_ventricle_volume": 0.45, "lateralorbitofrontal_thickness": -0.40,
    "lateralorbitofrontal_volume": -0.35,
}  # fmt: skip
"""Shift of converters, both sides, in standard deviations of people alike in all covariates."""

MEASURES: tuple[str, ...] = (
    *(f"{name}_volume" for name in STRUCTURES),
    *(f"{h}_{r}_{kind}" for kind in ("volume", "thickness") for h in HEMISPHERES for r in REGIONS),
)
"""29 volumes of ``aseg`` and 136 measures of the cortex."""

_SHARES = {"all": 0.10, "tissue": 0.15, "lobe": 0.10, "part": 0.15, "part_of_tissue": 0.25}
# variance that measures share: all with each other, those of one kind of tissue, of one lobe and
# tissue, of one part (both sides, volume and thickness), of one part and tissue; the rest is own

_AGE = {"thickness": (-0.40, -0.10), "volume": (-0.35, -0.10), "fluid": (0.80, 0.15)}
_AGE_OF_PARTS = {"hippocampus": (-0.80, -0.20), "entorhinal": (-0.50, -0.15)}
_SEX = {"thickness": -0.10, "volume": 0.25, "fluid": 0.20}
_HEAD = {"thickness": 0.0, "volume": 0.60, "fluid": 0.40}
_SITE_COMMON = 0.5  # share of a scanner's variance that all measures of a kind have in common
_STREAM = 1  # of random numbers; people have another
_NUMBERS = ("age_gap", "converter_share")


@dataclass(frozen=True, eq=False, kw_only=True)
class MorphometryTruth:
    """What simulated measures are made of; columns are :data:`MEASURES`.

    Attributes
    ----------
    mean, variation : ndarray, shape (n_measures,)
        Of people of 70 years with a mean head, mm or mm3; and their standard deviation, as a
        share of the mean; of fluid, whose logarithm is Gaussian, the median and the standard
        deviation of the logarithm.
    age : ndarray, shape (2, n_measures)
        Standard deviations per decade from 70 years, and per decade squared.
    sex, head : ndarray, shape (n_measures,)
        Standard deviations that men have more than women; per standard deviation of eTIV.
    sites : ndarray, shape (n_sites, n_measures)
        Standard deviations that each scanner adds.
    shift : ndarray, shape (n_measures,)
        Standard deviations that converters differ by.
    covariance : ndarray, shape (n_measures, n_measures)
        Of the deviations, a correlation matrix.
    age_gap, converter_share : float
        Years that converters are older; their share among the people compared.
    """

    mean: Array
    variation: Array
    age: Array
    sex: Array
    head: Array
    sites: Array
    shift: Array
    covariance: Array
    age_gap: float
    converter_share: float

    @classmethod
    def draw(cls, settings: Settings) -> Self:
        """Make a model; slopes vary between measures by half of themselves, up and down."""
        rng = np.random.default_rng([settings.random_state, _STREAM])
        tissue = [tissue_of(name) for name in MEASURES]
        mean = np.array([typical(name) for name in MEASURES], dtype=np.float64)

        def varied(values: list[Any]) -> Array:
            factors = rng.uniform(0.5, 1.5, len(MEASURES))
            return np.asarray(values, dtype=np.float64).T * factors

        pairs = zip(MEASURES, tissue, strict=True)
        ageing = [_AGE_OF_PARTS.get(part_of(name), _AGE[kind]) for name, kind in pairs]
        return cls(
            mean=mean,
            variation=np.array([variation(name) for name in MEASURES]),
            age=settings.ageing * varied(ageing),
            sex=varied([_SEX[t] for t in tissue]),
            head=varied([_HEAD[t] for t in tissue]),
            sites=settings.site_effect * _sites(settings.n_sites, tissue, rng),
            shift=settings.effect * np.array([EFFECTS_SD.get(_both(m), 0.0) for m in MEASURES]),
            covariance=_covariance(),
            age_gap=settings.age_gap,
            converter_share=settings.converter_share,
        )

    @property
    def planted(self) -> tuple[str, ...]:
        """Measures in which converters differ."""
        return tuple(name for name, shift in zip(MEASURES, self.shift, strict=True) if shift)

    @cached_property
    def root(self) -> Array:
        """Cholesky factor of the covariance."""
        factor: Array = np.linalg.cholesky(self.covariance)
        return factor

    def expected(
        self, age: Array, sex: Array, etiv: Array, site: NDArray[np.integer[Any]]
    ) -> Array:
        """Return the mean of healthy people, in standard deviations, (n_people, n_measures)."""
        decades = (np.asarray(age) - AGE_MEAN)[:, None] / 10
        found = decades * self.age[0] + decades**2 * self.age[1]
        found += np.asarray(sex)[:, None] * self.sex + self.sites[site]
        found += (np.asarray(etiv)[:, None] - ETIV_MM3) / ETIV_SD_MM3 * self.head
        return found

    def deviations(self, table: pd.DataFrame) -> Array:
        """Return what measures differ by from healthy people alike in all covariates.

        Parameters
        ----------
        table : DataFrame
            With :data:`MEASURES`, ``age``, ``sex``, ``etiv`` and ``site`` as the files have them.

        Returns
        -------
        ndarray, shape (n_people, n_measures)
            In standard deviations; the z-scores that a perfect harmonisation would find.
        """
        site = table["site"].str.removeprefix(SITE).astype(np.int64).to_numpy() - 1
        age, sex, etiv = (table[name].to_numpy(float) for name in ("age", "sex", "etiv"))
        ratios = table[list(MEASURES)].to_numpy(float) / self.mean
        scores = np.where(FLUID, np.log(ratios), ratios - 1) / self.variation
        found: Array = scores - self.expected(age, sex, etiv, site)
        return found

    def measures(self, scores: Array) -> Array:
        """Return measures in mm and mm3 of scores in standard deviations."""
        moved = self.variation * scores
        found: Array = self.mean * np.where(FLUID, np.exp(moved), 1 + moved)
        return found

    def write(self, folder: Path) -> None:
        """Write ``derivatives/truth/morphometry.npz`` and ``.json``."""
        names = [field.name for field in fields(self) if field.name not in _NUMBERS]
        write_arrays(folder / TRUTH / ARRAYS, {name: getattr(self, name) for name in names})
        facts: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        planted = {name: self.shift[MEASURES.index(name)] for name in self.planted}
        write_json(folder / TRUTH / FACTS, {**facts, "planted": planted})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises
        ------
        DataFault
            If a file is missing or of another version.
        """
        facts = read_json(Path(folder) / TRUTH / FACTS)
        found: dict[str, Any] = dict(read_arrays(Path(folder) / TRUTH / ARRAYS))
        try:
            found |= {name: float(facts[name]) for name in _NUMBERS}
            return cls(**found)
        except (TypeError, KeyError) as error:
            raise DataFault(f"a truth of another version: {error}", where=str(folder),
                            fix="simulate the data set again") from error  # fmt: skip


ARRAYS, FACTS = "morphometry.npz", "morphometry.json"
SITE = "site-"


def part_of(measure: str) -> str:
    """Return region or structure without its side: hippocampus, entorhinal, csf."""
    name = measure.rpartition("_")[0]
    side, _, part = name.partition("_")
    return part if side in (*HEMISPHERES, "left", "right") else name


def tissue_of(measure: str) -> str:
    """Return "thickness", "volume" or, of ventricles, "fluid"."""
    return "fluid" if part_of(measure) in VENTRICLES else str(kind_of(measure))


FLUID = np.array([tissue_of(name) == "fluid" for name in MEASURES])
"""Which measures are ventricles and CSF."""


def _both(measure: str) -> str:
    return f"{part_of(measure)}_{kind_of(measure)}"


def _lobe(part: str) -> str:
    return next((lobe for lobe, regions in LOBES.items() if part in regions), "subcortical")


def _covariance() -> Array:
    """Return the correlation of deviations: what two measures share, by what they have in common.

    Fluid takes the room of tissue, so the share of all has the other sign there.
    """
    parts = np.array([part_of(name) for name in MEASURES])
    tissue = np.array([tissue_of(name) for name in MEASURES])
    lobes = np.array([_lobe(part) for part in parts])
    sign = np.where(tissue == "fluid", -1.0, 1.0)
    same_tissue, same_part = tissue[:, None] == tissue, parts[:, None] == parts
    shared = _SHARES["all"] * np.outer(sign, sign)
    shared += _SHARES["tissue"] * same_tissue
    shared += _SHARES["lobe"] * (same_tissue & (lobes[:, None] == lobes))
    shared += _SHARES["part"] * same_part
    shared += _SHARES["part_of_tissue"] * (same_part & same_tissue)
    np.fill_diagonal(shared, 1.0)
    found: Array = shared
    return found


def _sites(n_sites: int, tissue: list[str], rng: np.random.Generator) -> Array:
    kinds = sorted(set(tissue))
    common = rng.standard_normal((n_sites, len(kinds)))[:, [kinds.index(t) for t in tissue]]
    own = rng.standard_normal((n_sites, len(tissue)))
    shifts: Array = np.sqrt(_SITE_COMMON) * common + np.sqrt(1 - _SITE_COMMON) * own
    return shifts
