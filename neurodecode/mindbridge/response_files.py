"""Somebody's responses to be decoded, from the files that they may come in."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.responses.local import TABLE, read_array, read_trials, require_table
from neurodecode.datasets.responses.masking import mask_image_of, read_mask, volumes_inside
from neurodecode.datasets.responses.subject import COLUMNS
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.mindbridge.decoder_settings import Person

NIFTI = (".nii", ".nii.gz")
TABLES = (".parquet", ".csv", ".tsv")
FORMS = (".npy", ".npz", *TABLES, *NIFTI)
LARGEST_RATIO = 20.0
"""Nobody's responses spread twenty times more or less than those of the training."""


@dataclass(frozen=True, eq=False)
class ResponseFile:
    """Responses before it is known whose they are.

    Attributes
    ----------
    path : Path
    table : ndarray, shape (n_responses, n_voxels), or None
        None: a NIfTI, which is cut by the mask of whoever is named.
    stimuli : tuple of str
        What each response is to, "" where unknown; empty: of none.
    mask : Path or None
        Mask file beside a NIfTI.
    """

    path: Path
    table: NDArray[Any] | None
    stimuli: tuple[str, ...] = ()
    mask: Path | None = None


def read_responses_file(path: Path) -> ResponseFile:
    """Read responses as arrays, tables or NIfTI.

    ======================= ==================================================================
    ``.npy``                (n_responses, n_voxels); ``X_trials.tsv`` beside ``X_responses.npy``
                            names the stimuli
    ``.npz``                ``responses``, and ``stimulus`` where known
    ``.parquet .csv .tsv``  a column per voxel, in their order, and ``stimulus`` where known
    ``.nii .nii.gz``        4-D, a volume per response; table of trials, and mask, as of ``.npy``
    ======================= ==================================================================

    Raises
    ------
    DataFault
        If the file is absent, broken, of another kind, or holds objects; a stimulus is named for
        more or fewer responses than there are.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix=f"give one of {', '.join(FORMS)}")
    sniff(path)
    stimuli: tuple[str, ...] = ()
    values: NDArray[Any] | None = None
    name = path.name.lower()
    if name.endswith(NIFTI):
        mask = _beside(path, "mask.nii.gz") or _beside(path, "mask.nii")
        return ResponseFile(path, None, _trial_stimuli(path), mask)
    if name.endswith(".npy"):
        values, stimuli = read_array(path), _trial_stimuli(path)
    elif name.endswith(".npz"):
        values, stimuli = _archive(path)
    elif name.endswith(TABLES):
        values, stimuli = _table(path)
    else:
        raise DataFault(f"'{path.suffix}' is no form of responses", where=str(path),
                        fix=f"give one of {', '.join(FORMS)}")  # fmt: skip
    require_rows(stimuli, len(values), path)
    return ResponseFile(path, values, stimuli)


def responses_of(
    file: ResponseFile, label: str, person: Person, places: NDArray[np.int64] | None
) -> NDArray[np.float32]:
    """Return responses (n_responses, n_voxels) in the voxels of one participant.

    Parameters
    ----------
    file : ResponseFile
    label : str
        Of the participant.
    person : Person
    places : ndarray of int64, shape (n_voxels,), or None
        Of the voxels in the flattened grid of their mask.

    Raises
    ------
    DataFault
        Another number of voxels, another grid or mask, a value that is not finite, another
        scale; with the numbers of both.
    """
    where = f"{file.path}, participant {label}"
    if file.table is None:
        values = _inside(file, label, person, places)
        require_rows(file.stimuli, len(values), file.path)
    else:
        values = _columns(file.table, person, where)
    _require_finite(values, where)
    ratio = float(np.std(values, dtype=float)) / person.spread
    if not 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
        raise DataFault(
            f"the responses spread {ratio:.3g} times as much as those of the training "
            f"(standard deviation {ratio * person.spread:.3g}, there {person.spread:.3g})",
            where=where,
            fix="give responses that were scaled as those of the training",
        )
    return values


def require_somebody(file: ResponseFile, people: Mapping[str, Person]) -> None:
    """Raise DataFault if responses have the number of voxels, or a mask, of no participant."""
    if file.table is None:
        if all(person.grid is None for person in people.values()):
            raise DataFault(
                "the decoder was trained without masks, so that a NIfTI cannot be cut",
                where=str(file.path), fix="give the responses as an array, .npy",
            )  # fmt: skip
        return
    n_columns = file.table.shape[1]
    if not any(n_columns in _sizes(person) for person in people.values()):
        known = ", ".join(f"{label} {person.n_voxels}" for label, person in people.items())
        raise DataFault(f"responses of {n_columns} voxels, participants have: {known}",
                        where=str(file.path), fix="cut them by the training's mask")  # fmt: skip


def _sizes(person: Person) -> tuple[int, int]:
    """Return the columns that fit: the voxels, or with those that training left out."""
    return person.n_voxels, person.n_voxels + len(person.dropped)


def _columns(values: NDArray[Any], person: Person, where: str) -> NDArray[np.float32]:
    own, whole = _sizes(person)
    if values.shape[1] not in (own, whole):
        raise DataFault(f"responses of {values.shape[1]} voxels, this participant has {own}",
                        where=where, fix="another --participant or mask")  # fmt: skip
    if values.shape[1] != own:
        values = np.delete(values, person.dropped, axis=1)
    return np.asarray(values, dtype=np.float32)


def _inside(
    file: ResponseFile, label: str, person: Person, places: NDArray[np.int64] | None
) -> NDArray[np.float32]:
    grid = person.grid
    if grid is None or places is None:
        raise DataFault("no mask of this participant is kept, so that a NIfTI cannot be cut",
                        where=f"{file.path}, participant {label}",
                        fix="give the responses as an array, .npy")  # fmt: skip
    mask = mask_image_of(places, grid.shape, grid.affine)
    if file.mask is not None:
        _, found = read_mask(file.mask)
        if found.sha256 != grid.sha256:
            raise DataFault(
                f"another mask: {found.n_voxels} voxels of a grid of {found.shape}, participant "
                f"{label} was trained with {person.n_voxels + len(person.dropped)} of {grid.shape}",
                where=str(file.mask), fix="take the mask of the training, or remove this one",
            )  # fmt: skip
    return volumes_inside(file.path, mask, f"the mask of participant {label}")


def _require_finite(values: NDArray[np.float32], where: str) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        response, voxel = np.argwhere(bad)[0]
        raise DataFault(
            f"{bad.sum()} values of {bad.any(axis=0).sum()} voxels are NaN or infinite, the first "
            f"at voxel {voxel} of response {response}",
            where=where, fix="mend the file: the decoder needs every voxel",
        )  # fmt: skip


def _archive(path: Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[Any]] = dict(archive)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataFault(f"the arrays cannot be read: {error}", where=str(path),
                        fix="write them again, as plain numbers and text") from error  # fmt: skip
    if "responses" not in arrays:
        raise DataFault(f"no array 'responses', found: {', '.join(arrays)}", where=str(path))
    require_table(arrays["responses"], path)
    return arrays["responses"], tuple(map(str, arrays.get("stimulus", np.empty(0)).tolist()))


def _table(path: Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    try:
        table = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(
            path, sep="\t" if path.suffix.lower() == ".tsv" else ",", dtype={"stimulus": str}
        )  # fmt: skip
    except (OSError, ValueError) as error:  # of pyarrow and pandas, too
        raise DataFault(f"the table cannot be read: {error}", where=str(path)) from error
    voxels = table.drop(columns=[name for name in COLUMNS if name in table])
    wrong = [str(name) for name in voxels if voxels[name].dtype.kind not in "fiu"]
    if wrong:
        raise DataFault(f"column '{wrong[0]}' is not of numbers", where=str(path),
                        fix=f"a column per voxel; beside them {', '.join(COLUMNS)}")  # fmt: skip
    values = voxels.to_numpy()
    require_table(values, path)
    known = table["stimulus"].fillna("").astype(str) if "stimulus" in table else ()
    return values, tuple(known)


def _trial_stimuli(path: Path) -> tuple[str, ...]:
    """Return the stimuli in the table of trials beside a file of the local form, if it is there."""
    table = _beside(path, "trials.tsv")
    if table is None:
        return ()
    return tuple(read_trials(table, path.parent.parent / TABLE)["stimulus"])


def _beside(path: Path, name: str) -> Path | None:
    head, found, _ = path.name.partition("_responses.")
    other = path.with_name(f"{head}_{name}")
    return other if found and other.is_file() else None


def require_rows(stimuli: tuple[str, ...], n_responses: int, path: Path) -> None:
    """Raise DataFault unless there is one stimulus for each response, or none at all."""
    if stimuli and len(stimuli) != n_responses:
        raise DataFault(f"{len(stimuli)} stimuli for {n_responses} responses", where=str(path),
                        fix="one for each response")  # fmt: skip
