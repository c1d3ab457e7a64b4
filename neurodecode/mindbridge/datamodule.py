"""Training and validation stimuli of several subjects for any Lightning Trainer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import lightning
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import DataLoader

from neurodecode.faults import DataFault
from neurodecode.mindbridge.data import StimulusRows, limited
from neurodecode.mindbridge.orders import StimulusOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.mindbridge.config_model import Aggregation, Repetition
    from neurodecode.mindbridge.data import SubjectData

Mode = Literal["min_size", "max_size", "max_size_cycle"]
SOURCES = "sources"
"""Key of the loader that shows the source subjects in turn."""


class BridgeData(lightning.LightningDataModule):
    """A loader for each subject, combined: each step has a batch of everybody.

    A batch is a dict of :class:`SubjectBatch` by subject. Training shows one repetition; validation
    shows every stimulus, with repetitions pooled, then averaged, in the given order.

    Parameters
    ----------
    train, valid : mapping of str to SubjectData
    pooled_size : int, default=8192
    method : {"max", "mean", "linear"}, default="max"
        See :func:`aggregate`.
    batch_size : int, default=50
        Of each subject.
    seed : int, default=42
        Of the order of stimuli.
    mode : {"min_size", "max_size", "max_size_cycle"}, default="min_size"
        An epoch ends with the shortest loader (published); with the longest, the others absent;
        with the longest, the others from the start again.
    length : int or None, default=None
        Training stimuli of each subject: see :func:`limited`.
    repetition : {"step", "random"}, default="step"
        See :class:`StimulusOrder`.
    num_workers : int, default=0

    Raises
    ------
    DataFault
        If there is no subject, or one to validate on that is not trained on.
    """

    def __init__(
        self,
        train: Mapping[str, SubjectData],
        valid: Mapping[str, SubjectData],
        *,
        pooled_size: int = 8192,
        method: Aggregation = "max",
        batch_size: int = 50,
        seed: int = 42,
        mode: Mode = "min_size",
        length: int | None = None,
        repetition: Repetition = "step",
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        if not train or not valid or not set(valid) <= set(train):
            raise DataFault(
                f"training subjects: {', '.join(train) or 'none'}; validation subjects: "
                f"{', '.join(valid) or 'none'}",
                fix="validate on one or more of the training subjects",
            )
        self.train, self.valid = dict(train), dict(valid)
        self.pooled_size, self.method = pooled_size, method
        self.batch_size, self.seed, self.mode, self.length = batch_size, seed, mode, length
        self.repetition, self.num_workers = repetition, num_workers

    def train_dataloader(self) -> CombinedLoader:
        """In another order each epoch, which depends on the seed and the epoch alone."""
        loaders = {
            subject: self._loader(self.train, self._order(subject)) for subject in self.train
        }
        return _combined(loaders, self.mode)

    def val_dataloader(self) -> CombinedLoader:
        """Every stimulus, the same every epoch; a subject with fewer is absent at the end."""
        loaders = {}
        for subject, data in self.valid.items():
            order = StimulusOrder({subject: limited(data.ids, None)}, batch_size=self.batch_size,
                                  seed=self.seed, shuffled=False)  # fmt: skip
            loaders[subject] = self._loader(self.valid, order, averaged=True)
        return _combined(loaders, "max_size")

    def _order(self, *subjects: str, n_batches: int | None = None) -> StimulusOrder:
        return StimulusOrder(
            {subject: limited(self.train[subject].ids, self.length) for subject in subjects},
            batch_size=self.batch_size, seed=self.seed, n_batches=n_batches,
            repetition=self.repetition,
        )  # fmt: skip

    def _loader(
        self, subjects: Mapping[str, SubjectData], order: StimulusOrder, *, averaged: bool = False
    ) -> DataLoader[Any]:
        mine = {subject: subjects[subject] for subject in order.rows}
        return DataLoader(
            StimulusRows(mine, self.pooled_size, self.method, averaged=averaged),
            batch_size=order.batch_size, sampler=order, collate_fn=_as_is,
            num_workers=self.num_workers, persistent_workers=self.num_workers > 0,
        )  # fmt: skip


class NewSubjectData(BridgeData):
    """Each step has a batch of the new subject and one of a source subject, by turns.

    An epoch shows the new subject's stimuli once, however many the sources have. Validation is on
    the new subject alone.

    Parameters
    ----------
    train, valid : mapping of str to SubjectData
        Of the new subject and, in ``train``, the sources; without any, there is no cycle term.
    target : str
        The new subject.
    **options
        As :class:`BridgeData`; a ``length`` limits the sources too, as published.

    Raises
    ------
    DataFault
        If the new subject is missing.
    """

    def __init__(
        self,
        train: Mapping[str, SubjectData],
        valid: Mapping[str, SubjectData],
        target: str,
        **options: Any,
    ) -> None:
        if target not in valid:
            raise DataFault(f"no validation data of the new subject '{target}'")
        super().__init__(train, {target: valid[target]}, **options)
        self.target = target

    def train_dataloader(self) -> CombinedLoader:
        """As long as the new subject's stimuli last."""
        own = self._order(self.target)
        loaders = {self.target: self._loader(self.train, own)}
        sources = [subject for subject in self.train if subject != self.target]
        if sources:
            in_turn = self._order(*sources, n_batches=own.n_batches)
            loaders[SOURCES] = self._loader(self.train, in_turn)
        return _combined(loaders, "min_size")


def _combined(loaders: Mapping[str, DataLoader[Any]], mode: Mode) -> CombinedLoader:
    with warnings.catch_warnings():
        # Lightning 2.6 asks torch 2.13 for something that is going to be renamed
        warnings.filterwarnings("ignore", ".*LeafSpec", FutureWarning)
        return CombinedLoader(loaders, mode)


def _as_is(batch: Any) -> Any:
    return batch
