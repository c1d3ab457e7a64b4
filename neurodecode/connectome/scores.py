"""Scores of a whole run, and differences between its models over people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.connectome.evaluation import CHOSEN, read_unit
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.diagnosis_scores import BALANCED, balanced_hits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = {
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "roc_auc": "AUC",
}
"""Scores as the report shows them."""


@dataclass(frozen=True)
class Scores:
    """Every score of a run.

    Attributes
    ----------
    rows : DataFrame
        Columns of a metric row, ``site`` (None: all) and ``p_site``.
    predictions : DataFrame
        Answers to every test person, of all kinds.
    choices : DataFrame
        What was chosen in every fold.
    """

    rows: pd.DataFrame
    predictions: pd.DataFrame
    choices: pd.DataFrame

    def part(self, protocol: str, metric: str = BALANCED) -> pd.DataFrame:
        """Return the rows over all sites of one protocol and score, a model each."""
        rows = self.rows
        return rows[(rows["split"] == protocol) & (rows["metric"] == metric) & rows["site"].isna()]

    def sites(self, protocol: str, model: str) -> pd.DataFrame:
        """Return a model's scores as site x score."""
        rows = self.rows[self.rows["site"].notna()]
        mine = rows[(rows["split"] == protocol) & (rows["model"] == model)]
        return mine.pivot_table(index="site", columns="metric", values="value")

    def row(self, protocol: str, model: str, metric: str = BALANCED) -> pd.Series[Any] | None:
        """Return one score; None where it is not part of the run."""
        part = self.part(protocol, metric)
        mine = part[part["model"] == model]
        return None if mine.empty else mine.iloc[0]

    def answers(self, protocol: str, model: str, kind: str = CHOSEN) -> pd.DataFrame:
        """Return a model's answers to the test people of a protocol."""
        found = self.predictions
        chosen = (found["split"] == protocol) & (found["model"] == model)
        return found[chosen & (found["kind"] == kind)]

    def compared(self, protocol: str, main: str, others: Sequence[str], seed: int) -> pd.DataFrame:
        """Return the balanced accuracy of a model minus that of others, paired over people.

        Empty where the model, or all others, are not part of the run.
        """
        tables = []
        for model in (main, *others):
            mine = self.answers(protocol, model)
            if len(mine):
                hits = balanced_hits(mine)
                tables.append(pd.DataFrame({"model": model, "subject": mine["subject"].to_numpy(),
                                            "value": hits}))  # fmt: skip
        if len(tables) < 2 or tables[0]["model"].iloc[0] != main:
            return pd.DataFrame()
        return compare_reference(pd.concat(tables, ignore_index=True), main, random_state=seed)


def load_scores(folders: Sequence[Path]) -> Scores:
    """Read the evaluations of all units."""
    tables, rows, choices = [], [], []
    for folder in folders:
        predictions, content = read_unit(folder)
        tables.append(predictions)
        rows += content["rows"]
        choices += content["choices"]
    table = pd.DataFrame(rows)
    for name in ("ci_low", "ci_high", "p_value", "p_site", "ceiling"):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    return Scores(table, pd.concat(tables, ignore_index=True), pd.DataFrame(choices))


def sweep(scores: Scores, protocol: str, model: str) -> pd.DataFrame:
    """Return the balanced accuracy of every threshold of a model: threshold, value; maybe empty."""
    kinds = [kind for kind in dict.fromkeys(scores.predictions["kind"]) if kind != CHOSEN]
    rows = []
    for kind in kinds:
        mine = scores.answers(protocol, model, kind)
        if len(mine):
            rows.append({"threshold": kind, "value": float(np.mean(balanced_hits(mine)))})
    return pd.DataFrame(rows, columns=["threshold", "value"])
