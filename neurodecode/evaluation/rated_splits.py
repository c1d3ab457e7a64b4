"""Splits of rated trials by name, honest ones and published ones that leak, and their audit.

Whole trials go in; stretches come back with the folds that divide them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.evaluation.audit import AuditRow, audit_parts, fold_name, unit_keys
from neurodecode.evaluation.rated_assignment import (
    Sources,
    calibrated,
    leave_clips_out,
    random_windows,
    time_blocks,
    zero_shot,
)
from neurodecode.evaluation.rated_folds import PARTS, Missing, RatedFold
from neurodecode.evaluation.stretches import cut_first, cut_pieces, cut_windows, shared_samples
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from neurodecode.evaluation.audit import PartFold
    from neurodecode.evaluation.folds import Rows

TESTED: PartFold = (("train", "valid", "calibrate"), "test")
VALIDATED: PartFold = (("train",), "valid")
SAMPLE = "recorded sample"
"""Unit that no protocol may let cross: a stretch that shares samples with another part."""


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """What a protocol may ask for; each reads what concerns it.

    Attributes
    ----------
    n_pieces : int
        Of ``time_blocks``: contiguous pieces of each trial.
    n_folds : int
        Groups of clips of ``leave_clips_out`` and of zero-shot tests on unseen clips.
    n_random_folds : int
        Of ``random_windows``.
    window_samples : int
        Of ``random_windows``: length of the windows that are drawn.
    calibration_samples : int
        Of ``calibrated``: the first samples of each of the target's clips; 10 s at 128 Hz.
    sources, valid_subjects
        See :func:`~neurodecode.evaluation.rated_assignment.calibrated`.
    seed : int
        Of all draws.
    missing : {"fault", "warn"}
        What to do about a level that is tested but not trained on.
    """

    n_pieces: int = 10
    n_folds: int = 6
    n_random_folds: int = 10
    window_samples: int = 128
    calibration_samples: int = 1280
    sources: Sources = "all"
    valid_subjects: int = 1
    seed: int = 0
    missing: Missing = "fault"


@dataclass(frozen=True)
class RatedProtocol:
    """A named split of rated trials.

    Attributes
    ----------
    name : str
        As in configurations and in the ``split`` field of scores.
    description : str
        One line for users.
    units : tuple of str
        What must not be both in test and in training, validation or calibration. Of a published
        protocol that leaks: what does cross.
    valid_units : tuple of str
        What must not be both in training and validation.
    cut : callable
        ``cut(stretches, settings)`` cuts whole trials as the protocol needs.
    make : callable
        ``make(stretches, settings)`` returns the folds.
    leaks : str or None
        What leaks, for protocols kept for comparison; None for honest ones.
    """

    name: str
    description: str
    units: tuple[str, ...]
    valid_units: tuple[str, ...]
    cut: Callable[[pd.DataFrame, SplitSettings], pd.DataFrame]
    make: Callable[[pd.DataFrame, SplitSettings], list[RatedFold]]
    leaks: str | None = None


def split_rated(
    trials: pd.DataFrame, protocol: str, settings: SplitSettings | None = None
) -> tuple[pd.DataFrame, list[RatedFold]]:
    """Cut trials and divide them.

    ========================== ===================================================================
    ``time_blocks``            Published, leaks: pieces of all clips train and test.
    ``leave_clips_out``        Within a subject, clips that were not trained on.
    ``calibrated``             Published, leaks: the first 10 s of the tested clips calibrate.
    ``zero_shot``              A subject of whom nothing is known, clips that others saw.
    ``zero_shot_unseen_clips`` A subject and clips of which nothing is known.
    ``random_windows``         Leaks: neighbouring windows train and test.
    ========================== ===================================================================

    Parameters
    ----------
    trials : DataFrame
        A stretch per trial of everybody, from
        :func:`~neurodecode.evaluation.stretches.whole_trials`.
    protocol : str
        Name in :data:`RATED_PROTOCOLS`.
    settings : SplitSettings, optional

    Returns
    -------
    stretches : DataFrame
        The table that the folds' positions refer to.
    folds : list of RatedFold

    Raises
    ------
    ConfigFault
        If the protocol is unknown, with the nearest name, or a setting cannot be used.
    DataFault
        If the trials do not allow the split.
    """
    chosen, asked = rated_protocol(protocol), settings or SplitSettings()
    stretches = chosen.cut(trials.reset_index(drop=True), asked)
    return stretches, chosen.make(stretches, asked)


def rated_protocol(name: str) -> RatedProtocol:
    """Return a protocol of :data:`RATED_PROTOCOLS`; ConfigFault with the nearest name."""
    if name not in RATED_PROTOCOLS:
        raise ConfigFault(unknown("split of rated trials", name, RATED_PROTOCOLS))
    return RATED_PROTOCOLS[name]


def audit_rated(
    stretches: pd.DataFrame, folds: Iterable[RatedFold], protocol: str
) -> list[AuditRow]:
    """Count what the parts of each fold share, by the units of the protocol.

    Parameters
    ----------
    stretches : DataFrame
        What the folds refer to; counted anew, whoever made them.
    folds : iterable of RatedFold
    protocol : str
        The protocol that they claim to follow.

    Returns
    -------
    list of AuditRow
        Per fold: training, validation and calibration against test, and training against
        validation, for each unit; then stretches that share recorded samples, which no protocol
        may excuse. Counts are of stretches. Pass them to
        :func:`~neurodecode.evaluation.audit.assert_no_leak`.

    Raises
    ------
    ConfigFault
        If the protocol is unknown.
    """
    chosen = rated_protocol(protocol)
    keys = {unit: unit_keys(stretches, unit) for unit in {*chosen.units, *chosen.valid_units}}
    found = []
    for fold in folds:
        for pair, units in ((TESTED, chosen.units), (VALIDATED, chosen.valid_units)):
            for unit in units:
                values = {part: set(keys[unit][_rows(fold, part)].tolist()) for part in PARTS}
                found.append(_audit_row(fold, pair, values, chosen, unit))
            found.append(_sample_row(fold, pair, stretches, chosen))
    return found


def missing_levels(stretches: pd.DataFrame, folds: Iterable[RatedFold]) -> pd.DataFrame:
    """List the levels that a fold tests without having trained on them.

    Returns
    -------
    DataFrame
        ``subject, fold, level, n_stretches, n_clips``: how much of the test cannot be right.
    """
    rows = []
    for fold in folds:
        tested = stretches.iloc[fold.test]
        for level in fold.untrained:
            mine = tested[tested["level"] == level]
            rows.append((fold.subject, fold.name, level, len(mine), mine["clip"].nunique()))
    return pd.DataFrame(rows, columns=["subject", "fold", "level", "n_stretches", "n_clips"])


def _rows(fold: RatedFold, part: str) -> Rows:
    rows: Rows = getattr(fold, part)
    return rows


def _audit_row(
    fold: RatedFold,
    pair: PartFold,
    values: dict[str, set[str]],
    chosen: RatedProtocol,
    unit: str,
) -> AuditRow:
    counts = {part: _rows(fold, part).size for part in PARTS}
    row = audit_parts(values, counts, pair, split=chosen.name, unit=unit, leaks=chosen.leaks)
    return replace(row, fold=f"{fold.name}, {row.fold}")


def _sample_row(
    fold: RatedFold, pair: PartFold, stretches: pd.DataFrame, chosen: RatedProtocol
) -> AuditRow:
    """Count held-out stretches that have samples in common with the known ones."""
    parts, part = pair
    known = pd.concat([stretches.iloc[_rows(fold, name)] for name in parts])
    held_out = stretches.iloc[_rows(fold, part)]
    both = held_out[shared_samples(known, held_out)]
    shown = tuple(
        f"subject {row.subject}, trial {row.trial}, samples {row.start} to {row.stop}"
        for row in both.head(3).itertuples()
    )
    return AuditRow(
        chosen.name, f"{fold.name}, {fold_name(pair)}", SAMPLE, len(known), len(held_out),
        len(known), len(held_out), len(both), shown,
    )  # fmt: skip


def _whole(stretches: pd.DataFrame, _: SplitSettings) -> pd.DataFrame:
    return stretches


RATED_PROTOCOLS: dict[str, RatedProtocol] = {
    protocol.name: protocol
    for protocol in (
        RatedProtocol(
            "time_blocks",
            "contiguous pieces of every clip, within a subject, as published",
            units=("clip",),
            valid_units=("clip",),
            cut=lambda table, s: cut_pieces(table, s.n_pieces),
            make=lambda table, s: time_blocks(table, missing=s.missing),
            leaks="every clip is in training and test, so that which clip it is and slow drift "
            "give its rating away",
        ),
        RatedProtocol(
            "leave_clips_out",
            "clips that were not trained on, within a subject",
            units=("clip",),
            valid_units=("clip",),
            cut=_whole,
            make=lambda table, s: leave_clips_out(
                table, n_folds=s.n_folds, seed=s.seed, missing=s.missing
            ),
        ),
        RatedProtocol(
            "calibrated",
            "a new subject, calibrated on the beginning of every tested clip, as published",
            units=("subject", "clip"),
            valid_units=("subject",),
            cut=lambda table, s: cut_first(table, s.calibration_samples),
            make=lambda table, s: calibrated(
                table, sources=s.sources, valid_subjects=s.valid_subjects, missing=s.missing
            ),
            leaks="the beginning of every tested clip calibrates with its rating, so that which "
            "clip it is gives the rating away",
        ),
        RatedProtocol(
            "zero_shot",
            "a new subject of whom nothing is known; others saw the clips",
            units=("subject",),
            valid_units=("subject",),
            cut=_whole,
            make=lambda table, s: zero_shot(
                table, valid_subjects=s.valid_subjects, missing=s.missing
            ),
        ),
        RatedProtocol(
            "zero_shot_unseen_clips",
            "a new subject and new clips, of which nothing is known",
            units=("subject", "clip"),
            valid_units=("subject",),
            cut=_whole,
            make=lambda table, s: zero_shot(
                table,
                unseen_clips=True,
                valid_subjects=s.valid_subjects,
                n_folds=s.n_folds,
                seed=s.seed,
                missing=s.missing,
            ),
        ),
        RatedProtocol(
            "random_windows",
            "windows drawn at random within a subject, as in some papers",
            units=("clip", "trial"),
            valid_units=("trial",),
            cut=lambda table, s: cut_windows(table, s.window_samples),
            make=lambda table, s: random_windows(
                table, n_folds=s.n_random_folds, seed=s.seed, missing=s.missing
            ),
            leaks="neighbouring windows of one clip are in training and test",
        ),
    )
}
"""Protocols by name."""
