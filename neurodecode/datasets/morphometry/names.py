"""Names of anatomical measures: FreeSurfer's, of all its versions, in one spelling.

A measure is called ``<lh|rh>_<region>_<volume|thickness|area>`` with the Desikan-Killiany regions
as FreeSurfer spells them (``lh_entorhinal_thickness``), or ``<structure>_volume`` with the
structures of ``aseg`` in lower case (``left_hippocampus_volume``). Volumes are mm3, thickness mm,
area mm2. What FreeSurfer 6 calls Left-Thalamus-Proper and 7 Left-Thalamus is ``left_thalamus``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

HEMISPHERES = ("lh", "rh")
KINDS = ("volume", "thickness", "area", "density")
"""What measures are, by the end of their name; density is a mean of grey-matter maps."""

COVARIATES = ("age", "sex", "etiv", "site")
GROUP = "group"
SUBJECT = "subject"

LOBES: dict[str, tuple[str, ...]] = {
    "frontal": (
        "caudalmiddlefrontal", "frontalpole", "lateralorbitofrontal", "medialorbitofrontal",
        "paracentral", "parsopercularis", "parsorbitalis", "parstriangularis", "precentral",
        "rostralmiddlefrontal", "superiorfrontal",
    ),
    "temporal": (
        "bankssts", "entorhinal", "fusiform", "inferiortemporal", "middletemporal",
        "parahippocampal", "superiortemporal", "temporalpole", "transversetemporal",
    ),
    "parietal": (
        "inferiorparietal", "postcentral", "precuneus", "superiorparietal", "supramarginal",
    ),
    "occipital": ("cuneus", "lateraloccipital", "lingual", "pericalcarine"),
    "cingulate": (
        "caudalanteriorcingulate", "isthmuscingulate", "posteriorcingulate",
        "rostralanteriorcingulate",
    ),
    "insula": ("insula",),
}  # fmt: skip
"""Regions of the Desikan-Killiany atlas by lobe (Klein and Tourville 2012, doi
10.3389/fnins.2012.00171)."""

REGIONS = tuple(sorted(region for regions in LOBES.values() for region in regions))
"""The 34 regions of a hemisphere."""

_PAIRED = (
    "lateral_ventricle", "inf_lat_vent", "thalamus", "caudate", "putamen", "pallidum",
    "hippocampus", "amygdala", "accumbens_area", "ventraldc",
)  # fmt: skip
_MIDLINE = (
    "3rd_ventricle", "4th_ventricle", "brain_stem", "csf", "cc_anterior", "cc_mid_anterior",
    "cc_central", "cc_mid_posterior", "cc_posterior",
)  # fmt: skip
STRUCTURES = (*(f"{side}_{name}" for side in ("left", "right") for name in _PAIRED), *_MIDLINE)
"""Structures of ``aseg`` that are measured in every brain; others are vessels, lesions, seams."""

ETIV_NAMES = ("EstimatedTotalIntraCranialVol", "eTIV", "IntraCranialVol", "ICV")
"""Names of the estimated total intracranial volume, newest first."""

WHOLE_BRAIN: dict[str, str] = {
    "BrainSegVol": "brain_seg_volume",
    "BrainSegVolNotVent": "brain_seg_not_vent_volume",
    "CerebralWhiteMatterVol": "cerebral_white_matter_volume",
    "CorticalWhiteMatterVol": "cerebral_white_matter_volume",
    "CortexVol": "cortex_volume",
    "SubCortGrayVol": "subcortical_gray_volume",
    "SupraTentorialVol": "supratentorial_volume",
    "TotalGrayVol": "total_gray_volume",
    "lhCerebralWhiteMatterVol": "lh_cerebral_white_matter_volume",
    "lhCortexVol": "lh_cortex_volume",
    "lhCorticalWhiteMatterVol": "lh_cerebral_white_matter_volume",
    "lh_MeanThickness_thickness": "lh_mean_thickness",
    "lh_WhiteSurfArea_area": "lh_white_surface_area",
    "rhCerebralWhiteMatterVol": "rh_cerebral_white_matter_volume",
    "rhCortexVol": "rh_cortex_volume",
    "rhCorticalWhiteMatterVol": "rh_cerebral_white_matter_volume",
    "rh_MeanThickness_thickness": "rh_mean_thickness",
    "rh_WhiteSurfArea_area": "rh_white_surface_area",
}
"""Sums and means over the brain, in FreeSurfer's and in our spelling."""

