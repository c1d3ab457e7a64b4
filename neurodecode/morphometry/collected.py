"""Scores of a whole run, and differences between its models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.morphometry.comparing import compare_models, difference_row
from neurodecode.morphometry.evaluation import FOLDS, RESAMPLED, model_name, read_unit
from neurodecode.morphometry.training import CHOSEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AROC = "roc_auc"
NAMES = {
    "accuracy": "accuracy", AROC: "AROC", "f1": "F1", "mcc_prime": "MCC'",
    "balanced_accuracy": "balanced accuracy", "brier": "Brier",
}  # fmt: skip
"""Scores as the report shows them."""


@dataclass(frozen=True)
class Collected:
    """Every score of a run.

    Attributes
    ----------
    rows : DataFrame
        Metric rows; ``split`` is the form of the cohort, or "null".
    folds, resampled, chosen : DataFrame
        With ``split`` and ``model``.
    gaps, calibration : DataFrame
        See :func:`~neurodecode.morphometry.summary.gap_table` and ``calibration_table``.
    """

    rows: pd.DataFrame
    folds: pd.DataFrame
    resampled: pd.DataFrame
    chosen: pd.DataFrame
    gaps: pd.DataFrame
    calibration: pd.DataFrame

    def part(self, form: str, metric: str = AROC) -> pd.DataFrame:
        """Return the rows of one form and score, a model each."""
        return self.rows[(self.rows["split"] == form) & (self.rows["metric"] == metric)]

    def row(self, form: str, model: str, metric: str = AROC) -> pd.Series[Any] | None:
        """Return one score; None where it is not part of the run."""
        part = self.part(form, metric)
        mine = part[part["model"] == model]
        return None if mine.empty else mine.iloc[0]

    def compared(
        self, form: str, reference: str, others: Sequence[str], metric: str = AROC
    ) -> pd.DataFrame:
        """Compare a model with others; see :func:`compare_models`."""
        part = self.part(form, metric)
        if reference not in set(part["model"]):
            return pd.DataFrame()
        values = dict(zip(part["model"], part["value"], strict=True))
        return compare_models(_of(self.folds, form), _of(self.resampled, form), values,
                              reference, others, metric)  # fmt: skip

    def harmonisations_compared(
        self, form: str, first: str, second: str, classifiers: Sequence[str], metric: str = AROC
    ) -> pd.Series[Any] | None:
        """Compare two harmonisations by the mean over classifiers; None where one is missing."""
        part = self.part(form, metric)
        part = part[part["classifier"].isin(classifiers)]
        means = part.groupby("harmonisation")["value"].mean()
        if first not in means or second not in means:
            return None
        folds = _of(self.folds, form).query("classifier in @classifiers")
        draws = _of(self.resampled, form).query("classifier in @classifiers")
        by_fold = folds.pivot_table(
            index=["replicate", "fold"], columns="harmonisation", values=metric
        )
        by_draw = draws.pivot_table(index="resample", columns="harmonisation", values=metric)
        n_folds = int(by_fold.groupby(level="replicate").size().max())
        return pd.Series(difference_row(
            float(means[first] - means[second]),
            (by_fold[first] - by_fold[second]).to_numpy(float), n_folds,
            (by_draw[first] - by_draw[second]).to_numpy(float),
        ))  # fmt: skip

    def forms_compared(
        self, first: str, second: str, model: str, metric: str = AROC
    ) -> pd.Series[Any] | None:
        """Compare a model's scores in two forms, whose people differ: nothing is paired.

        The variances of the corrected resampled t test add.
        """
        one, other = (self.row(form, model, metric) for form in (first, second))
        if one is None or other is None:
            return None
        reach = float(np.hypot(_half_width(one), _half_width(other)))
        difference = float(one["value"] - other["value"])
        return pd.Series({"difference": difference, "ci_low": difference - reach,
                          "ci_high": difference + reach})  # fmt: skip

    def chosen_of(self, form: str, model: str) -> pd.DataFrame:
        """Return what a model's folds chose."""
        mine = _of(self.chosen, form)
        return mine[mine["model"] == model]


def _half_width(row: pd.Series[Any]) -> float:
    low, high = row["corrected_low"], row["corrected_high"]
    return float("nan") if low is None or high is None else float(high - low) / 2


def load_scores(folders: Sequence[Path]) -> Collected:
    """Read the evaluations of all units."""
    contents = [read_unit(folder) for folder in folders]
    rows = pd.DataFrame([row for content in contents for row in content["rows"]])
    for name in ("ci_low", "ci_high", "p_value", "ceiling", "corrected_low", "corrected_high"):
        rows[name] = rows[name].astype(object).where(rows[name].notna(), None)
    folds, resampled, chosen = (
        _stacked([folder / name for folder in folders]) for name in (FOLDS, RESAMPLED, CHOSEN)
    )
    gaps, calibration = (
        _named(pd.DataFrame([row for content in contents for row in content.get(name, [])]))
        for name in ("gaps", "calibration")
    )
    return Collected(rows, folds, resampled, chosen, gaps, calibration)


def _stacked(paths: Sequence[Path]) -> pd.DataFrame:
    tables = [table for path in paths if len(table := pd.read_parquet(path))]
    return _named(pd.concat(tables, ignore_index=True))


def _named(table: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(table["classifier"], table["harmonisation"], strict=True)
    return table.assign(model=[model_name(*pair) for pair in pairs])


def _of(table: pd.DataFrame, form: str) -> pd.DataFrame:
    return table[table["split"] == form]
