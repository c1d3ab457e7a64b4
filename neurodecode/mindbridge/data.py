"""One subject's responses and targets, and batches of them with pooled signals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np
import torch
from torch import Tensor

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge.aggregation import aggregate, pool_repetitions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.mindbridge.config_model import Aggregation


class SubjectBatch(TypedDict):
    """Stimuli of one subject.

    ``subject``: label; ``pooled``: float32, (B, pooled_size); ``image``: float32, (B, ...);
    ``text``: the same, or None.
    """

    subject: str
    pooled: Tensor
    image: Tensor
    text: Tensor | None


class StimulusKey(NamedTuple):
    """Which stimulus of whom, and the number that chooses repetition and caption (by modulo)."""

    subject: str
    row: int
    number: int


@dataclass(frozen=True, eq=False)
class SubjectData:
    """What one subject saw, and the responses; arrays may be memory-mapped.

    Attributes
    ----------
    responses : ndarray, shape (n_stimuli, n_repetitions, n_voxels)
        Already pooled responses, of ``pooled_size`` values, pass unchanged.
    image : ndarray, shape (n_stimuli, ...)
        Targets of the images.
    ids : sequence of str
        Names of the stimuli, each once; their sorted order decides what limited data are.
    text : ndarray or None, shape (n_stimuli, n_captions, ...)
        Targets of one or more captions.
    n_repetitions : ndarray of int or None, shape (n_stimuli,)
        How many of the repetitions each stimulus has; the rest of its rows is never read. None:
        all.

    Raises
    ------
    DataFault
        If lengths differ, an array has too few axes, a name stands twice, or a stimulus has no
        repetition.
    """

    responses: NDArray[Any]
    image: NDArray[Any]
    ids: Sequence[str]
    text: NDArray[Any] | None = None
    n_repetitions: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if self.responses.ndim != 3 or 0 in self.responses.shape:
            raise DataFault(f"responses of shape {self.responses.shape}",
                            fix="give stimuli x repetitions x voxels")  # fmt: skip
        lengths = {"responses": len(self.responses), "image": len(self.image),
                   "ids": len(self.ids)}  # fmt: skip
        if self.text is not None:
            lengths["text"] = len(self.text)
        if self.n_repetitions is not None:
            lengths["n_repetitions"] = len(self.n_repetitions)
        if len(set(lengths.values())) > 1:
            raise DataFault(f"lengths differ: {', '.join(f'{k} {n}' for k, n in lengths.items())}")
        name, count = Counter(self.ids).most_common(1)[0]
        if count > 1:
            raise DataFault(f"stimulus '{name}' stands {count} times", fix="name each once")
        if self.text is not None and self.text.ndim < 3:
            raise DataFault(f"text targets of shape {self.text.shape}",
                            fix="give stimuli x captions x values")  # fmt: skip
        wrong = np.flatnonzero((self.counts < 1) | (self.counts > self.responses.shape[1]))
        if len(wrong):
            raise DataFault(f"{self.counts[wrong[0]]} repetitions of {self.responses.shape[1]}",
                            where=f"stimulus {self.ids[wrong[0]]}")  # fmt: skip

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Repetitions of each stimulus."""
        if self.n_repetitions is None:
            return np.full(len(self), self.responses.shape[1])
        return np.asarray(self.n_repetitions, dtype=np.int64)


def limited(ids: Sequence[str], length: int | None) -> NDArray[np.int64]:
    """Return the places of the stimuli of limited data, by sorted name.

    Parameters
    ----------
    ids : sequence of str
    length : int or None
        L > 0: the first L; beyond the number there is, again from the first on. L < 0: the last
        -L. None: all.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ConfigFault
        If L is 0, or more are asked for from the end than there are.

    Examples
    --------
    >>> limited(["b", "c", "a"], 2).tolist(), limited(["b", "c", "a"], -1).tolist()
    ([2, 0], [1])
    """
    order = np.argsort(np.asarray(ids), kind="stable")
    if length is None:
        return order
    if length == 0 or -length > len(order):
        raise ConfigFault(f"length {length} of {len(order)} stimuli",
                          fix=f"give 1 or more, or -{len(order)} to -1")  # fmt: skip
    return order[np.arange(length) % len(order)] if length > 0 else order[length:]


class StimulusRows(torch.utils.data.Dataset[Any]):
    """Batches of one subject's stimuli, pooled when they are asked for.

    Parameters
    ----------
    subjects : mapping of str to SubjectData
    pooled_size : int
    method : {"max", "mean", "linear"}, default="max"
    averaged : bool, default=False
        Average the pooled repetitions (test and validation) instead of taking one (training).
    """

    def __init__(
        self,
        subjects: Mapping[str, SubjectData],
        pooled_size: int,
        method: Aggregation = "max",
        *,
        averaged: bool = False,
    ) -> None:
        self.subjects, self.pooled_size, self.method = dict(subjects), pooled_size, method
        self.averaged = averaged

    def __getitems__(self, keys: Sequence[StimulusKey]) -> SubjectBatch:
        """Return the batch of some keys, all of one subject."""
        (subject,) = {key.subject for key in keys}
        data, rows = self.subjects[subject], np.array([key.row for key in keys])
        text = None
        if data.text is not None:
            captions = np.array([key.number for key in keys]) % data.text.shape[1]
            text = torch.from_numpy(np.asarray(data.text[rows, captions], dtype=np.float32))
        return {
            "subject": subject,
            "pooled": torch.from_numpy(self._pooled(keys, data)),
            "image": torch.from_numpy(np.asarray(data.image[rows], dtype=np.float32)),
            "text": text,
        }

    def _pooled(self, keys: Sequence[StimulusKey], data: SubjectData) -> NDArray[np.float32]:
        counts, where = data.counts, f"subject {keys[0].subject}"
        if not self.averaged:
            chosen = np.stack([data.responses[k.row, k.number % counts[k.row]] for k in keys])
            return aggregate(chosen, self.pooled_size, self.method, where=where).astype(np.float32)
        pooled = [
            pool_repetitions(
                data.responses[key.row, : counts[key.row]], self.pooled_size, self.method,
                where=f"{where}, stimulus {data.ids[key.row]}",
            )
            for key in keys
        ]  # fmt: skip
        return np.stack(pooled).astype(np.float32)
