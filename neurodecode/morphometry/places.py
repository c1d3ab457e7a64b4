"""Where regions lie, for drawing their values on a glass brain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurodecode.datasets.morphometry.names import kind_of

_RIGHT: dict[str, tuple[int, int, int]] = {
    "bankssts": (50, -42, 6), "caudalanteriorcingulate": (3, 21, 27),
    "caudalmiddlefrontal": (43, 14, 43), "cuneus": (3, -81, 19), "entorhinal": (21, -4, -32),
    "frontalpole": (9, 64, -13), "fusiform": (33, -52, -19), "inferiorparietal": (48, -67, 29),
    "inferiortemporal": (61, -31, -27), "insula": (43, 12, -6), "isthmuscingulate": (1, -48, 26),
    "lateraloccipital": (38, -88, 1), "lateralorbitofrontal": (20, 38, -21),
    "lingual": (5, -69, -1), "medialorbitofrontal": (7, 45, -13), "middletemporal": (69, -24, -14),
    "paracentral": (4, -25, 61), "parahippocampal": (20, -29, -17),
    "parsopercularis": (57, 15, 17), "parsorbitalis": (49, 40, -13),
    "parstriangularis": (55, 31, 5), "pericalcarine": (14, -85, 5), "postcentral": (51, -23, 56),
    "posteriorcingulate": (1, -16, 37), "precentral": (47, -9, 54), "precuneus": (7, -57, 41),
    "rostralanteriorcingulate": (4, 38, 4), "rostralmiddlefrontal": (43, 45, 21),
    "superiorfrontal": (16, 34, 53), "superiorparietal": (17, -65, 59),
    "superiortemporal": (67, -12, -1), "supramarginal": (65, -36, 35),
    "temporalpole": (37, 21, -38), "transversetemporal": (45, -25, 11),
    "accumbens_area": (15, 19, -3), "amygdala": (28, -2, -21), "caudate": (15, 12, 9),
    "hippocampus": (26, -14, -20), "pallidum": (21, 0, 0), "putamen": (28, 5, 2),
    "thalamus": (13, -18, 8),
    "inf_lat_vent": (31, -26, -10), "lateral_ventricle": (14, -20, 18), "ventraldc": (12, -14, -8),
}  # fmt: skip
"""mm in MNI space, right side; the left one is its mirror image. Cortex and nuclei: the middle of
each region as the atlas table "dk82_aspree" of the R package brainconn gives it, in whole mm;
ventricles and ventral diencephalon: about their middle. For drawing, not for measuring."""
_MIDDLE: dict[str, tuple[int, int, int]] = {
    "3rd_ventricle": (0, -12, 2), "4th_ventricle": (0, -46, -32), "brain_stem": (0, -28, -32),
    "cc_anterior": (0, 28, 6), "cc_mid_anterior": (0, 12, 22), "cc_central": (0, -6, 27),
    "cc_mid_posterior": (0, -22, 26), "cc_posterior": (0, -38, 14),
}  # fmt: skip


def place_of(measure: str) -> tuple[float, float, float] | None:
    """Return about where a measure's region lies, mm in MNI space; None where it is not known.

    Means of both sides lie on the right.
    """
    if kind_of(measure) is None:
        return None
    name = measure.rpartition("_")[0]
    if name in _MIDDLE:
        return _MIDDLE[name]
    side, _, part = name.partition("_")
    if part not in _RIGHT or side not in ("lh", "rh", "left", "right", "mean"):
        return None
    x, y, z = _RIGHT[part]
    return (-x if side in ("lh", "left") else x), y, z


def strongest_by_place(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return one row per place, that of its measure with the largest absolute value.

    Parameters
    ----------
    table : DataFrame
        ``measure`` and the column ``value``.
    value : str

    Returns
    -------
    DataFrame
        Columns ``measure``, ``value``, ``x``, ``y``, ``z``; measures without a place are left out.
    """
    rows = [
        {"measure": measure, "value": float(number), **dict(zip("xyz", place, strict=True))}
        for measure, number in zip(table["measure"], table[value], strict=True)
        if (place := place_of(str(measure))) is not None
    ]
    if not rows:
        return pd.DataFrame(columns=["measure", "value", "x", "y", "z"])
    placed = pd.DataFrame(rows)
    order = np.argsort(-placed["value"].abs().to_numpy(), kind="stable")
    return placed.iloc[order].drop_duplicates(["x", "y", "z"]).reset_index(drop=True)