_RENAMED = {"thalamus_proper": "thalamus", "thalamus_proper*": "thalamus"}
_CORTICAL = re.compile(r"([lr]h)_(\w+?)_(volume|thickness|area)$")


def structure_name(name: str) -> str:
    """Return the spelling of a structure of ``aseg``: ``Left-Thalamus-Proper`` is left_thalamus."""
    spelt = name.strip().lower().replace("-", "_").replace(" ", "_")
    side, _, rest = spelt.partition("_")
    return f"{side}_{_RENAMED[rest]}" if rest in _RENAMED else spelt


def region_measure(hemisphere: str, region: str, kind: str) -> str | None:
    """Return the name of a measure of a cortical region; None if it is none of the atlas."""
    spelt = region.strip().lower().replace("-", "").replace("_", "")
    return f"{hemisphere}_{spelt}_{kind}" if spelt in REGIONS else None


def measure_name(column: str) -> str | None:
    """Return our name of a column in FreeSurfer's spelling; None if it is no measure.

    ``lh_entorhinal_thickness``, ``Left-Hippocampus``, ``Left-Hippocampus_volume`` and
    ``lhCortexVol`` are measures; eTIV is a covariate and none.
    """
    column = column.strip()
    if column in WHOLE_BRAIN:
        return WHOLE_BRAIN[column]
    cortical = _CORTICAL.match(column)
    if cortical:
        return region_measure(*cortical.groups())
    spelt = structure_name(column.removesuffix("_volume"))
    return f"{spelt}_volume" if spelt in STRUCTURES else None


def measure_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that are measures, by the end of their name."""
    return [str(name) for name in table.columns if kind_of(str(name))]


def kind_of(measure: str) -> str | None:
    """Return which of :data:`KINDS` a column is, or None."""
    kind = measure.rpartition("_")[2]
    return kind if kind in KINDS and measure != kind else None


def select_measures(
    table: pd.DataFrame,
    *,
    kinds: Sequence[str] = ("volume", "thickness"),
    every_structure: bool = False,
    average_sides: bool = False,
) -> pd.DataFrame:
    """Choose measures; what is no measure stays.

    Parameters
    ----------
    table : DataFrame
        Subject table.
    kinds : sequence of str, default ("volume", "thickness")
        Of "volume", "thickness", "area" and "density".
    every_structure : bool, default False
        Keep what is neither a region of the atlas nor one of :data:`STRUCTURES`, too, such as
        vessels, hypointensities and sums over the brain.
    average_sides : bool, default False
        Put the mean of left and right, ``mean_entorhinal_thickness``, in their place.

    Returns
    -------
    DataFrame
        165 measures of a whole FreeSurfer table, 87 with the sides averaged.

    Raises
    ------
    ConfigFault
        If a kind is unknown, with the nearest one.
    DataFault
        If no measure is left.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ConfigFault(unknown("kind of measure", kind, KINDS))
    measures = measure_columns(table)
    chosen = [
        name for name in measures
        if kind_of(name) in kinds and (every_structure or _is_anatomical(name))
    ]  # fmt: skip
    if not chosen:
        raise DataFault(f"no measure of {', '.join(kinds)} among {len(measures)}",
                        fix="choose other kinds, or every_structure=true")  # fmt: skip
    kept = table.drop(columns=[name for name in measures if name not in chosen])
    return averaged_sides(kept) if average_sides else kept


def averaged_sides(table: pd.DataFrame) -> pd.DataFrame:
    """Put the mean of each measure of both sides in the place of the left one."""
    table = table.copy()
    for left in measure_columns(table):
        right = other_side(left)
        if right is None or right not in table:
            continue
        rest = left.partition("_")[2]
        table[left] = (table[left] + table[right]) / 2
        table = table.drop(columns=right).rename(columns={left: f"mean_{rest}"})
    return table


def other_side(measure: str) -> str | None:
    """Return the right measure of a left one; None of one that is not left."""
    side, _, rest = measure.partition("_")
    opposite = {"lh": "rh", "left": "right"}.get(side)
    return f"{opposite}_{rest}" if opposite else None


def parts_of(regions: Iterable[str], columns: Iterable[str]) -> list[str]:
    """Return the columns that measure one of some regions or structures, on any side."""
    wanted = set(regions)
    return [name for name in columns if name.partition("_")[2].rpartition("_")[0] in wanted]


def _is_anatomical(measure: str) -> bool:
    name, _, kind = measure.rpartition("_")
    if kind == "density" or name in (*STRUCTURES, "brain"):
        return True
    side, _, region = name.partition("_")
    return side in (*HEMISPHERES, "mean") and region in REGIONS
