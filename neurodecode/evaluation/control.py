"""A decoder trained on shuffled targets must land at chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.evaluation.bootstrap import mean_ci

if TYPE_CHECKING:
    import pandas as pd

FEWEST_FOR_CONTROL = 5


def control_at_chance(rows: pd.DataFrame, model: str, split: str, what: str) -> str | None:
    """Say in words whether a control decoder landed at chance.

    It did when chance lies in the 99 % interval over subjects. Fewer than five subjects cannot
    tell: the shuffle is drawn once per model, and the score of one subject then varies widely.

    Parameters
    ----------
    rows : DataFrame
        Metric rows of one metric.
    model : str
        The control.
    what : str
        How it was trained, for instance "on permuted labels".
    """
    mine = rows[(rows["model"] == model) & (rows["split"] == split)]
    subjects = mine.loc[mine["level"] == "subject", "value"].to_numpy(float)
    if not len(subjects):
        return None
    chance = float(mine["chance"].mean())
    said = f"Control: trained {what}, the decoder scores {subjects.mean():.3f}"
    if len(subjects) < FEWEST_FOR_CONTROL:
        people = "1 subject is" if len(subjects) == 1 else f"{len(subjects)} subjects are"
        return f"{said} (chance {chance:.2f}; {people} too few to judge)."
    ci = mean_ci(subjects, level=0.99, expand=True, random_state=0, unit="subject")
    at_chance = ci.low <= chance <= ci.high
    verdict = "at chance, as it must" if at_chance else "NOT at chance: do not trust this run"
    return f"{said}, 99 % interval {ci.low:.3f} to {ci.high:.3f}: {verdict}."
