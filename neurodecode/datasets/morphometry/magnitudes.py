"""How large measures are: plausible magnitudes of FreeSurfer measures of elderly adults.

Rounded means and coefficients of variation, to two digits, of the size that FreeSurfer 5 to 7
gives at about 70 years. They are no norms: a check of units and a simulator need no better.
"""

from __future__ import annotations

from neurodecode.datasets.morphometry.names import HEMISPHERES, kind_of

ETIV_MM3 = 1.5e6

THICKNESS_MM: dict[str, float] = {
    "bankssts": 2.4, "caudalanteriorcingulate": 2.6, "caudalmiddlefrontal": 2.4, "cuneus": 1.8,
    "entorhinal": 3.3, "frontalpole": 2.7, "fusiform": 2.6, "inferiorparietal": 2.4,
    "inferiortemporal": 2.7, "insula": 2.9, "isthmuscingulate": 2.4, "lateraloccipital": 2.1,
    "lateralorbitofrontal": 2.6, "lingual": 1.9, "medialorbitofrontal": 2.4,
    "middletemporal": 2.8, "paracentral": 2.3, "parahippocampal": 2.7, "parsopercularis": 2.5,
    "parsorbitalis": 2.6, "parstriangularis": 2.4, "pericalcarine": 1.6, "postcentral": 2.0,
    "posteriorcingulate": 2.5, "precentral": 2.4, "precuneus": 2.3,
    "rostralanteriorcingulate": 2.8, "rostralmiddlefrontal": 2.3, "superiorfrontal": 2.6,
    "superiorparietal": 2.1, "superiortemporal": 2.6, "supramarginal": 2.4, "temporalpole": 3.7,
    "transversetemporal": 2.2,
}  # fmt: skip
"""Mean thickness of a region."""

AREA_MM2: dict[str, float] = {
    "bankssts": 1000, "caudalanteriorcingulate": 650, "caudalmiddlefrontal": 2200,
    "cuneus": 1500, "entorhinal": 420, "frontalpole": 240, "fusiform": 3200,
    "inferiorparietal": 4700, "inferiortemporal": 3300, "insula": 2300,
    "isthmuscingulate": 1000, "lateraloccipital": 4900, "lateralorbitofrontal": 2600,
    "lingual": 3000, "medialorbitofrontal": 1900, "middletemporal": 3300, "paracentral": 1400,
    "parahippocampal": 700, "parsopercularis": 1500, "parsorbitalis": 700,
    "parstriangularis": 1400, "pericalcarine": 1400, "postcentral": 4100,
    "posteriorcingulate": 1200, "precentral": 4900, "precuneus": 3900,
    "rostralanteriorcingulate": 800, "rostralmiddlefrontal": 5800, "superiorfrontal": 7200,
    "superiorparietal": 5400, "superiortemporal": 3800, "supramarginal": 3900,
    "temporalpole": 470, "transversetemporal": 430,
}  # fmt: skip
"""Area of a region's white surface."""

STRUCTURE_MM3: dict[str, float] = {
    "lateral_ventricle": 15000, "inf_lat_vent": 700, "thalamus": 6500, "caudate": 3500,
    "putamen": 4800, "pallidum": 1800, "hippocampus": 3600, "amygdala": 1500,
    "accumbens_area": 500, "ventraldc": 3800, "3rd_ventricle": 1500, "4th_ventricle": 2000,
    "brain_stem": 21000, "csf": 1100, "cc_anterior": 850, "cc_mid_anterior": 450,
    "cc_central": 430, "cc_mid_posterior": 420, "cc_posterior": 930,
}  # fmt: skip
"""Volume of a structure, of one side where there are two."""

VARIATION: dict[str, float] = {"thickness": 0.06, "area": 0.11, "volume": 0.12}
"""Standard deviation over mean, of people of one age, sex and head size."""

VENTRICLES = ("lateral_ventricle", "inf_lat_vent", "3rd_ventricle", "4th_ventricle", "csf")
VENTRICLE_VARIATION = 0.40
"""The same of what is filled with fluid, whose volumes have long tails: of their logarithm."""

_FOLDED = {"entorhinal": 1.36, "frontalpole": 1.34, "insula": 1.0, "temporalpole": 1.42}
_FOLDED_ELSEWHERE = 1.13  # volume over area x thickness: the pial surface is larger than the white


def typical(measure: str) -> float | None:
    """Return the plausible mean of a measure (mm, mm2, mm3); None if it is not known."""
    if measure == "etiv":
        return ETIV_MM3
    kind = kind_of(measure)
    name = measure.rpartition("_")[0]
    side, _, part = name.partition("_")
    if side in HEMISPHERES and part in THICKNESS_MM:
        thickness, area = THICKNESS_MM[part], AREA_MM2[part]
        volume = _FOLDED.get(part, _FOLDED_ELSEWHERE) * thickness * area
        return {"thickness": thickness, "area": area, "volume": volume}.get(str(kind))
    if kind != "volume":
        return None
    return STRUCTURE_MM3.get(part if side in ("left", "right") else name)


def variation(measure: str) -> float:
    """Return the plausible standard deviation of a measure over its mean."""
    name = measure.rpartition("_")[0]
    if any(name in (part, f"left_{part}", f"right_{part}") for part in VENTRICLES):
        return VENTRICLE_VARIATION
    return VARIATION[str(kind_of(measure))]
