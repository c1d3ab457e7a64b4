"""One subject's responses to pictures: a row per trial, a column per voxel, and what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from pandas.api.types import is_integer_dtype

from neurodecode.datasets.recording import TableCheck
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.datasets.responses.embeddings import Embeddings
    from neurodecode.datasets.responses.voxels import Voxels

TEXTS = ("stimulus", "image", "category", "caption", "run", "part")
COLUMNS = ("stimulus", "image", "category", "caption", "repetition", "run", "part")
PARTS = ("train", "valid", "test", "")
OF_STIMULUS = ("image", "category")
"""Columns in which all trials of a stimulus agree."""


@dataclass(frozen=True)
class Responses:
    """The responses of one subject.

    The trials table is checked by :func:`check_trials` when the object is made.

    Attributes
    ----------
    subject : str
        Label.
    responses : ndarray of float32, shape (n_trials, n_voxels)
        Finite; may be memory-mapped, read-only. Voxels are in C order of their mask (the last
        axis runs fastest), so that neighbours in the array are mostly neighbours in the brain,
        which pooling along the array relies on. The unit is the data set's.
    trials : DataFrame
        One row per response:

        ============== === ====================================================================
        ``stimulus``   str what was shown, the same id for every subject
        ``image``      str its file relative to ``pictures`` (POSIX), "" where there is none
        ``category``   str what it shows, "" where unknown
        ``caption``    str a sentence on it, "" where unknown
        ``repetition`` int from 1: the how-manieth trial of the stimulus
        ``run``        str scanner run, "" where unknown
        ``part``       str "train", "valid" or "test" where the publisher says so, else ""
        ============== === ====================================================================
    pictures : Path or None
        Folder of the picture files; None where the data set comes without them.
    voxels : Voxels
        Where the voxels are, and which of the mask's were left out.
    embeddings : Embeddings or None, default None
        Targets that came with the data set.
    exemplars : mapping of str to tuple of str, default empty
        Where the exact picture is unknown: by stimulus (a category, then), the picture files,
        relative to ``pictures``, of which one was shown.
    notes : tuple of str, default ()
        What the loader found remarkable, one line each; they belong in the report.
    """

    subject: str
    responses: NDArray[np.float32]
    trials: pd.DataFrame
    pictures: Path | None
    voxels: Voxels
    embeddings: Embeddings | None = None
    exemplars: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_trials(self.trials, where=self.label)
        if self.responses.ndim != 2 or self.responses.dtype != np.float32:
            what = f"responses of shape {self.responses.shape} and type {self.responses.dtype}"
            raise DataFault(what, where=self.label, fix="give (n_trials, n_voxels) of float32")
        if len(self.responses) != len(self.trials):
            what = f"{len(self.responses)} responses for {len(self.trials)} trials"
            raise DataFault(what, where=self.label, fix="the table needs one row per response")
        if self.responses.shape[1] != self.voxels.n_voxels:
            what = f"{self.responses.shape[1]} columns for {self.voxels.n_voxels} voxels"
            raise DataFault(what, where=self.label)
        if self.embeddings is not None:
            self.embeddings.require(self.trials["stimulus"], where=self.label)

    @property
    def label(self) -> str:
        """Name of the subject for messages."""
        return f"subject {self.subject}"

    @property
    def n_voxels(self) -> int:
        """Number of voxels."""
        return int(self.responses.shape[1])


def check_trials(trials: pd.DataFrame, *, where: str) -> None:
    """Check a trials table against the form that :class:`Responses` states.

    Parameters
    ----------
    trials : DataFrame
        One row per response.
    where : str
        File or subject that the table belongs to, for messages.

    Raises
    ------
    DataFault
        A column is missing (with the nearest one), the table is empty, an entry is not text, a
        stimulus is empty, a repetition is no whole number from 1 or stands twice for a stimulus,
        a part is unknown, or a stimulus has two images or categories; rows count from 0.
    """
    check = TableCheck(trials, "trials", "stimulus", where)
    check.columns(COLUMNS)
    if trials.empty:
        raise DataFault("no trial in the table", where=where)
    check.texts("stimulus")
    for column in TEXTS:
        no_text = ~trials[column].map(lambda value: isinstance(value, str)).astype(bool)
        check.refuse(column, no_text, "is not text")
    check.choices("part", PARTS)
    check.numbers("repetition")
    if not is_integer_dtype(trials["repetition"]):
        raise DataFault("column 'repetition' of the trials table is not of whole numbers",
                        where=where)  # fmt: skip
    check.refuse("repetition", trials["repetition"] < 1, "is below 1")
    twice = trials.duplicated(["stimulus", "repetition"])
    check.refuse("repetition", twice, "stands twice for this stimulus")
    for column in OF_STIMULUS:
        first = trials.groupby("stimulus")[column].transform("first")
        check.refuse(column, trials[column] != first, "is not that of its other trials")


def count_repetitions(trials: pd.DataFrame) -> pd.Series[int]:
    """Return the how-manieth trial of its stimulus each row is, from 1, in the table's order."""
    return trials.groupby("stimulus").cumcount() + 1
