"""Score what a job of the ``mci`` pipeline predicted, with chance, intervals and ceilings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.morphometry.baselines import BASELINES
from neurodecode.morphometry.forms import form_of
from neurodecode.morphometry.null_test import ORDERS
from neurodecode.morphometry.summary import (
    calibration_table,
    corrected_error,
    gap_table,
    score_tables,
)
from neurodecode.morphometry.training import (
    CHOSEN,
    NULL_DRAWS,
    PREDICTIONS,
    read_search,
)
from neurodecode.persistence import load_table

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.morphometry.study import Study
    from neurodecode.morphometry.units import Unit

RESAMPLED, FOLDS = "resampled.parquet", "folds.parquet"
TESTED = ("roc_auc", "mcc_prime", "balanced_accuracy")
"""Scores whose chance level is exact, so that a p value is given."""
WITH_CEILING = ("roc_auc", "accuracy", "balanced_accuracy")


@dataclass
class Result:
    """What ``evaluate`` finds for one unit.

    Attributes
    ----------
    predictions : DataFrame
        As the search made them; of the null test its draws.
    rows : list of dict
        Metric rows with ``classifier``, ``harmonisation``, ``sd``, ``replicate_low``,
        ``replicate_high``, ``corrected_low``, ``corrected_high``, ``n_replicates``.
    chosen, resampled, folds : DataFrame
        Choices of the folds; see :class:`~neurodecode.morphometry.summary.ScoreTables`.
    tables : dict
        ``gaps`` and ``calibration``, as lists of rows.
    """

    predictions: pd.DataFrame
    rows: list[dict[str, Any]]
    chosen: pd.DataFrame = field(default_factory=pd.DataFrame)
    resampled: pd.DataFrame = field(default_factory=pd.DataFrame)
    folds: pd.DataFrame = field(default_factory=pd.DataFrame)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first score in words."""
        first = self.rows[0]
        value, chance = first["value"], first["chance"]
        return f"{first['model']}: {first['metric']} {value:.3f}, chance {chance:.2f}"

    def save(self, folder: Path) -> None:
        """Write the tables and ``metrics.json``."""
        write_parquet(folder / PREDICTIONS, self.predictions)
        write_parquet(folder / CHOSEN, self.chosen)
        write_parquet(folder / RESAMPLED, self.resampled)
        write_parquet(folder / FOLDS, self.folds)
        write_json(folder / "metrics.json", {"rows": self.rows, **self.tables})


def evaluate_unit(study: Study, unit: Unit, folder: Path, simulated: Path | None = None) -> Result:
    """Score a unit.

    Parameters
    ----------
    simulated : Path, optional
        Root of a simulated data set, whose best possible scores are noted.
    """
    if not unit.form:
        return _evaluate_null(study, folder)
    result, seed = read_search(study, folder), study.config.seed
    found = score_tables(result, n_resamples=study.config.evaluation.n_resamples, random_state=seed)
    named = found.folds.groupby(["classifier", "harmonisation"], sort=False)
    of_model = dict(list(named))
    rows = []
    for entry in records(found.scores):
        part = of_model[entry["classifier"], entry["harmonisation"]]
        rows.append({**_row(entry, part, unit.form, seed), **_beside(entry)})
    if simulated is not None:
        _note_ceilings(rows, unit.form, simulated)
    tables = {
        "gaps": records(gap_table(result).assign(split=unit.form)),
        "calibration": records(calibration_table(result).assign(split=unit.form)),
    }
    return Result(
        result.predictions.assign(split=unit.form), rows, result.chosen.assign(split=unit.form),
        found.resampled.assign(split=unit.form), found.folds.assign(split=unit.form), tables,
    )  # fmt: skip


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def model_name(classifier: str, harmonisation: str) -> str:
    """Return what a model is called: "gaussian nb, z-score"; baselines of raw values alone."""
    entry = BASELINES.get(classifier)
    plain = entry is not None and not entry.harmonised
    return classifier if plain else f"{classifier}, {harmonisation}"


