"""Splits of the stimuli that several subjects saw into training, validation and test, by name.

A table with a row per trial of everybody goes in; it comes back with the part of every row. A
model of several subjects is trained on all of them at once, so a stimulus that tests one subject
must not train any other. Draws are hashes of what is drawn with the seed, so that they are the
same on every machine, whatever the order of the rows.

References
----------
Wang et al. (2024), MindBridge: a cross-subject brain decoding framework, CVPR: shared test
stimuli, and training stimuli that no two subjects have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neurodecode.evaluation.audit import PART_FOLDS, AuditRow, audit_parts
from neurodecode.evaluation.draws import Shares
from neurodecode.evaluation.folds import require
from neurodecode.evaluation.stimulus_assignment import (
    Draw,
    leave_runs_out,
    published,
    shared_test,
    unseen_stimuli,
)
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from neurodecode.evaluation.audit import PartFold

TRIALS = ("participant", "stimulus", "image", "run", "repetition", "part")
"""Columns that the table needs."""

CONTENT = "picture content"
DISJOINT = "stimulus trained on by two subjects"


@dataclass(frozen=True)
class StimulusProtocol:
    """A named split of stimuli.

    Attributes
    ----------
    name : str
        As in configurations and in the ``split`` field of scores.
    description : str
        One line for users.
    assign : callable
        ``assign(trials, draw)`` returns ``trials`` with ``part``.
    units : tuple of str
        What must not be in two parts, whoever the subjects: columns of the result.
    by_content : bool
        Whether the same picture under two names would be a leak.
    disjoint : bool
        Whether no two subjects train on one stimulus, where the user does not say otherwise.
    """

    name: str
    description: str
    assign: Callable[[pd.DataFrame, Draw], pd.DataFrame]
    units: tuple[str, ...] = ("stimulus",)
    by_content: bool = True
    disjoint: bool = False


def split_stimuli(
    trials: pd.DataFrame,
    protocol: str = "published",
    *,
    valid: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    disjoint: bool | None = None,
    fold: int = 0,
    contents: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Give every trial its part.

    ===================== ========================================================================
    ``published``         Parts as the publisher has them. A stimulus that tests anybody tests
                          everybody. Where no trial is "valid", a share ``valid`` of each
                          subject's training stimuli is drawn; trials without part are left out.
    ``shared_test``       Test stimuli are those that the publisher tests everybody with; elsewhere
                          those that everybody saw at least twice. Where these are more than half
                          of what somebody saw, a share ``test`` of them is drawn. Each subject
                          trains on a part of the others that is its own.
    ``unseen_stimuli``    A share ``test`` of all stimuli, the same for everybody, is drawn.
    ``leave_runs_out``    Stimuli are known, runs are unseen: of each subject's runs, in the order
                          of their draws, every ``round(1 / test)``-th from the ``fold``-th on
                          tests. Validation runs are drawn from the others. Stimuli that are not
                          trained on by the subject are left out.
    ===================== ========================================================================

    Parameters
    ----------
    trials : DataFrame
        One row per trial of everybody, with the columns of :data:`TRIALS`; ``part`` is what the
        publisher says ("train", "valid", "test" or "").
    protocol : str, default="published"
        Name in :data:`STIMULUS_PROTOCOLS`.
    valid : float, default=0.1
        Share of the stimuli (runs) that do not test.
    test : float, default=0.1
        Share of the stimuli or runs that test, where it is drawn.
    seed : int, default=0
        Seed of all draws.
    disjoint : bool, default=None
        No two subjects train on one stimulus: a stimulus that several saw goes to the one that
        has fewest yet, in the order of the stimuli's draws, and is left out for the others. None:
        as the protocol has it, which is True for ``shared_test`` only.
    fold : int, default=0
        Of ``leave_runs_out``, from 0: which runs test; folds 0 to ``round(1 / test) - 1`` test
        every run once.
    contents : mapping of str to str, default=None
        SHA-256 of each picture's file by ``image``. Stimuli of one content are then one stimulus.

    Returns
    -------
    DataFrame
        A copy in the same order, where ``published`` is the publisher's part, ``part`` is
        "train", "valid", "test" or "" (left out), and ``run_of`` names participant and run.

    Raises
    ------
    ConfigFault
        The protocol is unknown, with the nearest name, a share is outside its range, there is no
        such fold, or subjects cannot be disjoint in it.
    DataFault
        A column is missing, or a subject has no trial for training or for test, with the counts.
    """
    chosen = stimulus_protocol(protocol)
    apart = chosen.disjoint if disjoint is None else disjoint
    draw = Draw(Shares(valid, test, seed, gap=0.0), apart, fold)
    require(trials, *TRIALS)
    table = trials.rename(columns={"part": "published"})
    table = table.assign(part="", run_of=_runs(trials), key=_identities(trials, contents))
    done = chosen.assign(table, draw).drop(columns="key")
    _require_parts(done, protocol)
    return done


