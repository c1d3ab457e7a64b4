"""ADHD-200 as the Athena pipeline preprocessed it: images, region courses, phenotypes.

Anywhere below the folder, as the archives of the Neuro Bureau unpack::

    <site>/<id>/sfnwmrda<id>_session_<k>_rest_<j>.nii.gz          filtered (0.009-0.08 Hz)
    <site>/<id>/snwmrda<id>_session_<k>_rest_<j>.nii.gz           not filtered
    <site>/<id>/<one of these stems>_<atlas>_TCs.1D               time courses of an atlas's regions
    adhd200_preprocessed_phenotypics.tsv, or <site>_phenotypic.csv
    mask.nii.gz                            yours, on the images' grid
    motion_<id>_session_<k>_rest_<j>.1D    yours, as AFNI's 3dvolreg writes it

Ids have seven digits in file names and no leading zeros in tables; labels here have seven digits.
A course file has two columns for bookkeeping and one per region, and a line of names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.nifti import load_image
from neurodecode.datasets.resting.adhd200 import (
    diagnoses,
    group_of,
    known_numbers,
    padded,
    require_columns,
    require_person,
    sexes,
    site_names,
    site_t_r,
)
from neurodecode.datasets.resting.phenotypes import phenotype_table
from neurodecode.datasets.resting.recording import N_MOTION, RestingScan
from neurodecode.datasets.resting.runs import read_run
from neurodecode.datasets.resting.spectrum import check_band
from neurodecode.faults import ConfigFault, DataFault, nearest, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

PHENOTYPE_TABLE, MASK_NAME = "adhd200_preprocessed_phenotypics.tsv", "mask.nii.gz"
SITE_TABLES = "*_phenotypic*.csv"
ATLASES = ("aal", "cc200", "cc400", "ez", "ho", "tt")
ID, SITE, SEX, DX, QC = "ScanDir ID", "Site", "Gender", "DX", "QC_Athena"
DROPPED = 4
"""Volumes at the start that the pipeline leaves out, and motion files may still have."""
_BOOKKEEPING = 2
_RUN = re.compile(r"_session_(\d+)_rest_(\d+)")


def run_stem(subject: str, *, filtered: bool = True, session: int = 1, run: int = 1) -> str:
    """Return the name of an image without its suffix."""
    kind = "sfnwmrda" if filtered else "snwmrda"
    return f"{kind}{padded(subject)}_session_{session}_rest_{run}"


def motion_name(subject: str, *, session: int = 1, run: int = 1) -> str:
    """Return the name of a file of motion parameters."""
    return f"motion_{padded(subject)}_session_{session}_rest_{run}.1D"


def read_recordings(
    root: Path,
    subject: str,
    *,
    filtered: bool = True,
    atlas: str | None = None,
    t_r: float | None = None,
) -> list[RestingScan]:
    """Read the runs of one subject.

    Parameters
    ----------
    root : Path
    subject : str
        Id, with or without leading zeros.
    filtered : bool, default True
        Take the band-passed files; a note tells if they are not band-passed.
    atlas : {"aal", "cc200", "cc400", "ez", "ho", "tt"}, optional
        Read the time courses of an atlas's regions instead of images.
    t_r : float, optional
        Repetition time, s; by default that of the site, and of the header for other sites.

    Returns
    -------
    list of RestingScan
        In the order of sessions and runs.

    Raises
    ------
    ConfigFault
        If the atlas is unknown.
    DataFault
        If the subject has no such file or no row of phenotypes, or a file is broken.
    """
    if atlas is not None and atlas not in ATLASES:
        raise ConfigFault(unknown("atlas", atlas, ATLASES))
    root, label = Path(root), padded(subject)
    people = read_phenotypes(root)
    require_person(people, label, where=str(root))
    if t_r is None:
        t_r = site_t_r(str(people.loc[label, "site"]))
    files = _run_files(root, label, filtered, atlas)
    read = _image_run if atlas is None else _course_run
    return [read(path, label, filtered, t_r) for path in files]


def read_phenotypes(
    root: Path, *, table: str | None = None, qc: Literal["all", "passed"] = "all"
) -> pd.DataFrame:
    """Read the phenotypes.

    Parameters
    ----------
    root : Path
    table : str, optional
        Path of the table below ``root``; by default the one of the whole release, else all
        ``<site>_phenotypic.csv``.
    qc : {"all", "passed"}, default "all"
        "passed" leaves out people whose ``QC_Athena`` is not 1.

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.datasets.resting.phenotypes.phenotype_table`; group 1 is ADHD of any
        subtype, NaN a diagnosis that is pending, withheld or missing.

    Raises
    ------
    ConfigFault
        If ``qc`` is unknown.
    DataFault
        If there is no table, a column is missing, a diagnosis is no code, or a subject has two
        rows that differ.
    """
    if qc not in ("all", "passed"):
        raise ConfigFault(unknown("quality control", qc, ("all", "passed")))
    raw, where = _raw_table(Path(root), table)
    require_columns(raw, (ID, SITE, DX, *([QC] if qc == "passed" else [])), where=where)
    if qc == "passed":
        raw = raw[pd.to_numeric(raw[QC], errors="coerce") == 1]
    subjects = raw[ID].map(padded)
    codes = diagnoses(raw[DX], subjects, where=where)
    columns = {
        "group": group_of(codes),
        "dx": codes,
        "site": site_names(raw[SITE]),
        "sex": sexes(raw[SEX]) if SEX in raw else None,
        "age": known_numbers(raw, "Age"),
        "handedness": known_numbers(raw, "Handedness"),
        "verbal_iq": known_numbers(raw, "Verbal IQ"),
        "performance_iq": known_numbers(raw, "Performance IQ"),
        "full_iq": known_numbers(raw, "Full4 IQ", "Full2 IQ"),
    }
    given = {name: values for name, values in columns.items() if values is not None}
    return phenotype_table(subjects, given, where=where)


def brain_mask(root: Path, *, mask: str = MASK_NAME) -> Path | None:
    """Return the mask of all images, None where there is no such file.

    Parameters
    ----------
    root : Path
    mask : str, default "mask.nii.gz"
        Its path below ``root``.

    Raises
    ------
    DataFault
        If the file is no 3-D image.
    """
    path = Path(root) / mask
    if not path.is_file():
        return None
    shape = load_image(path).shape
    if len(shape) != 3:
        raise DataFault(f"a mask of shape {shape}, 3-D is needed", where=str(path))
    return path


def _image_run(path: Path, subject: str, filtered: bool, t_r: float | None) -> RestingScan:
    run = read_run(path)
    t_r = t_r or run.t_r
    notes = run.notes
    if t_r is not None and run.t_r is not None and abs(run.t_r - t_r) > 0.01 * t_r:
        notes += (f"the header has a repetition time of {run.t_r:g} s, {t_r:g} s is taken",)
    if filtered and t_r is not None:
        notes += check_band(run.sample, t_r)
    motion = _motion(path, subject, run.n_times)
    return RestingScan(subject, _run_label(path), t_r, image=path, motion=motion, notes=notes)


def _course_run(path: Path, subject: str, filtered: bool, t_r: float | None) -> RestingScan:
    table = read_courses(path)
    courses = table.to_numpy(np.float32)
    notes = check_band(courses, t_r) if filtered and t_r is not None else ()
    return RestingScan(
        subject, _run_label(path), t_r, courses=courses, regions=tuple(map(str, table.columns)),
        motion=_motion(path, subject, len(courses)), notes=notes,
    )  # fmt: skip


def read_courses(path: Path) -> pd.DataFrame:
    """Return the regions' columns of a course file as numbers; NaN stays."""
    try:
        table = pd.read_csv(path, sep=r"\s+")
        courses = table.iloc[:, _BOOKKEEPING:].astype(np.float32)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataFault(f"not a table of time courses: {error}", where=str(path),
                        fix="fetch or unpack it again") from error  # fmt: skip
    if courses.shape[1] < 1 or len(courses) < 1:
        raise DataFault(f"time courses of shape {courses.shape}", where=str(path),
                        fix="there are two columns of bookkeeping, then regions")  # fmt: skip
    return courses.rename(columns=lambda name: str(name).removeprefix("Mean_"))


def _run_files(root: Path, subject: str, filtered: bool, atlas: str | None) -> list[Path]:
    kind = run_stem(subject, filtered=filtered).split("_")[0]
    end = rf"_{atlas}_TCs\.1D" if atlas else r"\.nii(\.gz)?"
    wanted = re.compile(rf"{kind}_session_\d+_rest_\d+{end}")
    present = sorted(root.rglob(f"*nwmrda{subject}_session_*"))
    found = [path for path in present if wanted.fullmatch(path.name)]
    if not found:
        have = nearest(f"{kind}_session_1_rest_1", [path.name for path in present])
        fix = f"there is {have}: set filtered and atlas for it" if have else "fetch the subject"
        kinds = f"{'filtered' if filtered else 'unfiltered'} {atlas or 'image'}"
        raise DataFault(f"no {kinds} file of the subject", where=f"{root}, subject {subject}",
                        fix=fix)  # fmt: skip
    names = [path.name for path in found]
    for name in names:
        if names.count(name) > 1:
            raise DataFault(f"several files {name}", where=str(root), fix="keep one of them")
    return sorted(found, key=_run_numbers)


def _run_numbers(path: Path) -> tuple[int, int]:
    session, run = _RUN.findall(path.name)[0]
    return int(session), int(run)


def _run_label(path: Path) -> str:
    session, run = _run_numbers(path)
    return str(run) if session == 1 else f"session-{session}_{run}"


def _motion(path: Path, subject: str, n_times: int) -> NDArray[np.float64] | None:
    """Return motion in mm and rad beside a run, None where there is no such file."""
    session, run = _run_numbers(path)
    file = path.with_name(motion_name(subject, session=session, run=run))
    if not file.is_file():
        return None
    try:
        values = np.loadtxt(file, ndmin=2)
    except ValueError as error:
        raise DataFault(f"not a table of motion: {error}", where=str(file)) from error
    if len(values) == n_times + DROPPED:
        values = values[DROPPED:]
    if values.shape != (n_times, N_MOTION):
        what = f"motion of shape {values.shape} for {n_times} volumes"
        raise DataFault(what, where=str(file), fix="give roll, pitch, yaw, then three shifts")
    return np.column_stack([values[:, 3:], np.radians(values[:, :3])])


def _raw_table(root: Path, table: str | None) -> tuple[pd.DataFrame, str]:
    """Return the phenotype table as text and where it lies."""
    if table is not None:
        return read_csv(root / table, text=True), str(root / table)
    whole = sorted(root.rglob(PHENOTYPE_TABLE))[:1]
    paths = whole or sorted(root.rglob(SITE_TABLES))
    if not paths:
        raise DataFault(f"no phenotype table {PHENOTYPE_TABLE} or {SITE_TABLES}", where=str(root),
                        fix="put the release's table there")  # fmt: skip
    tables = [read_csv(path, text=True) for path in paths]
    where = ", ".join(str(path) for path in paths[:3]) + (", ..." if len(paths) > 3 else "")
    # Archives of one site repeat its table.
    return pd.concat(tables, ignore_index=True).fillna("").drop_duplicates(), where
