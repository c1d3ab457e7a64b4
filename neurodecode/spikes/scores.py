"""Scores of a whole run, and differences between models over subjects or blocks of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.group_scores import group_rows
from neurodecode.evaluation.metric_row import metric_frame
from neurodecode.spikes.decoded import ACCURACY, ERROR, R
from neurodecode.spikes.evaluation import read_unit
from neurodecode.spikes.loading import PRETRAINED, SCRATCH
from neurodecode.spikes.written import F1, block_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Scores:
    """Every score of a run.

    Attributes
    ----------
    rows : DataFrame
        Columns of a metric row, of levels "subject" and "group"; few-shot rows are apart.
    few_shot : DataFrame
        ``way, share, seed, subject, variable, metric, value``: Pearson's r (balanced accuracy of
        classes).
    predictions : DataFrame
        Rows of :class:`~neurodecode.spikes.evaluation.Result`, of all units.
    """

    rows: pd.DataFrame
    few_shot: pd.DataFrame
    predictions: pd.DataFrame

    def part(self, metric: str) -> pd.DataFrame:
        """Return subject and group rows of one score."""
        return self.rows[self.rows["metric"] == metric]

    def group(self, metric: str, model: str) -> pd.Series | None:
        """Return the group row of a model; None where there is none."""
        part = self.part(metric)
        found = part[(part["level"] == "group") & (part["model"] == model)]
        return None if found.empty else found.iloc[0]

    def written(self) -> pd.DataFrame:
        """Return the scores of every written window."""
        return self.predictions[self.predictions["task"] == "generate"]

    def decoded(self) -> pd.DataFrame:
        """Return the decoded windows, without few-shot ones."""
        return self.predictions[self.predictions["task"] == "decode"]

    def compared(self, metric: str, main: str, others: Sequence[str], seed: int) -> pd.DataFrame:
        """Return the main model minus others, over subjects, or blocks or trials of a single one.

        Empty where a model is missing. Metrics: F1, and "NAME r" or "NAME balanced accuracy" of a
        decoded behaviour; of a block that is the explained variance, or the share decoded right.
        """
        models = [main, *others]
        subjects = self.part(metric)
        subjects = subjects[(subjects["level"] == "subject") & subjects["model"].isin(models)]
        if main not in set(subjects["model"]) or subjects["model"].nunique() < 2:
            return pd.DataFrame()
        if len(set(subjects["subject"])) > 1:
            table, unit = subjects[["model", "subject", "value"]], "subject"
        else:
            table, unit = self._blocks(metric, models), str(subjects["unit"].iloc[0])
        return compare_reference(table, main, random_state=seed, unit=unit)

    def _blocks(self, metric: str, models: Sequence[str]) -> pd.DataFrame:
        """Return each model's score in each block, as if blocks were subjects."""
        if metric == F1:
            rows = self.written().dropna(subset=F1)
            scored: Callable[[pd.DataFrame], float] = lambda part: float(part[F1].mean())  # noqa: E731
        else:
            variable = metric.removesuffix(f" {R}").removesuffix(f" {ACCURACY}")
            rows = self.decoded()
            rows = rows[rows["variable"] == variable]
            spread = float(rows["true"].var(ddof=0))
            scored = lambda part: _explained(part, spread)  # noqa: E731
        rows = rows[rows["model"].isin(models)]
        found = [
            {"model": model, "subject": block, "value": scored(part)}
            for model, mine in rows.groupby("model", sort=False)
            for block, part in mine.groupby(block_labels(mine))
        ]
        return pd.DataFrame(found)


def _explained(part: pd.DataFrame, spread: float) -> float:
    """Return 1 minus the mean squared error of a block, in variances of the whole test part."""
    if part["n_classes"].iloc[0]:
        return float(np.mean(part["true"] == part["decoded"]))
    return 1 - float(np.mean((part["true"] - part["decoded"]) ** 2)) / spread


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
    every = pd.DataFrame(rows)
    is_tuned = every["model"].str.startswith((f"{PRETRAINED},", f"{SCRATCH},"))
    subjects = every[~is_tuned]
    group = metric_frame(group_rows(subjects, n_resamples=n_resamples, seed=seed, unit="subject"))
    tuned = every[is_tuned & ~every["metric"].str.endswith(f" {ERROR}")]
    names = tuned["model"].str.split(", ", n=1, expand=True) if len(tuned) else pd.DataFrame()
    few_shot = pd.DataFrame() if tuned.empty else tuned.assign(
        way=names[0], share=names[1].astype(float),
        variable=tuned["metric"].str.removesuffix(f" {R}").str.removesuffix(f" {ACCURACY}"),
    )  # fmt: skip
    return Scores(
        pd.concat([group, subjects], ignore_index=True), few_shot,
        pd.concat(tables, ignore_index=True),
    )  # fmt: skip