def _row(entry: dict[str, Any], folds: pd.DataFrame, form: str, seed: int) -> dict[str, Any]:
    metric = str(entry["metric"])
    return asdict(MetricRow(
        metric=metric, value=float(entry["value"]), chance=float(entry["chance"]),
        n=int(entry["n"]), unit="subject", level="group", split=form, seed=seed,
        model=model_name(entry["classifier"], entry["harmonisation"]),
        ci_low=float(entry["ci_low"]), ci_high=float(entry["ci_high"]),
        p_value=_p_of(entry, folds) if metric in TESTED else None,
    ))  # fmt: skip


def _p_of(entry: dict[str, Any], folds: pd.DataFrame) -> float | None:
    """Return the one-sided p of the corrected resampled t test against chance."""
    n_folds = int(folds.groupby("replicate").size().max())
    error, freedom = corrected_error(folds[str(entry["metric"])].to_numpy(float), n_folds)
    distance = float(entry["value"] - entry["chance"])
    if not freedom:
        return None
    if error == 0:
        return 1.0 if distance <= 0 else 0.0
    return float(stats.t.sf(distance / error, freedom))


def _beside(entry: dict[str, Any]) -> dict[str, Any]:
    names = ("classifier", "harmonisation", "sd", "replicate_low", "replicate_high",
             "corrected_low", "corrected_high", "n_replicates")  # fmt: skip
    return {name: _plain(entry[name]) for name in names}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _note_ceilings(rows: list[dict[str, Any]], form: str, root: Path) -> None:
    """Add the best score of anybody who knows what a model can see.

    Of balanced accuracy it is that at equal priors, which no threshold exceeds.
    """
    from neurodecode.datasets.simulate.morphometry_optimal import optimal_scores

    balanced = form_of(form).balanced
    for row in rows:
        known = _known(row, form)
        if known is None or row["metric"] not in WITH_CEILING:
            continue
        even = balanced or row["metric"] == "balanced_accuracy"
        best = optimal_scores(root, known=known, share=0.5 if even else None)
        row["ceiling"] = best.auc if row["metric"] == "roc_auc" else getattr(best, row["metric"])


def _known(
    row: dict[str, Any], form: str
) -> Literal["everything", "deviations", "covariates"] | None:
    """Return what a model can see; None where that is no ceiling of ours."""
    if row["classifier"] in BASELINES:
        demography = BASELINES[row["classifier"]].reads == "covariates"
        return "covariates" if demography and form != "matched" else None
    regressed = row["harmonisation"] in ("residual", "z-score")
    return "deviations" if regressed or form == "matched" else "everything"


def _evaluate_null(study: Study, folder: Path) -> Result:
    """Score the draws of the null test: the interval is that of their mean."""
    draws = load_table(folder, NULL_DRAWS)
    rows = []
    for data in draws["data"].unique():
        for order, leaky in ORDERS.items():
            values = draws.loc[(draws["data"] == data) & (draws["order"] == order), "roc_auc"]
            error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
            reach = float(stats.t.ppf(0.975, max(len(values) - 1, 1))) * error
            mean = float(values.mean())
            row = MetricRow(
                metric="roc_auc", value=mean, chance=0.5, n=len(values), unit="draw",
                level="group", split="null", model=f"{data}, {order}", seed=study.config.seed,
                ci_low=mean - reach, ci_high=mean + reach,
            )  # fmt: skip
            rows.append({**asdict(row), "data": str(data), "leaks": leaky,
                         "sd": float(values.std(ddof=1)) if len(values) > 1 else None})  # fmt: skip
    empty = pd.DataFrame({"split": pd.Series(dtype=str)})
    return Result(draws, rows, empty, empty, empty)


def read_unit(folder: Path) -> dict[str, Any]:
    """Return the content of ``metrics.json``."""
    content: dict[str, Any] = read_json(folder / "metrics.json")
    return content
