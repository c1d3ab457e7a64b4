"""The user's own responses: a folder with an array or NIfTI, a mask and a table per subject.

::

    participants.tsv                    optional, not read
    stimuli.tsv                         optional: stimulus, image, category, caption
    stimuli/                            picture files, and optionally embeddings.npz
    sub-01/sub-01_trials.tsv            a row per response
    sub-01/sub-01_responses.npy         (n_trials, n_voxels), with an optional mask
    sub-01/sub-01_responses.nii.gz      or 4-D, a volume per trial
    sub-01/sub-01_mask.nii.gz           voxels inside are above 0

Tables are tab-separated, ``n/a`` is a missing entry. ``trials.tsv`` needs ``stimulus`` or
``image``; category, caption, repetition, run and part are optional. The simulator writes this form.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_recordings import require_subject
from neurodecode.datasets.bids_tables import nearest_column, numbers, read_table
from neurodecode.datasets.responses.embeddings import (
    EMBEDDINGS,
    Embeddings,
    read_embeddings,
    require_known,
)
from neurodecode.datasets.responses.masking import masked_responses, read_mask
from neurodecode.datasets.responses.subject import (
    COLUMNS,
    TEXTS,
    Responses,
    check_trials,
    count_repetitions,
)
from neurodecode.datasets.responses.voxels import BadVoxels, Voxels, usable_voxels
from neurodecode.datasets.sniff import sniff
from neurodecode.datasets.stimulus_files import relative_stimulus, require_stimuli
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

STIMULI, TABLE = "stimuli", "stimuli.tsv"


def read_responses(
    root: Path,
    subject: str,
    *,
    pictures: str | Path | None = None,
    without_pictures: bool = False,
    bad_voxels: BadVoxels = "stop",
) -> Responses:
    """Read one subject of a local folder.

    Parameters
    ----------
    root : Path
        Root of the data set.
    subject : str
        Label, with or without ``sub-``.
    pictures : str or Path, default None
        Folder of the picture files, relative to ``root`` or absolute; None is ``stimuli``.
    without_pictures : bool, default False
        The table names pictures whose files are not here.
    bad_voxels : {"stop", "drop"}, default "stop"
        What to do about voxels that are NaN or infinite in some trial.

    Returns
    -------
    Responses
        ``pictures`` is None where no trial names a picture. A ``.npy`` of float32 without bad
        voxels stays on disk, memory-mapped.

    Raises
    ------
    DataFault
        Subject, files or pictures are not there; mask and data disagree; a table is broken or
        has another number of rows; a stimulus is not in ``stimuli.tsv`` or has no embedding.
    """
    root = Path(root)
    label = require_subject(root, subject)
    base = root / f"sub-{label}" / f"sub-{label}"
    stored, voxels, path = _read_voxels(base)
    table = base.with_name(f"{base.name}_trials.tsv")
    trials = read_trials(table, root / TABLE)
    if len(trials) != len(stored):
        what = f"{len(trials)} rows for {len(stored)} responses in {path.name}"
        raise DataFault(what, where=str(table), fix="the table needs one row per response")
    values, voxels, notes = usable_voxels(stored, voxels, bad_voxels, where=str(path))
    shown = not without_pictures and bool((trials["image"] != "").any())
    folder = root / (pictures or STIMULI)
    if shown:
        require_stimuli(folder, trials.loc[trials["image"] != "", "image"], kind="picture")
    return Responses(
        label, values, trials, folder if shown else None, voxels, _embeddings(folder), notes=notes
    )


def read_trials(path: Path, stimuli: Path | None = None) -> pd.DataFrame:
    """Read a table of trials, with what ``stimuli.tsv`` knows of each stimulus.

    Parameters
    ----------
    path : Path
        ``sub-LABEL_trials.tsv``.
    stimuli : Path, default None
        ``stimuli.tsv``, used where it is there: its image, category and caption hold where the
        trials have none.

    Returns
    -------
    DataFrame
        As :class:`~neurodecode.datasets.responses.subject.Responses` states it. Without
        ``stimulus`` the image is the id; without ``repetition`` trials are counted in order.

    Raises
    ------
    DataFault
        A file is missing or broken, the table has neither ``stimulus`` nor ``image``, or a
        stimulus matches nothing in ``stimuli.tsv``.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="it names what each response is to")
    read = read_table(path)
    column = next((name for name in ("stimulus", "image") if name in read), None)
    if column is None:
        fix = nearest_column("stimulus", read)
        raise DataFault("no column 'stimulus' or 'image'", where=str(path), fix=fix)
    table = read.assign(stimulus=read[column])
    if stimuli is not None and stimuli.is_file():
        table = _joined(table, stimuli, path)
    trials = pd.DataFrame({name: _text(table, name) for name in TEXTS})
    trials["image"] = trials["image"].map(relative_stimulus)
    trials["repetition"] = _repetitions(table, path)
    trials = trials[list(COLUMNS)]
    check_trials(trials, where=str(path))
    return trials


