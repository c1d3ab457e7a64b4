"""Haxby 2001: six people who saw pictures of faces, houses, cats and five kinds of objects.

Haxby et al., Science 293, 2425-2430, 2001, doi:10.1126/science.1063736, as
:func:`nilearn.datasets.fetch_haxby` lays it out: ``subj1/bold.nii.gz`` (1,452 volumes, TR 2.5 s,
twelve runs), ``labels.txt`` (label and run of each volume) and masks of ventral temporal cortex,
``stimuli/`` with the pictures of each category. Each run has a block of 24 s per category. Which
picture was shown when is not known, so the stimulus of a trial is its category.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.nilearn import FOLDER
from neurodecode.datasets.recording import TableCheck
from neurodecode.datasets.responses.masking import masked_responses
from neurodecode.datasets.responses.subject import COLUMNS, Responses, count_repetitions
from neurodecode.datasets.responses.voxels import BadVoxels, usable_voxels
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

TR_S = 2.5
REST = "rest"
ROIS = {
    "vt": "mask4_vt",
    "face": "mask8b_face_vt",
    "house": "mask8b_house_vt",
    "face_little": "mask8_face_vt",
    "house_little": "mask8_house_vt",
}
"""Files of the masks, by the names of nilearn without ``mask_``."""
PICTURES = {
    "bottle": "bottles",
    "cat": "cats",
    "chair": "chairs",
    "face": "faces",
    "house": "houses",
    "scissors": "scissors",
    "scrambledpix": "controls",
    "shoe": "shoes",
}
"""Folder of each category's pictures below ``stimuli``."""

Samples = Literal["block", "volume"]


def read_responses(
    root: Path,
    subject: str,
    *,
    roi: str = "vt",
    samples: Samples = "block",
    shift: float = 0.0,
    detrend: bool = True,
    standardise: bool = True,
    pictures: bool = True,
    bad_voxels: BadVoxels = "stop",
) -> Responses:
    """Read one subject.

    Parameters
    ----------
    root : Path
        Folder with ``subj1`` ..., or the data set's folder below the data root, beside which
        nilearn's own lies.
    subject : str
        "1" to "6".
    roi : str, default "vt"
        Mask: "vt" (ventral temporal cortex), "face", "house", "face_little" or "house_little".
    samples : {"block", "volume"}, default "block"
        One response per block (the mean of its volumes) or per volume.
    shift : float, default 0.0
        Further delay of the haemodynamic response, s: a volume belongs to what was labelled that
        long before it, in its run; rounded to volumes of 2.5 s. The published labels allow for
        some delay already: runs begin with 12 s of rest, the first label comes at 15 s, and
        categories can be told from the very first labelled volume, but hardly after the last.
    detrend : bool, default True
        Take a line in time out of each voxel and run.
    standardise : bool, default True
        Give each voxel mean 0 and variance 1 within each run, all its volumes counted.
    pictures : bool, default True
        Name the pictures of each category as ``exemplars``, where the stimuli were fetched.
    bad_voxels : {"stop", "drop"}, default "stop"
        What to do about voxels that are NaN or infinite in some volume.

    Returns
    -------
    Responses
        Rest is left out; ``stimulus`` and ``category`` are the label, ``part`` is "". Notes name
        runs without labels, as run 8 of subject 5.

    Raises
    ------
    ConfigFault
        If the mask or kind of sample is unknown.
    DataFault
        The subject or a file is missing or broken, or labels and volumes do not fit.
    """
    if roi not in ROIS:
        raise ConfigFault(unknown("mask of Haxby2001", roi, ROIS))
    base = _folder(Path(root))
    folder = _subject_folder(base, subject)
    found = labelled_responses(
        folder.name.removeprefix("subj"), folder / "bold.nii.gz", folder / f"{ROIS[roi]}.nii.gz",
        read_labels(folder / "labels.txt"), samples=samples, shift=shift, detrend=detrend,
        standardise=standardise, bad_voxels=bad_voxels,
    )  # fmt: skip
    stimuli = base / "stimuli"
    if not pictures or not stimuli.is_dir():
        return found
    shown = set(found.trials["stimulus"])
    files = {k: v for k, v in category_pictures(stimuli).items() if k in shown}
    return replace(found, pictures=stimuli if files else None, exemplars=files)


def labelled_responses(
    subject: str,
    bold: Path,
    mask: Path,
    labels: pd.DataFrame,
    *,
    samples: Samples,
    shift: float,
    detrend: bool,
    standardise: bool,
    bad_voxels: BadVoxels,
) -> Responses:
    """Return the responses of a subject whose volumes are labelled; without pictures.

    Parameters
    ----------
    subject : str
    bold, mask : Path
        NIfTI of all runs, and of the voxels.
    labels : DataFrame
        From :func:`read_labels`.
    samples, shift, detrend, standardise, bad_voxels
        As in :func:`read_responses`.

    Raises
    ------
    ConfigFault, DataFault
        As :func:`read_responses`.
    """
    if samples not in ("block", "volume"):
        raise ConfigFault(unknown("kind of sample", samples, ("block", "volume")))
    volumes, voxels = masked_responses(bold, mask)
    if len(labels) != len(volumes):
        what = f"{len(labels)} labels for {len(volumes)} volumes"
        raise DataFault(what, where=str(bold.parent), fix="delete the folder and fetch again")
    volumes, voxels, notes = usable_voxels(volumes, voxels, bad_voxels, where=str(bold))
    runs = labels["chunks"].to_numpy()
    series = clean_runs(volumes, runs, detrend=detrend, standardise=standardise)
    shown = shifted_labels(labels, round(shift / TR_S))
    responses, trials = _samples(series, shown, runs, samples)
    return Responses(subject, responses, trials, None, voxels, notes=(*notes, *_empty_runs(labels)))


