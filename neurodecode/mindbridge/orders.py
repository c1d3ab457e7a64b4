"""In which order stimuli are shown in training, and which repetition of each.

Every order depends on the seed and the epoch alone, so that a resumed training sees what it would
have seen.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from torch.utils.data import Sampler

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.mindbridge.data import StimulusKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from neurodecode.mindbridge.config_model import Repetition


class StimulusOrder(Sampler[StimulusKey]):
    """Batches of one subject, or of several in turn.

    One subject's stimuli come in a random order, each once per epoch. With several, batch k is of
    subject k modulo their number, and each goes on in its own order, again from the start where it
    ends; turns go on over epochs, so that short epochs reach everybody.

    Parameters
    ----------
    rows : mapping of str to ndarray of int
        Stimuli of each subject.
    batch_size : int
        Of the loader; lowered to the fewest stimuli where that is less.
    seed : int
    n_batches : int or None, default=None
        Of an epoch; None: what shows every stimulus of the one subject, the last batch perhaps
        smaller.
    shuffled : bool, default=True
        False: in the given order, the same every epoch.
    repetition : {"step", "random"}, default="step"
        The number that chooses repetition and caption: that of the batch, counted over all epochs
        so that epochs of one or two batches show every repetition; or one drawn for each stimulus.

    Raises
    ------
    ConfigFault
        If ``repetition`` is unknown, or several subjects come without a number of batches.
    DataFault
        If a subject has no stimulus.
    """

    def __init__(
        self,
        rows: Mapping[str, NDArray[np.int64]],
        *,
        batch_size: int,
        seed: int,
        n_batches: int | None = None,
        shuffled: bool = True,
        repetition: Repetition = "step",
    ) -> None:
        if repetition not in ("step", "random"):
            raise ConfigFault(unknown("repetition", repetition, ("step", "random")))
        if n_batches is None and len(rows) != 1:
            raise ConfigFault("several subjects in turn need a number of batches")
        for subject, mine in rows.items():
            if not len(mine):
                raise DataFault("no stimulus", where=f"subject {subject}")
        self.rows, self.seed, self.epoch = dict(rows), seed, 0
        self.batch_size = min(batch_size, *(len(mine) for mine in rows.values()))
        self.whole = n_batches is None
        longest = max(len(mine) for mine in rows.values())
        self.n_batches = ceil(longest / self.batch_size) if n_batches is None else n_batches
        self.shuffled, self.repetition = shuffled, repetition

    def set_epoch(self, epoch: int) -> None:
        """Take the order of this epoch."""
        self.epoch = epoch if self.shuffled else 0

    def __len__(self) -> int:
        if self.whole:
            return sum(len(mine) for mine in self.rows.values())
        return self.n_batches * self.batch_size

    def __iter__(self) -> Iterator[StimulusKey]:
        subjects = list(self.rows)
        rngs = {s: np.random.default_rng([self.seed, self.epoch, crc32(s.encode())])
                for s in subjects}  # fmt: skip
        orders = {s: rngs[s].permutation(self.rows[s]) if self.shuffled else self.rows[s]
                  for s in subjects}  # fmt: skip
        taken = dict.fromkeys(subjects, 0)
        for step in range(self.epoch * self.n_batches, (self.epoch + 1) * self.n_batches):
            subject = subjects[step % len(subjects)]
            order, first = orders[subject], taken[subject]
            taken[subject] = end = first + self.batch_size
            for place in range(first, min(end, len(order)) if self.whole else end):
                number = step if self.repetition == "step" else int(rngs[subject].integers(2**31))
                yield StimulusKey(subject, int(order[place % len(order)]), number)
