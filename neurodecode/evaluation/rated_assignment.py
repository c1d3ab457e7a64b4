"""How each protocol of rated stretches divides them; see ``rated_splits`` for their names.

Source of the two published ones: Kuang, Song & Michoski (2024), arXiv 2408.15255, and its code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.evaluation.draws import draw_of_key
from neurodecode.evaluation.folds import positions, require
from neurodecode.evaluation.rated_folds import (
    Missing,
    RatedFold,
    check_levels_of_folds,
    no_rows,
)
from neurodecode.evaluation.stretches import STRETCHES, consensus_levels
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.evaluation.folds import Rows

Sources = Literal["all", "previous", "none"]
SOURCES = ("all", "previous", "none")


def time_blocks(stretches: pd.DataFrame, *, missing: Missing = "fault") -> list[RatedFold]:
    """Test piece i of every trial, validate on the one before, train on the others (published).

    The first piece is preceded by the last. Leaks: every clip is in all parts.

    Parameters
    ----------
    stretches : DataFrame
        From :func:`~neurodecode.evaluation.stretches.cut_pieces`; published: 10 pieces.
    missing : {"fault", "warn"}, default="fault"
        See :func:`~neurodecode.evaluation.rated_folds.check_levels_of_folds`.

    Raises
    ------
    DataFault
        If there are fewer than three pieces, or a level is missing.
    """
    require(stretches, *STRETCHES, "piece")
    return check_levels_of_folds(
        _in_turn(stretches, stretches["piece"].to_numpy(), 1), stretches, missing
    )


def leave_clips_out(
    stretches: pd.DataFrame, *, n_folds: int = 6, seed: int = 0, missing: Missing = "fault"
) -> list[RatedFold]:
    """Test clips that the subject's model has not seen, within each subject.

    Clips are dealt to folds by level (:func:`clip_folds`). Fold i tests, fold i + n_folds // 2
    validates: far enough that the two clips of a rare level do not both leave training where
    there are four folds or more.

    Parameters
    ----------
    stretches : DataFrame
    n_folds : int, default=6
        18 clips: 12 train, 3 validate, 3 test.
    seed : int, default=0
        Which clips go together.
    missing : {"fault", "warn"}, default="fault"
        A level with a single clip cannot be both trained and tested: "fault" stops, "warn" keeps
        the fold and lists the level.

    Raises
    ------
    ConfigFault
        If there are fewer than three folds.
    DataFault
        If a subject has fewer clips than folds, or a level is missing.
    """
    require(stretches, *STRETCHES)
    fold = clip_folds(stretches, n_folds, seed)
    return check_levels_of_folds(_in_turn(stretches, fold, -(n_folds // 2)), stretches, missing)


def random_windows(
    stretches: pd.DataFrame, *, n_folds: int = 10, seed: int = 0, missing: Missing = "fault"
) -> list[RatedFold]:
    """Divide windows at random within each subject; leaks, for demonstration.

    Parameters
    ----------
    stretches : DataFrame
        From :func:`~neurodecode.evaluation.stretches.cut_windows`.
    n_folds : int, default=10
        Fold i tests, the one before validates.
    seed : int, default=0
        Seed of the shuffle.
    missing : {"fault", "warn"}, default="fault"

    Raises
    ------
    DataFault
        If a subject has fewer windows than folds, or a level is missing.
    """
    require(stretches, *STRETCHES, "piece")
    fold = np.empty(len(stretches), dtype=np.intp)
    for (subject,), rows in positions(stretches, "subject"):
        _require_units(rows.size, n_folds, "windows", str(subject))
        rng = np.random.default_rng([seed, *str(subject).encode()])
        fold[rows] = rng.permutation(np.arange(rows.size) % n_folds)
    return check_levels_of_folds(_in_turn(stretches, fold, 1), stretches, missing)


def calibrated(
    stretches: pd.DataFrame,
    *,
    sources: Sources = "all",
    valid_subjects: int = 1,
    missing: Missing = "fault",
) -> list[RatedFold]:
    """Train on other subjects, calibrate on the first part of each of the target's clips.

    Published as "subject-independent". Leaks: the rest of the same clips tests.

    Parameters
    ----------
    stretches : DataFrame
        From :func:`~neurodecode.evaluation.stretches.cut_first`; published: 10 s of 60 s. Sources
        train on both parts.
    sources : {"all", "previous", "none"}, default="all"
        Which others train: all, the subject before the target, or nobody (calibration alone).
    valid_subjects : int, default=1
        How many of the others, those that follow the target, validate instead of training; the
        published training has none.
    missing : {"fault", "warn"}, default="fault"

    Raises
    ------
    ConfigFault
        If ``sources`` is unknown or ``valid_subjects`` is negative.
    DataFault
        If there are too few subjects, or a level is missing.
    """
    require(stretches, *STRETCHES, "piece")
    if sources not in SOURCES:
        raise ConfigFault(unknown("choice of sources", sources, SOURCES))
    first = stretches["piece"].to_numpy() == 0
    folds = []
    for target, own, train, valid in _others(stretches, valid_subjects, sources):
        name = f"subject {target}"
        folds.append(RatedFold(name, target, train, valid, own[first[own]], own[~first[own]]))
    return check_levels_of_folds(folds, stretches, missing)


def zero_shot(
    stretches: pd.DataFrame,
    *,
    unseen_clips: bool = False,
    valid_subjects: int = 1,
    n_folds: int = 6,
    seed: int = 0,
    missing: Missing = "fault",
) -> list[RatedFold]:
    """Train on other subjects and test on one of whom nothing is known.

    Parameters
    ----------
    stretches : DataFrame
    unseen_clips : bool, default=False
        The tested clips are also held out of the others' data: one fold per target and group of
        clips. Else a model may know how a clip is answered in general.
    valid_subjects : int, default=1
        As for :func:`calibrated`.
    n_folds : int, default=6
        Groups of clips, dealt by the target's levels, if ``unseen_clips``.
    seed : int, default=0
        Which clips go together.
    missing : {"fault", "warn"}, default="fault"

    Raises
    ------
    ConfigFault
        If ``valid_subjects`` is negative, or there are fewer than three groups.
    DataFault
        If there are too few subjects, fewer clips than folds, or a level is missing.
    """
    require(stretches, *STRETCHES)
    group = clip_folds(stretches, n_folds, seed) if unseen_clips else np.zeros(len(stretches))
    clips = stretches["clip"].to_numpy()
    folds = []
    for target, own, train, valid in _others(stretches, valid_subjects, "all"):
        for fold in np.unique(group[own]):
            test = own[group[own] == fold]
            if unseen_clips:
                seen = ~np.isin(clips, clips[test])
                name = f"subject {target}, fold {fold}"
                folds.append(RatedFold(name, target, train[seen[train]], valid[seen[valid]],
                                       no_rows(), test, str(fold)))  # fmt: skip
            else:
                folds.append(RatedFold(f"subject {target}", target, train, valid, no_rows(), test))
    return check_levels_of_folds(folds, stretches, missing)


def clip_folds(stretches: pd.DataFrame, n_folds: int, seed: int) -> Rows:
    """Deal each subject's clips to folds, so that levels and numbers are spread evenly.

    A subject's clips are ranked by level (of a clip rated several times, the most frequent), then
    by a draw that depends on the seed, the subject and the clip alone; the k-th goes to fold k
    modulo ``n_folds``. Folds differ by at most one clip, also within each level.

    Returns
    -------
    ndarray of int, shape (n_stretches,)

    Raises
    ------
    ConfigFault
        If there are fewer than three folds.
    DataFault
        If a subject has fewer clips than folds.
    """
    if n_folds < 3:
        raise ConfigFault(
            f"{n_folds} folds of clips", fix="give 3 or more: to train, validate and test"
        )
    fold = np.empty(len(stretches), dtype=np.intp)
    for (subject,), rows in positions(stretches, "subject"):
        mine = stretches.iloc[rows]
        clips = dict(zip(mine["clip"], consensus_levels(mine), strict=True))
        _require_units(len(clips), n_folds, "clips", str(subject))
        draws = {clip: draw_of_key(f"clips {seed} {subject} {clip}") for clip in clips}
        ranked = sorted(clips, key=lambda clip: (clips[clip], draws[clip], str(clip)))
        place = {clip: k % n_folds for k, clip in enumerate(ranked)}
        fold[rows] = mine["clip"].map(place).to_numpy()
    return fold


def _in_turn(stretches: pd.DataFrame, fold: Rows, back: int) -> list[RatedFold]:
    """Test each fold within each subject; the one ``back`` before it validates, cyclically."""
    n_folds = int(fold.max()) + 1
    if n_folds < 3:
        raise DataFault(f"{n_folds} folds", fix="give 3 or more: to train, validate and test")
    return [
        RatedFold(
            f"subject {subject}, fold {i}",
            str(subject),
            rows[(fold[rows] != i) & (fold[rows] != (i - back) % n_folds)],
            rows[fold[rows] == (i - back) % n_folds],
            no_rows(),
            rows[fold[rows] == i],
            str(i),
        )
        for (subject,), rows in positions(stretches, "subject")
        for i in range(n_folds)
    ]


def _others(
    stretches: pd.DataFrame, valid_subjects: int, sources: Sources
) -> Iterator[tuple[str, Rows, Rows, Rows]]:
    """Yield each target with its own, the training and the validation rows."""
    if valid_subjects < 0:
        raise ConfigFault(f"{valid_subjects} validation subjects", fix="give 0 or more")
    rows = {str(subject): mine for (subject,), mine in positions(stretches, "subject")}
    names = list(rows)
    least = valid_subjects + (1 if sources == "none" else 2)
    if len(names) < least:
        raise DataFault(
            f"{len(names)} subjects: {valid_subjects} validation subjects and a target need "
            f"{least}",
            fix="add subjects, ask for fewer validation subjects, or split within the subject",
        )
    for place, target in enumerate(names):
        others = names[place + 1 :] + names[:place]
        training = others[valid_subjects:]
        chosen = {"all": training, "previous": training[-1:], "none": []}[sources]
        yield target, rows[target], _of(rows, chosen), _of(rows, others[:valid_subjects])


def _of(rows: dict[str, Rows], names: list[str]) -> Rows:
    return np.sort(np.concatenate([rows[name] for name in names])) if names else no_rows()


def _require_units(found: int, n_folds: int, units: str, subject: str) -> None:
    if found < n_folds:
        raise DataFault(
            f"{found} {units} for {n_folds} folds",
            where=f"subject {subject}",
            fix=f"use {found} folds or fewer" if found > 2 else "leave this subject out",
        )
