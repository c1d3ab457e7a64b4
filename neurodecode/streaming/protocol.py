"""What a decoder must offer to be applied to new recordings and to streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne
    from numpy.typing import NDArray

    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain


@dataclass(frozen=True)
class Ranking:
    """The best candidates of some trials, best first.

    Attributes
    ----------
    names, groups : list of list of str, shape (n_trials, k)
        Candidates, and what each belongs to ("" where unknown).
    scores, probabilities : ndarray, shape (n_trials, k)
        A softmax over the scores of all candidates gives the probabilities.
    true_rank : ndarray of int, shape (n_trials,), or None
        Rank of the true candidate, 1 for the best; 0 where it is unknown or no candidate.
    n_candidates : int
    """

    names: list[list[str]]
    groups: list[list[str]]
    scores: NDArray[Any]
    probabilities: NDArray[Any]
    true_rank: NDArray[Any] | None
    n_candidates: int

    @classmethod
    def joined(cls, parts: Sequence[Ranking]) -> Ranking:
        """Return the rankings of consecutive trials, one or more, among the same candidates."""
        if len(parts) == 1:
            return parts[0]
        ranks = [part.true_rank for part in parts if part.true_rank is not None]
        return cls(
            names=[row for part in parts for row in part.names],
            groups=[row for part in parts for row in part.groups],
            scores=np.concatenate([part.scores for part in parts]),
            probabilities=np.concatenate([part.probabilities for part in parts]),
            true_rank=np.concatenate(ranks) if len(ranks) == len(parts) else None,
            n_candidates=parts[0].n_candidates,
        )

    @classmethod
    def of_classes(
        cls, order: NDArray[np.intp], names: Sequence[str], scores: NDArray[Any],
        probabilities: NDArray[Any], *, top: int = 5, true: Sequence[str] | None = None,
        group: str = "",
    ) -> Ranking:  # fmt: skip
        """Return the first of a few classes, which are the candidates of all trials.

        Parameters
        ----------
        order : ndarray of int, shape (n_trials, n_classes)
            Places of the classes, the likeliest first.
        names : sequence of str, shape (n_classes,)
        scores, probabilities : ndarray, shape (n_trials, n_classes)
        top : int, default=5
            Classes returned.
        true : sequence of str, shape (n_trials,), optional
            True classes; "" where unknown.
        group : str, default=""
            What all of them belong to.
        """
        kept, rank = order[:, : max(1, top)], None
        if true is not None:
            place = {name: k for k, name in enumerate(names)}
            known = np.array([place.get(name, -1) for name in true])
            rank = np.where(known < 0, 0, (order == known[:, None]).argmax(axis=1) + 1)
        return cls(
            names=[[names[k] for k in row] for row in kept],
            groups=[[group] * len(row) for row in kept],
            scores=np.take_along_axis(scores, kept, axis=1),
            probabilities=np.take_along_axis(probabilities, kept, axis=1),
            true_rank=rank,
            n_candidates=len(names),
        )

    def table(self, onsets: Sequence[float], true: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a row per trial and candidate.

        Parameters
        ----------
        onsets : sequence of float, shape (n_trials,)
            In s.
        true : sequence of str, optional
            What was shown; "" where unknown.

        Returns
        -------
        DataFrame
            ``trial, onset, rank, candidate, group, score, probability, n_candidates``; with
            ``true`` also ``true`` and ``true_rank``.
        """
        rows = [
            (trial, onset, place + 1, name, group, float(score), float(probability))
            for trial, onset in enumerate(onsets)
            for place, (name, group, score, probability) in enumerate(
                zip(
                    self.names[trial],
                    self.groups[trial],
                    self.scores[trial],
                    self.probabilities[trial],
                    strict=True,
                )
            )
        ]
        columns = ["trial", "onset", "rank", "candidate", "group", "score", "probability"]
        table = pd.DataFrame(rows, columns=columns).assign(n_candidates=self.n_candidates)
        if true is None or self.true_rank is None:
            return table
        place = table["trial"].to_numpy()
        return table.assign(true=[true[trial] for trial in place], true_rank=self.true_rank[place])


class Person(Protocol):
    """Whoever wears the sensors, as a decoder knows them."""

    @property
    def label(self) -> str:
        """Name of a participant of the training, or "" for somebody else."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels needed, in the decoder's order."""

    @property
    def note(self) -> str:
        """How signals are scaled, where the participant is unknown; else ""."""


@dataclass(frozen=True)
class Wearer:
    """Somebody of whom a decoder keeps nothing but the channels.

    Attributes
    ----------
    label : str
        Participant of the training, or "".
    channels : tuple of str
        In the decoder's order.
    """

    label: str
    channels: tuple[str, ...]
    note: str = ""


class TrialDecoder(Protocol):
    """A decoder that answers each trial with ranked candidates.

    Attributes
    ----------
    kind : str
        As in ``decoder.json``.
    noun : str
        What a candidate is: "picture", "class".
    first_only : bool
        Only the first candidate counts as an answer; False: the first few do.
    """

    kind: str
    noun: str
    first_only: bool

    @property
    def label_columns(self) -> tuple[str, ...]:
        """Columns of an events table that may hold the true candidate, the likeliest first."""

    @property
    def trial_types(self) -> tuple[str, ...]:
        """``trial_type`` of the rows of an events table that are trials; empty: any."""

    @property
    def chain(self) -> Chain:
        """From measured signals to windows."""

    @property
    def participants(self) -> tuple[str, ...]:
        """Those of the training."""

    @property
    def cues(self) -> tuple[str, ...]:
        """Labels of markers that begin a trial; empty: every marker does."""

    def anyone(self) -> Any | None:
        """Return somebody of whom nothing is known; None where a recording of theirs is needed."""

    def person(self, label: str) -> Any:
        """Return a participant of the training.

        Raises
        ------
        DataFault
            If the label is unknown, with the nearest one.
        """

    def check_unit(self, windows: NDArray[Any], person: Any, *, where: str = "") -> None:
        """Raise DataFault if windows cannot be in the decoder's unit."""

    def scale(self, windows: NDArray[Any], person: Any) -> NDArray[Any]:
        """Return network input from windows (n, C, T) of the person's channels."""

    def infer(self, scaled: NDArray[Any], person: Any) -> Any:
        """Return what the network says of :meth:`scale`'s windows."""

    def rank(self, estimates: Any, *, top: int = 5, true: Sequence[str] | None = None) -> Ranking:
        """Return the best candidates of each estimate."""

    def stranger(self, raw: mne.io.BaseRaw, onsets: Sequence[float] | None = None) -> Any:
        """Return somebody who was not in the training, from a recording of theirs."""

    def predict(
        self,
        raw: mne.io.BaseRaw,
        onsets: Sequence[float] | None = None,
        *,
        participant: str | None = None,
        true: Sequence[str] | None = None,
        top: int = 5,
        extra: Extra = "stop",
    ) -> pd.DataFrame:
        """Return :meth:`Ranking.table` and ``note`` for the onsets of a recording."""
