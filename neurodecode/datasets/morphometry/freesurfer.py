"""What FreeSurfer measured, as one subject table: a subjects directory, or its group tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.datasets.morphometry.checks import Missing, Units, tidy
from neurodecode.datasets.morphometry.group_tables import (
    find_group_tables,
    join_group_tables,
    read_group_table,
)
from neurodecode.datasets.morphometry.names import HEMISPHERES, SUBJECT
from neurodecode.datasets.morphometry.stats import aparc_measures, aseg_measures, read_stats
from neurodecode.faults import DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASEG = "stats/aseg.stats"
_TEMPLATE = re.compile(r"fsaverage[3-6]?(_sym)?$|cvs_avg35(_\w+)?$|bert$")


def read_freesurfer(
    folder: Path | str,
    *,
    subjects: Sequence[str] | None = None,
    whole_brain: bool = False,
    missing: Missing = "stop",
    units: Units = "stop",
) -> pd.DataFrame:
    """Read the anatomical measures of all subjects of a folder.

    Parameters
    ----------
    folder : Path
        A FreeSurfer subjects directory (``SUBJECT/stats/aseg.stats``, ``lh.aparc.stats``,
        ``rh.aparc.stats``); or a folder with tables of ``asegstats2table`` and
        ``aparcstats2table``, known by their first head whatever their names; or one such table.
    subjects : sequence of str, default None
        Names to read; None reads all.
    whole_brain : bool, default False
        Keep sums and means over the brain, too, such as ``cortex_volume``.
    missing : {"stop", "drop_subject", "drop_measure", "keep"}, default "stop"
        See :func:`~neurodecode.datasets.morphometry.checks.apply_missing`. A subject without a
        file lacks its measures.
    units : {"stop", "convert"}, default "stop"
        See :func:`~neurodecode.datasets.morphometry.checks.check_units`.

    Returns
    -------
    DataFrame
        Index ``subject``, unique; measures as
        :mod:`~neurodecode.datasets.morphometry.names` spells them; ``etiv`` in mm3. Notes are
        under ``attrs["notes"]``.

    Raises
    ------
    DataFault
        If the folder has neither, a file is broken, a subject is unknown (with the nearest one)
        or has no file at all, or a value is missing and ``missing`` is "stop".
    """
    folder = Path(folder)
    if not folder.exists():
        raise DataFault("folder not found", where=str(folder))
    table = (
        _subjects_directory(folder, subjects, whole_brain, strict=missing == "stop")
        if has_subjects(folder)
        else _group_tables(folder, subjects, whole_brain)
    )
    return tidy(table, where=str(folder), missing=missing, units=units)


def has_subjects(folder: Path) -> bool:
    """Return whether a folder is a FreeSurfer subjects directory."""
    return folder.is_dir() and any(folder.glob(f"*/{_ASEG}"))


def _group_tables(folder: Path, subjects: Sequence[str] | None, whole_brain: bool) -> pd.DataFrame:
    paths = {folder.name: folder} if folder.is_file() else find_group_tables(folder)
    if not paths:
        raise DataFault(
            "neither a subjects directory nor a table of asegstats2table or aparcstats2table",
            where=str(folder), fix=f"it needs SUBJECT/{_ASEG}, or a table headed Measure:volume",
        )  # fmt: skip
    joined = join_group_tables(
        {head: read_group_table(path, whole_brain=whole_brain) for head, path in paths.items()}
    )
    return joined if subjects is None else joined.loc[_known(subjects, joined.index, folder)]


def _subjects_directory(
    folder: Path, subjects: Sequence[str] | None, whole_brain: bool, *, strict: bool
) -> pd.DataFrame:
    found = sorted(
        path.name for path in folder.iterdir()
        if path.is_dir() and not _TEMPLATE.match(path.name) and (path / "stats").is_dir()
    )  # fmt: skip
    names = found if subjects is None else _known(subjects, found, folder)
    rows = [_subject(folder / name, whole_brain, strict=strict) for name in names]
    return pd.DataFrame(rows, index=pd.Index(names, name=SUBJECT))


def _subject(folder: Path, whole_brain: bool, *, strict: bool) -> dict[str, float]:
    """Read the three files of a subject; an absent one is a fault only if ``strict``."""
    measures: dict[str, float] = {}
    for part in ("aseg", *HEMISPHERES):
        path = folder / (_ASEG if part == "aseg" else f"stats/{part}.aparc.stats")
        if not path.is_file() and not strict:
            continue
        stats = read_stats(path)
        measures |= aseg_measures(stats) if part == "aseg" else aparc_measures(stats, part)
        if whole_brain:
            measures |= stats.whole_brain()
        if part == "aseg":
            measures["etiv"] = stats.etiv
    return measures


def _known(subjects: Sequence[str], found: Sequence[str] | pd.Index, folder: Path) -> list[str]:
    for name in subjects:
        if name not in found:
            raise DataFault(unknown("subject", name, list(found)), where=str(folder))
    return list(subjects)