def read_labels(path: Path, *, header: bool = True) -> pd.DataFrame:
    """Return ``labels`` and ``chunks`` (the run, a number) of each volume.

    Parameters
    ----------
    path : Path
        A line per volume: label, space, run.
    header : bool, default True
        The first line names the columns.

    Raises
    ------
    DataFault
        If the file is missing, or not of these two columns.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="fetch the data set again")
    try:
        labels = pd.read_csv(
            path, sep=" ", keep_default_na=False, names=None if header else ["labels", "chunks"]
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataFault("not a table of labels", where=str(path)) from error
    check = TableCheck(labels, "labels", "labels", str(path))
    check.columns(("labels", "chunks"))
    check.texts("labels")
    check.numbers("chunks")
    return labels


def shifted_labels(labels: pd.DataFrame, n_volumes: int) -> NDArray[Any]:
    """Return what each volume answers: the label so many volumes before it in its run, or rest."""
    if n_volumes < 0:
        raise ConfigFault(f"a shift of {n_volumes} volumes", fix="give 0 s or more")
    shifted = labels.groupby("chunks")["labels"].shift(n_volumes, fill_value=REST)
    return shifted.to_numpy()


def clean_runs(
    volumes: NDArray[np.float32], runs: NDArray[Any], *, detrend: bool, standardise: bool
) -> NDArray[np.float32]:
    """Return volumes (n_volumes, n_voxels) without lines in time, and standardised, run by run.

    A voxel that does not vary in a run is 0 there when standardised.
    """
    from scipy.signal import detrend as without_line

    cleaned = volumes.astype(np.float64)
    for run in np.unique(runs):
        rows = runs == run
        part = cleaned[rows]
        if detrend:
            part = without_line(part, axis=0) + part.mean(axis=0)
        if standardise:
            spread = part.std(axis=0)
            flat = spread <= 1e-6 * np.maximum(np.abs(part).max(axis=0), 1.0)
            part = (part - part.mean(axis=0)) / np.where(flat, np.inf, spread)
        cleaned[rows] = part
    return cleaned.astype(np.float32)


def category_pictures(stimuli: Path) -> dict[str, tuple[str, ...]]:
    """Return the picture files of each category, relative to the folder, sorted.

    Parameters
    ----------
    stimuli : Path
        Folder that nilearn's fetcher fills with ``fetch_stimuli=True``.
    """
    found = {
        category: tuple(
            sorted(
                path.relative_to(stimuli).as_posix()
                for path in (stimuli / folder).rglob("*")
                if path.suffix.lower() == ".jpg"
            )
        )
        for category, folder in PICTURES.items()
    }
    return {category: files for category, files in found.items() if files}


def _samples(
    series: NDArray[np.float32], shown: NDArray[Any], runs: NDArray[Any], samples: Samples
) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Return one response per block or volume, and its trials; rest is left out."""
    kept = shown != REST
    if samples == "volume":
        block = np.arange(len(shown))
    else:
        new = (shown[1:] != shown[:-1]) | (runs[1:] != runs[:-1])
        block = np.concatenate([[0], np.cumsum(new)])
    first = np.unique(block[kept], return_index=True)[1]
    rows = np.flatnonzero(kept)[first]
    means = pd.DataFrame(series[kept]).groupby(block[kept]).mean().to_numpy(np.float32)
    trials = pd.DataFrame(
        {
            "stimulus": shown[rows],
            "image": "",
            "category": shown[rows],
            "caption": "",
            "run": [str(run) for run in runs[rows]],
            "part": "",
        }
    )
    trials["repetition"] = count_repetitions(trials)
    return means, trials[list(COLUMNS)]


def _empty_runs(labels: pd.DataFrame) -> tuple[str, ...]:
    seen = labels.loc[labels["labels"] != REST, "chunks"].unique()
    empty = sorted(set(labels["chunks"].tolist()) - set(seen.tolist()))
    return tuple(f"run {run} has no label but {REST}, left out" for run in empty)


def _folder(root: Path) -> Path:
    """Return the folder that holds ``subj1`` ...: the root, or nilearn's beside it."""
    if any(root.glob("subj*")):
        return root
    return root.parent / FOLDER / "haxby2001"


def _subject_folder(base: Path, subject: str) -> Path:
    number = subject.removeprefix("sub-").removeprefix("subj").lstrip("0")
    folder = base / f"subj{number}"
    if not folder.is_dir():
        have = sorted(path.name.removeprefix("subj") for path in base.glob("subj*"))
        hint = f"it has {', '.join(have)}" if have else "run `neurodecode data fetch Haxby2001`"
        raise DataFault(f"no subject '{subject}'", where=str(base), fix=hint)
    return folder
