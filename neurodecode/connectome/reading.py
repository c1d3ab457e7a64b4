"""People to be decoded, as their files are: one scan, a folder of scans, a study's folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.connectome.people import UNKNOWN_SITE
from neurodecode.datasets.catalog import LOCAL
from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.local_files import folder_with
from neurodecode.datasets.resting import phenotype_loader, resting_loader
from neurodecode.datasets.resting.athena import read_courses
from neurodecode.datasets.resting.derivatives import preprocessed
from neurodecode.datasets.resting.phenotypes import COLUMNS, phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.datasets.resting.runs import read_run
from neurodecode.faults import DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

IMAGES, COURSES = (".nii", ".nii.gz"), ("_TCs.1D",)
PEOPLE = ("people.csv", "people.tsv")
"""Table beside scans of one's own: ``subject`` (a file's name without its ending), ``site``,
``group`` (0, 1), and what else of :data:`neurodecode.datasets.resting.phenotypes.COLUMNS` is
known."""


@dataclass(frozen=True, eq=False)
class RestingPeople:
    """People with their scans.

    Attributes
    ----------
    table : DataFrame
        Column ``subject``, and the phenotypes of
        :mod:`neurodecode.datasets.resting.phenotypes`.
    scans : mapping of str to list of RestingScan
        By subject, the first run first.
    plain : bool
        Scans are single files, of which nothing else is known than a table may say.
    """

    table: pd.DataFrame
    scans: Mapping[str, Sequence[RestingScan]]
    plain: bool = False


def read_resting(path: Path, loader: str, options: Mapping[str, Any]) -> RestingPeople:
    """Read people.

    Parameters
    ----------
    path : Path
        A 4-D NIfTI image or a file ``..._TCs.1D`` of region courses: one person. A folder of such
        files, one per person, perhaps with ``people.csv``. Or a folder in the form of a data set,
        with its table of phenotypes; of fMRIPrep's derivatives also the one that has them in
        ``derivatives/``.
    loader : str
        Name of the data set's loader.
    options : mapping
        Of the loader.

    Raises
    ------
    DataFault
        If nothing is there, a file is broken or named otherwise, or somebody of the table has no
        scan.
    """
    if path.is_file():
        return _of_files([path], None)
    if not path.is_dir():
        raise DataFault("file or folder not found", where=str(path),
                        fix="give a scan, or a folder of scans")  # fmt: skip
    if loader == LOCAL:
        path = folder_with(path, preprocessed) or path
    files = sorted(file for file in path.iterdir() if file.name.endswith((*IMAGES, *COURSES)))
    table = next((path / name for name in PEOPLE if (path / name).is_file()), None)
    try:
        known = phenotype_loader(loader)(path, **options)
    except DataFault:
        if not files:
            raise
        return _of_files(files, table)
    read = resting_loader(loader)
    people = _with_sites(known.reset_index())
    return RestingPeople(people, {s: read(path, s, **options) for s in people["subject"]})


def _of_files(files: Sequence[Path], table: Path | None) -> RestingPeople:
    names = [_label(file) for file in files]
    scans = {name: [_scan(file, name)] for file, name in zip(files, names, strict=True)}
    if len(scans) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataFault(f"several files of {twice}", where=str(files[0].parent), fix="keep one")
    known = phenotype_table(_as_series(names), {}, where=str(files[0]))
    if table is not None:
        known = _phenotypes(table).reindex(known.index)
    return RestingPeople(_with_sites(known.reset_index()), scans, plain=True)


def _phenotypes(path: Path) -> pd.DataFrame:
    """Return one's own table of people in the common form."""
    raw = read_csv(path)
    if "subject" not in raw:
        raise DataFault(unknown("column", "subject", map(str, raw.columns)), where=str(path),
                        fix="name each person as its file, without the ending")  # fmt: skip
    given = {name: raw[name] for name in COLUMNS if name in raw}
    try:
        return phenotype_table(raw["subject"].astype(str), given, where=str(path))
    except (TypeError, ValueError) as error:
        if isinstance(error, DataFault):
            raise
        raise DataFault(f"not a number: {error}", where=str(path),
                        fix="leave unknown entries empty") from error  # fmt: skip


def _with_sites(table: pd.DataFrame) -> pd.DataFrame:
    site = table["site"].astype(object)
    return table.assign(site=site.where(site.notna(), UNKNOWN_SITE))


def _label(file: Path) -> str:
    """Return a file's name without its ending, as a label may be."""
    stem = re.sub(r"(\.nii(\.gz)?|_TCs\.1D)$", "", file.name)
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem)


def _scan(file: Path, subject: str) -> RestingScan:
    if file.name.endswith(IMAGES):
        run = read_run(file)
        return RestingScan(subject, "1", run.t_r, image=file, notes=run.notes)
    if not file.name.endswith(COURSES):
        raise DataFault("neither an image nor time courses", where=str(file),
                        fix=f"its name has to end in {', '.join((*IMAGES, *COURSES))}")  # fmt: skip
    table = read_courses(file)
    courses = table.to_numpy(np.float32)
    regions = tuple(map(str, table.columns))
    # of courses the repetition time changes nothing: they are taken as they are
    return RestingScan(subject, "1", 1.0, courses=courses, regions=regions)


def _as_series(names: Sequence[str]) -> pd.Series[str]:
    import pandas as pd

    return pd.Series(list(names), dtype=str)
