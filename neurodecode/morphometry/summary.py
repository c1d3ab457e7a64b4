"""Scores of a nested search over replicates, with three intervals that mean different things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.evaluation.tally import CI_LEVEL, stratified_weights
from neurodecode.morphometry.nested import MODEL
from neurodecode.morphometry.scores import METRICS, call_scores, chance_levels, roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.morphometry.nested import SearchResult

    Floats = NDArray[np.float64]

TAILS = ((1 - CI_LEVEL) / 2, (1 + CI_LEVEL) / 2)


def score_table(
    result: SearchResult, *, n_resamples: int = 1000, random_state: int = 0
) -> pd.DataFrame:
    r"""Return the scores of every model with their intervals.

    A replicate's AROC is the mean over its outer folds, because decision values of two folds come
    from two models; all other metrics are those of the calls of all its folds together, because a
    mean of F1 over small folds is biased. ``value`` is the mean over replicates. Intervals of
    95 %:

    - ``replicate_low, replicate_high``: quantiles over replicates. Replicates split the same people
      again, so this says how much a score depends on the split; it is no interval for new people
      and shrinks to nothing around a wrong value.
    - ``corrected_low, corrected_high``: Student's t over the J scores of single folds with the
      variance of Nadeau and Bengio, :math:`(1/J + n_{test}/n_{train})\, s^2`, which allows for
      training sets that overlap.
    - ``ci_low, ci_high``: the one to report. People, not predictions, are drawn with replacement
      within each group (n - 1 of n, weights summing to n), and everything above is computed again
      from the same predictions. It covers other people of this population, given the models
      fitted; that training people would differ too is not in it.

    Parameters
    ----------
    result : SearchResult
    n_resamples : int, default=1000
    random_state : int, default=0

    Returns
    -------
    DataFrame
        One row per model and metric: ``classifier``, ``harmonisation``, ``metric``, ``value``,
        ``sd`` (over replicates), the intervals, ``chance``, ``n`` people, ``n_replicates`` and
        ``marks`` (what leaks).

    References
    ----------
    Nadeau and Bengio (2003), Machine Learning 52:239. Forman and Scholz (2010), SIGKDD
    Explorations 12:49, for folds pooled for F1 and averaged for AUC.
    """
    return score_tables(result, n_resamples=n_resamples, random_state=random_state).scores


@dataclass(frozen=True)
class ScoreTables:
    """Scores of a search, and what differences between models are made of.

    Attributes
    ----------
    scores : DataFrame
        As :func:`score_table`.
    resampled : DataFrame
        One row per model and resample of people: ``classifier``, ``harmonisation``, ``resample``
        and the mean over replicates of every metric. The same resample of two models has the same
        people, so that differences are paired.
    folds : DataFrame
        One row per model, replicate and fold with every metric, and ``n_test``.
    """

    scores: pd.DataFrame
    resampled: pd.DataFrame
    folds: pd.DataFrame


def score_tables(
    result: SearchResult, *, n_resamples: int = 1000, random_state: int = 0
) -> ScoreTables:
    """Return :func:`score_table` with the resamples of people and the scores of single folds."""
    rows, resampled, folds = [], [], []
    for model, part in result.predictions.groupby(MODEL, sort=False):
        people = _People(part)
        named: dict[str, Any] = dict(zip(MODEL, model, strict=True))
        weights = stratified_weights(people.y, n_resamples, np.random.default_rng(random_state))
        values = people.scores(np.ones((1, people.y.size)))
        drawn = {name: found.mean(axis=1) for name, found in people.scores(weights).items()}
        of_folds = people.fold_table()
        rows += [
            {
                **named, "metric": metric,
                **_summarised(values[metric][0], drawn[metric], of_folds[metric].to_numpy(),
                              people.n_folds),
                "chance": people.chance[metric], "n": people.y.size,
                "n_replicates": len(people.replicates), "marks": result.settings.marks,
            }
            for metric in METRICS
        ]  # fmt: skip
        numbers = {"resample": np.arange(n_resamples), **{m: drawn[m] for m in METRICS}}
        resampled.append(pd.DataFrame({**named, **numbers}))
        folds.append(of_folds.assign(**named))
    return ScoreTables(
        pd.DataFrame(rows),
        pd.concat(resampled, ignore_index=True),
        pd.concat(folds, ignore_index=True),
    )


def replicate_scores(result: SearchResult) -> pd.DataFrame:
    """Return the scores of every model and replicate: a row each, a column per metric."""
    rows = []
    for model, part in result.predictions.groupby(MODEL, sort=False):
        people = _People(part)
        values = people.scores(np.ones((1, people.y.size)))
        rows += [
            {**dict(zip(MODEL, model, strict=True)), "replicate": replicate,
             **{metric: values[metric][0, column] for metric in METRICS}}
            for column, replicate in enumerate(people.replicates)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def gap_table(result: SearchResult) -> pd.DataFrame:
    """Return by how much inner scores of the chosen settings exceed those of people left out.

    The inner score is a maximum over candidates, so it is optimistic; the gap says how much a
    search without an outer loop would have overstated.

    Returns
    -------
    DataFrame
        One row per model: ``classifier``, ``harmonisation``, ``criterion``, ``inner``, ``outer``,
        ``gap`` (inner minus outer, mean over folds and replicates) and ``sd`` of the replicates'
        mean gaps.
    """
    chosen = result.chosen.assign(gap=result.chosen["inner"] - result.chosen["outer"])
    by_model = chosen.groupby(MODEL, sort=False)[["inner", "outer", "gap"]].mean()
    each = chosen.groupby([*MODEL, "replicate"], sort=False)["gap"].mean()
    by_model["sd"] = each.groupby(MODEL, sort=False).std()
    by_model.insert(0, "criterion", result.settings.criterion)
    return by_model.reset_index()


def calibration_table(result: SearchResult, *, n_bins: int = 5) -> pd.DataFrame:
    """Return how often people convert against what their posteriors said.

    A person has the mean posterior over the replicates that tested them, and weighs as many of
    them as there are: where groups are drawn to equal numbers, each is half of the weight, as it
    was half of the training.

    Parameters
    ----------
    result : SearchResult
    n_bins : int, default=5
        Of about equal weight.

    Returns
    -------
    DataFrame
        One row per model and bin: ``posterior`` (mean), ``observed`` (share of converters),
        ``ci_low``, ``ci_high`` (Wilson, 95 %, for Kish's effective number of people) and ``n``
        people.
    """
    rows = []
    for model, part in result.predictions.groupby(MODEL, sort=False):
        people = part.groupby("subject")[["posterior", "y_true"]].mean()
        people["weight"] = part.groupby("subject").size()
        people = people.sort_values("posterior", kind="stable")
        before = people["weight"].cumsum() - people["weight"] / 2
        bins = np.floor(n_bins * before / people["weight"].sum())
        rows += [{**dict(zip(MODEL, model, strict=True)), **_bin(inside)}
                 for _, inside in people.groupby(bins)]  # fmt: skip
    return pd.DataFrame(rows)


def _bin(inside: pd.DataFrame) -> dict[str, float]:
    weight = inside["weight"].to_numpy(dtype=float)
    effective = weight.sum() ** 2 / (weight**2).sum()
    share = float(np.average(inside["y_true"], weights=weight))
    low, high = _wilson(share, effective)
    return {
        "posterior": float(np.average(inside["posterior"], weights=weight)), "observed": share,
        "ci_low": low, "ci_high": high, "n": len(inside),
    }  # fmt: skip


def _wilson(share: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share, of a number of people that need not be whole."""
    z = float(stats.norm.ppf((1 + level) / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - reach, middle + reach


class _People:
    """Predictions of one model laid out as people x replicates, to be weighted by person."""

    def __init__(self, part: pd.DataFrame) -> None:
        self.codes, names = pd.factorize(part["subject"])
        self.truth = part["y_true"].to_numpy(dtype=np.intp)
        self.y = np.zeros(len(names), dtype=np.intp)
        self.y[self.codes] = self.truth
        self.columns, found = pd.factorize(part["replicate"], sort=True)
        self.replicates = list(found)
        self.scored = part["score"].to_numpy(dtype=float)
        self.error = (part["posterior"].to_numpy(dtype=float) - self.truth) ** 2
        # the share of converters is that of the predictions: undersampling changes it
        self.chance = chance_levels(self.truth)
        positive, called = self.truth == 1, part["y_pred"].to_numpy() == 1
        self.kinds = [
            kind.astype(float)
            for kind in (
                ~positive & ~called,
                ~positive & called,
                positive & ~called,
                positive & called,
            )
        ]
        places = self.columns * (part["fold"].max() + 1) + part["fold"].to_numpy()
        first, self.folds = np.unique(places, return_index=True, return_inverse=True)[1:]
        self.fold_columns = self.columns[first]
        self.fold_numbers = part["fold"].to_numpy()[first]

    @property
    def n_folds(self) -> int:
        """Folds of a replicate."""
        return int(self.folds.max() + 1) // len(self.replicates)

    def scores(self, weights: Floats) -> dict[str, Floats]:
        """Return every metric, each of shape (n_weightings, n_replicates)."""
        found = call_scores(*(weights @ self._laid_out(kind) for kind in self.kinds))
        tested = weights @ self._laid_out(np.ones(len(self.codes)))
        found["brier"] = (weights @ self._laid_out(self.error)) / tested
        auc = self._fold_auc(weights)
        present = np.isfinite(auc)  # a resample may leave a fold without one of the groups
        member = np.equal.outer(self.fold_columns, np.arange(len(self.replicates))).astype(float)
        found["roc_auc"] = (np.where(present, auc, 0) @ member) / np.maximum(present @ member, 1)
        return found

    def fold_table(self) -> pd.DataFrame:
        """Return ``replicate``, ``fold``, ``n_test`` and every metric of every fold."""
        found = call_scores(*(np.bincount(self.folds, kind) for kind in self.kinds))
        tested = np.bincount(self.folds)
        found["brier"] = np.bincount(self.folds, self.error) / tested
        found["roc_auc"] = self._fold_auc(np.ones((1, self.y.size)))[0]
        places = {"replicate": np.asarray(self.replicates)[self.fold_columns],
                  "fold": self.fold_numbers, "n_test": tested}  # fmt: skip
        return pd.DataFrame({**places, **{metric: found[metric] for metric in METRICS}})

    def _laid_out(self, values: Floats) -> Floats:
        out = np.zeros((self.y.size, len(self.replicates)))
        out[self.codes, self.columns] = values
        return out

    def _fold_auc(self, weights: Floats) -> Floats:
        """Return the AROC by weighting and fold; NaN for folds that lost a group."""
        order = np.argsort(self.folds, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(self.folds))[:-1])
        return np.stack(
            [roc_auc(self.truth[rows], self.scored[rows], weights[:, self.codes[rows]])
             for rows in parts], axis=1,
        )  # fmt: skip


def corrected_error(folds: Floats, n_folds: int) -> tuple[float, int]:
    r"""Return the standard error of a mean over folds of replicates, and its degrees of freedom.

    .. math:: \sqrt{(1/J + n_{test}/n_{train})\, s^2}

    with the J finite scores (or differences of scores) of single folds.

    Parameters
    ----------
    folds : ndarray, shape (n_folds_of_all_replicates,)
        NaN where a fold has no score, as the AROC of a site with one group.
    n_folds : int
        Of a replicate; one of them tests, the others train.

    References
    ----------
    Nadeau and Bengio (2003), Machine Learning 52:239.
    """
    known = folds[np.isfinite(folds)]
    if known.size < 2:
        return np.nan, 0
    error = np.sqrt((1 / known.size + 1 / (n_folds - 1)) * known.var(ddof=1))
    return float(error), known.size - 1


def _summarised(replicates: Floats, drawn: Floats, folds: Floats, n_folds: int) -> dict[str, float]:
    mean = float(replicates.mean())
    split = np.quantile(replicates, TAILS)
    people = np.quantile(drawn, TAILS)
    error, freedom = corrected_error(folds, n_folds)
    reach = float(stats.t.ppf(TAILS[1], freedom) * error) if freedom else np.nan
    return {
        "value": mean,
        "sd": float(replicates.std(ddof=1)) if replicates.size > 1 else np.nan,
        "replicate_low": float(split[0]), "replicate_high": float(split[1]),
        "corrected_low": mean - reach, "corrected_high": mean + reach,
        "ci_low": float(people[0]), "ci_high": float(people[1]),
    }  # fmt: skip