def stimulus_protocol(name: str) -> StimulusProtocol:
    """Return a protocol of :data:`STIMULUS_PROTOCOLS`; ConfigFault with the nearest name."""
    if name not in STIMULUS_PROTOCOLS:
        raise ConfigFault(unknown("stimulus split", name, STIMULUS_PROTOCOLS))
    return STIMULUS_PROTOCOLS[name]


def audit_stimuli(
    trials: pd.DataFrame,
    protocol: str = "published",
    *,
    disjoint: bool | None = None,
    contents: Mapping[str, str] | None = None,
) -> list[AuditRow]:
    """Count what two parts of a split share, within each subject and across all.

    Parameters
    ----------
    trials : DataFrame
        From :func:`split_stimuli`; counted anew, whoever made the parts.
    protocol : str, default="published"
        The protocol it claims to follow.
    disjoint : bool, default=None
        Count stimuli that two subjects train on; None: as the protocol has it.
    contents : mapping of str to str, default=None
        SHA-256 of each picture's file; the same content under two names counts as shared, where
        the protocol does not mean stimuli to be known.

    Returns
    -------
    list of AuditRow
        Every ``overlap`` must be 0. Across subjects, the test part of anybody is held against the
        training and validation parts of everybody.

    Raises
    ------
    ConfigFault
        If the protocol is unknown.
    """
    chosen = stimulus_protocol(protocol)
    keys = {("run" if unit == "run_of" else unit): trials[unit] for unit in chosen.units}
    if contents is not None and chosen.by_content:
        keys[CONTENT] = trials["image"].map(contents)
    groups = [("all subjects", trials)]
    groups += [(f"subject {name}", rows) for name, rows in trials.groupby("participant")]
    found = [
        _shared(rows, key.loc[rows.index], unit, chosen.name, fold, who)
        for who, rows in groups
        for fold in PART_FOLDS
        for unit, key in keys.items()
    ]
    if chosen.disjoint if disjoint is None else disjoint:
        found.append(_trained_twice(trials, chosen.name, contents))
    return found


def _shared(
    rows: pd.DataFrame,
    keys: pd.Series[str],
    unit: str,
    split: str,
    fold: PartFold,
    who: str,
) -> AuditRow:
    units = keys.dropna().groupby(rows["part"]).agg(set).to_dict()
    counts = rows["part"].value_counts().to_dict()
    row = audit_parts(units, counts, fold, split=split, unit=unit)
    return replace(row, fold=f"{who}, {row.fold}")


def _trained_twice(
    trials: pd.DataFrame, split: str, contents: Mapping[str, str] | None
) -> AuditRow:
    """Count the stimuli in the training or validation of more than one subject."""
    known = trials[trials["part"].isin(["train", "valid"])]
    keys = _identities(known, contents)
    people = known["participant"].groupby(keys).nunique()
    both = sorted(map(str, people.index[people > 1]))
    return AuditRow(
        split, "training of one subject / of another", DISJOINT, len(known), len(known),
        len(people), len(people), len(both), tuple(both[:3]),
    )  # fmt: skip


def _require_parts(done: pd.DataFrame, protocol: str) -> None:
    """Raise DataFault for the first subject that lacks training or test trials."""
    parts = {str(name): set(part) for name, part in done.groupby("participant")["part"]}
    for part, kind in (("test", "test"), ("train", "training")):
        lacking = [name for name, has in parts.items() if part not in has]
        if lacking:
            more = f" (and {len(lacking) - 1} more subjects)" if len(lacking) > 1 else ""
            valid = ", ".join(name for name in STIMULUS_PROTOCOLS if name != protocol)
            raise DataFault(
                f"subject {lacking[0]} has no {kind} stimulus{more}",
                where=f"split {protocol}",
                fix=f"leave the subject out, or choose another split: {valid}",
            )


def _runs(trials: pd.DataFrame) -> pd.Series[str]:
    return "participant " + trials["participant"].astype(str) + ", run " + trials["run"].astype(str)


def _identities(trials: pd.DataFrame, contents: Mapping[str, str] | None) -> pd.Series[str]:
    """Return what tells stimuli apart: their pictures' content where known, else their ids.

    Stimuli of one content are named by the first of their ids.
    """
    if contents is None:
        return trials["stimulus"]
    content = trials["image"].map(contents)
    names = trials["stimulus"].groupby(content).transform("min")
    return trials["stimulus"].where(content.isna(), names)


STIMULUS_PROTOCOLS: dict[str, StimulusProtocol] = {
    protocol.name: protocol
    for protocol in (
        StimulusProtocol("published", "the publisher's parts", published),
        StimulusProtocol(
            "shared_test",
            "stimuli that everybody saw repeatedly test; each subject trains on its own others",
            shared_test,
            disjoint=True,
        ),
        StimulusProtocol(
            "unseen_stimuli", "stimuli that nobody was trained on, drawn", unseen_stimuli
        ),
        StimulusProtocol(
            "leave_runs_out",
            "known stimuli in runs that were not trained on",
            leave_runs_out,
            units=("run_of",),
            by_content=False,
        ),
    )
}
"""Protocols by name."""
