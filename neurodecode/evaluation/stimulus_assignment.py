"""How each split of seen stimuli gives trials their part.

A table holds ``participant``, ``stimulus``, ``published`` (the publisher's part), ``key`` (which
stimuli are one) and ``run_of`` (participant and run); each function returns it with ``part``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.folds import positions
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from neurodecode.evaluation.draws import Shares


@dataclass(frozen=True)
class Draw:
    """What is drawn, and how.

    Attributes
    ----------
    shares : Shares
    disjoint : bool
        No two subjects train on one stimulus.
    fold : int
        Of ``leave_runs_out``.
    """

    shares: Shares
    disjoint: bool
    fold: int


def published(table: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Parts as the publisher has them; see :func:`~.stimulus_splits.split_stimuli`."""
    part = table["published"]
    tested = table["key"].isin(table.loc[part == "test", "key"])
    table = table.assign(part=part.mask(tested & (part != ""), "test"))
    return _finish(table, draw, has_valid=bool((part == "valid").any()))


def shared_test(table: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Stimuli that everybody saw repeatedly test; see :func:`~.stimulus_splits.split_stimuli`.

    Raises
    ------
    DataFault
        No stimulus was seen at least twice by everybody.
    """
    people = table["participant"].nunique()
    of_publisher = table.loc[table["published"] == "test"]
    tests = _seen_by(of_publisher, people)
    if not tests:
        tests = _seen_by(table, people, least=2)
        if not tests:
            raise DataFault(
                f"no stimulus was seen at least twice by all {people} subjects",
                where="split shared_test",
                fix="choose unseen_stimuli, or leave subjects out",
            )
        most = table["key"].isin(tests).groupby(table["participant"]).mean().max()
        if most > 1 / 2:
            tests = draw.shares.draw(tests, draw.shares.test, "shared test stimulus", least=2)
    return _finish(_train_and_test(table, tests), draw, has_valid=False)


def unseen_stimuli(table: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Test stimuli are drawn; see :func:`~.stimulus_splits.split_stimuli`."""
    tests = draw.shares.draw(table["key"], draw.shares.test, "test stimulus", least=2)
    return _finish(_train_and_test(table, tests), draw, has_valid=False)


def leave_runs_out(table: pd.DataFrame, draw: Draw) -> pd.DataFrame:
    """Test runs are unseen; see :func:`~.stimulus_splits.split_stimuli`.

    Raises
    ------
    ConfigFault
        There is no such fold, or subjects shall be disjoint.
    DataFault
        Somebody has fewer runs than parts.
    """
    n_folds = count_folds(draw.shares.test)
    if not 0 <= draw.fold < n_folds:
        raise ConfigFault(f"fold {draw.fold} of leave_runs_out", fix=f"give 0 to {n_folds - 1}")
    if draw.disjoint:
        raise ConfigFault("leave_runs_out tests known stimuli", fix="set disjoint to false")
    part = np.full(len(table), "train", dtype=object)
    runs = table["run_of"].to_numpy()
    for (person,), rows in positions(table, "participant"):
        test, valid = _run_parts(sorted(set(runs[rows])), draw, n_folds, str(person))
        part[rows[np.isin(runs[rows], test)]] = "test"
        part[rows[np.isin(runs[rows], valid)]] = "valid"
    table = table.assign(part=part)
    known = table["participant"].astype(str) + " " + table["key"]
    table.loc[~known.isin(known[table["part"] == "train"]), "part"] = ""
    return table


def count_folds(test: float) -> int:
    """Return how many folds of ``leave_runs_out`` test every run once: 1 / test, rounded."""
    return round(1 / test)


def _run_parts(
    runs: list[str], draw: Draw, n_folds: int, person: str
) -> tuple[list[str], list[str]]:
    """Return the test and the validation runs of one subject."""
    shares = draw.shares
    least = 1 if shares.valid else 0
    if len(runs) < max(2 + least, n_folds):
        told = f"subject {person} has {len(runs)} runs, {max(2 + least, n_folds)} are needed"
        fix = f"set test to 1/{len(runs)} or more" if len(runs) >= 2 + least else "use more runs"
        raise DataFault(told, where="split leave_runs_out", fix=fix)
    ranked = sorted(runs, key=lambda run: (shares.rank(run, "test run"), run))
    test = ranked[draw.fold :: n_folds]
    rest = set(runs) - set(test)
    return test, sorted(shares.draw(rest, shares.valid, "valid run", least=least))


def _train_and_test(table: pd.DataFrame, tests: set[str]) -> pd.DataFrame:
    return table.assign(part=np.where(table["key"].isin(tests), "test", "train"))


def _finish(table: pd.DataFrame, draw: Draw, *, has_valid: bool) -> pd.DataFrame:
    """Give shared training stimuli to one subject each, and draw validation stimuli."""
    if draw.disjoint:
        learnt = table["part"].isin(["train", "valid"])
        owners = _owners(table[learnt], draw.shares)
        mine = table["key"].map(owners) == table["participant"]
        table = table.assign(part=table["part"].mask(learnt & ~mine, ""))
    if not has_valid:
        train = table["part"] == "train"
        drawn = _valid_stimuli(table[train], draw.shares)
        table = table.assign(part=table["part"].mask(train & table["key"].isin(drawn), "valid"))
    return table


def _owners(table: pd.DataFrame, shares: Shares) -> dict[str, object]:
    """Return who trains on each stimulus: of those who saw it, the one with fewest yet."""
    seen = table.groupby("key")["participant"].unique()
    order = sorted(seen.index, key=lambda key: (shares.rank(key, "owner"), key))
    load = dict.fromkeys(table["participant"].unique(), 0)
    # Those with no choice come first, so that the others can even out what they have.
    owners: dict[str, object] = {}
    for key in sorted(order, key=lambda key: len(seen[key])):
        owner = min(seen[key], key=lambda person: (load[person], str(person)))
        owners[key] = owner
        load[owner] += 1
    return owners


def _valid_stimuli(table: pd.DataFrame, shares: Shares) -> set[str]:
    """Draw stimuli so that about the share ``valid`` of everybody's validates.

    A stimulus that several subjects train on validates for all of them.
    """
    drawn: set[str] = set()
    for _, rows in table.groupby("participant"):
        drawn |= shares.draw(rows["key"], shares.valid, "valid stimulus")
    return drawn


def _seen_by(table: pd.DataFrame, people: int, *, least: int = 1) -> set[str]:
    """Return the stimuli that all subjects saw at least so often."""
    counts = table.groupby(["key", "participant"]).size()
    often = counts[counts >= least].groupby(level="key").size()
    return set(often.index[often == people])