def _joined(table: pd.DataFrame, stimuli: Path, path: Path) -> pd.DataFrame:
    """Fill image, category and caption from the table of stimuli."""
    known = read_table(stimuli)
    if "stimulus" not in known:
        fix = nearest_column("stimulus", known)
        raise DataFault("no column 'stimulus'", where=str(stimuli), fix=fix)
    twice = known["stimulus"].duplicated()
    if twice.any():
        name = known.loc[twice, "stimulus"].iloc[0]
        raise DataFault(f"stimulus '{name}' stands twice", where=str(stimuli))
    require_known(
        table["stimulus"].dropna(), known["stimulus"], what=f"a row in {stimuli.name}",
        where=str(path),
    )  # fmt: skip
    rows = known.set_index("stimulus").reindex(table["stimulus"]).set_axis(table.index)
    for name in ("image", "category", "caption"):
        if name in rows:
            own = table[name] if name in table else pd.Series(np.nan, table.index, dtype=object)
            table = table.assign(**{name: own.fillna(rows[name])})
    return table


def _read_voxels(base: Path) -> tuple[NDArray[Any], Voxels, Path]:
    """Return the responses as stored, their voxels, and their file."""
    mask = _first(base, "mask.nii.gz", "mask.nii")
    array = _first(base, "responses.npy")
    if array is not None:
        return (*_array_voxels(array, mask), array)
    image = _first(base, "responses.nii.gz", "responses.nii")
    if image is None:
        fix = f"write {base.name}_responses.npy, or .nii.gz with {base.name}_mask.nii.gz"
        raise DataFault("no responses", where=str(base.parent), fix=fix)
    if mask is None:
        fix = f"write {base.name}_mask.nii.gz on the same grid"
        raise DataFault("no mask for the image", where=str(image), fix=fix)
    return (*masked_responses(image, mask), image)


def read_array(path: Path) -> NDArray[Any]:
    """Return the responses (n_trials, n_voxels) of a ``.npy`` file, memory-mapped.

    Raises
    ------
    DataFault
        If the file is broken, holds objects, or has another form.
    """
    sniff(path)
    try:
        stored: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        what = f"the array cannot be read: {error}"
        raise DataFault(what, where=str(path), fix="write it again") from error
    require_table(stored, path)
    return stored


def require_table(stored: NDArray[Any], path: Path) -> None:
    """Raise DataFault unless an array holds numbers, a row per trial and a column per voxel."""
    if stored.ndim != 2 or stored.dtype.kind not in "fiu" or 0 in stored.shape:
        what = f"an array of shape {stored.shape} and type {stored.dtype}"
        raise DataFault(what, where=str(path), fix="give numbers, (n_trials, n_voxels)")


def _array_voxels(path: Path, mask: Path | None) -> tuple[NDArray[Any], Voxels]:
    stored = read_array(path)
    if mask is None:
        return stored, Voxels(stored.shape[1])
    _, voxels = read_mask(mask)
    if voxels.n_voxels != stored.shape[1]:
        what = (
            f"mask and data disagree: {voxels.n_voxels} voxels are inside the mask, the array has "
            f"{stored.shape[1]} columns"
        )
        raise DataFault(what, where=f"{path} and {mask.name}", fix="take the mask it was cut by")
    return stored, voxels


def _first(base: Path, *names: str) -> Path | None:
    found = (base.with_name(f"{base.name}_{name}") for name in names)
    return next((path for path in found if path.is_file()), None)


def _embeddings(folder: Path) -> Embeddings | None:
    path = folder / EMBEDDINGS
    return read_embeddings(path) if path.is_file() else None


def _text(table: pd.DataFrame, column: str) -> pd.Series[str]:
    return table.get(column, pd.Series("", table.index, dtype=object)).fillna("").astype(str)


def _repetitions(table: pd.DataFrame, path: Path) -> pd.Series[int]:
    if "repetition" not in table:
        return count_repetitions(table)
    given = numbers(table["repetition"], path)
    wrong = given.isna() | (given % 1 != 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        what = f"row {row + 2}: repetition '{table['repetition'].iloc[row]}' is no whole number"
        raise DataFault(what, where=str(path), fix="count from 1, or leave the column out")
    return given.astype(np.int64)
