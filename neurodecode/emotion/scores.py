"""Scores of a whole run: every subject's rows, the group's, and differences over subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.emotion.evaluation import WINDOWS, read_unit
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.group_scores import group_rows
from neurodecode.evaluation.metric_row import metric_frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = {
    "f1_weighted": "weighted F1",
    "f1_macro": "macro F1",
    "accuracy": "top-1",
    "top2_accuracy": "top-2",
    "accuracy_present": "top-1 of levels present",
    "top2_present": "top-2 of levels present",
    "tri_p": "Tri-P",
    "seq2hr": "Seq2HR",
    "seq2hr_top1": "adjacent and first right",
    "adjacency": "adjacent",
    "kappa_quadratic": "quadratic kappa",
}
"""Short names of the scores, as the report shows them."""
F1, SEQ2HR, KAPPA = "weighted F1", "Seq2HR", "quadratic kappa"


@dataclass(frozen=True)
class Scores:
    """Every score of a run.

    Attributes
    ----------
    rows : DataFrame
        Columns of a metric row, of levels "subject" and "group", and ``label``, ``protocol``,
        ``kind`` ("windows", "balanced crops"); ``split`` is rating and protocol together.
    predictions : DataFrame
        Answers to every test window.
    """

    rows: pd.DataFrame
    predictions: pd.DataFrame

    def part(
        self, label: str, protocol: str, metric: str = F1, kind: str = WINDOWS
    ) -> pd.DataFrame:
        """Return subject and group rows of one rating, protocol and score."""
        rows = self.rows
        chosen = (rows["label"] == label) & (rows["protocol"] == protocol)
        return rows[chosen & (rows["metric"] == metric) & (rows["kind"] == kind)]

    def subjects(self, protocol: str, metric: str, kind: str = WINDOWS) -> pd.DataFrame:
        """Return each model's and subject's score, averaged over ratings: model, subject, value."""
        rows = self.rows[self.rows["level"] == "subject"]
        chosen = (rows["protocol"] == protocol) & (rows["metric"] == metric)
        return (
            rows[chosen & (rows["kind"] == kind)]
            .groupby(["model", "subject"], sort=False, as_index=False)[["value", "chance"]]
            .mean()
        )

    def compared(
        self, protocol: str, metric: str, main: str, others: Sequence[str], seed: int
    ) -> pd.DataFrame:
        """Return the main model minus others over subjects; empty without two pairs or more."""
        table = self.subjects(protocol, metric)
        table = table[table["model"].isin([main, *others])]
        if main not in set(table["model"]) or table["model"].nunique() < 2:
            return pd.DataFrame()
        if table["subject"].nunique() < 2:  # there is no interval over one
            return pd.DataFrame()
        return compare_reference(table, main, random_state=seed)

    def protocols_of(self, model: str) -> list[str]:
        """Return the protocols that a model was scored under."""
        rows = self.rows
        return list(dict.fromkeys(rows["protocol"][rows["model"] == model]))


def load_scores(folders: Sequence[Path], n_resamples: int, seed: int) -> Scores:
    """Read the evaluations of all units, and add the group's rows.

    Parameters
    ----------
    folders : sequence of Path
        Of the units.
    n_resamples, seed : int
        Of the group's intervals.
    """
    tables, rows = [], []
    for folder in folders:
        predictions, found = read_unit(folder)
        tables.append(predictions)
        rows += found
    subjects = pd.DataFrame(rows).rename(columns={"split": "protocol"})
    subjects["metric"] = subjects["metric"].map(NAMES)
    subjects["split"] = subjects["label"] + " " + subjects["protocol"]
    groups = []
    keys = ["label", "protocol", "kind"]
    for names, part in subjects.groupby(keys, sort=False):
        found_rows = group_rows(part, n_resamples=n_resamples, seed=seed, unit="subject")
        labels = dict(zip(keys, map(str, names), strict=True))
        groups.append(metric_frame(found_rows).assign(**labels))
    return Scores(
        pd.concat([subjects, *groups], ignore_index=True),
        pd.concat(tables, ignore_index=True),
    )
