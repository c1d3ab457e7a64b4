"""Rank the seen picture of every test trial, single and averaged, among all test pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import slug, write_json, write_parquet
from neurodecode.contrastive.image.accuracy import headline_label, metric_names, metric_rows
from neurodecode.contrastive.image.averaging import Queries, average_estimates
from neurodecode.contrastive.image.candidates import asked_of, candidate_names
from neurodecode.contrastive.image.config_evaluation import SETS
from neurodecode.contrastive.image.data import SeenWindows
from neurodecode.contrastive.image.reliability import split_half_ranks
from neurodecode.contrastive.image.training import Task, load_network, task_of
from neurodecode.contrastive.retrieval import Candidates, rank_of
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.picture_splits import picture_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neurodecode.contrastive.image.units import Seen, Unit

BATCH = 256


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` finds for one unit."""

    predictions: pd.DataFrame
    rows: list[MetricRow]
    summary: str
    reliability: dict[str, Any] | None = None

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and ``metrics.json``."""
        write_parquet(folder / "predictions.parquet", self.predictions)
        content = {"rows": list(map(asdict, self.rows)), "reliability": self.reliability}
        write_json(folder / "metrics.json", content)


def evaluate_unit(seen: Seen, unit: Unit, folder: Path, out: Path, optimal: Any = None) -> Result:
    """Find the seen picture of every test trial with each decoder of a unit, or redraw it.

    Parameters
    ----------
    seen : Seen
    unit : Unit
    folder : Path
        Of the trained models.
    out : Path
        Where generated pictures are kept.
    optimal : callable, optional
        Maps trials and candidate pictures to the optimal decoder's log-likelihoods; known for
        simulations.
    """
    if unit.kind == "generation":
        from neurodecode.contrastive.image.generation import evaluate_generation

        found, rows = evaluate_generation(seen, unit, folder, out)
        words = "; ".join(f"{row.metric} {row.value:.3f}" for row in rows[:3])
        return Result(_described(found, seen, unit), rows, words)
    tables = []
    for name in unit.models:
        task = task_of(seen, name, unit)
        network = load_network(seen, task, folder / slug(name))
        tables.append(retrieve_pictures(seen, task, network, optimal).assign(model=name))
    predictions = _described(pd.concat(tables, ignore_index=True), seen, unit)
    closed = "block" in picture_protocol(seen.config.split.protocol).valid_units
    rows = metric_rows(
        predictions, seen.config.evaluation, seed=seen.config.seed, by_block=closed
    )  # fmt: skip
    first = unit.name == next(iter(seen.config.units(list(seen.folders))))
    return Result(predictions, rows, _in_words(rows, seen), reliability_of(seen) if first else None)


def reliability_of(seen: Seen) -> dict[str, Any] | None:
    """Return how often one half of the repetitions tells the picture of the other, if repeated."""
    ranks = split_half_ranks(seen)
    if ranks.empty:
        return None
    k = seen.config.evaluation.headline_k
    each = (ranks["rank"] <= k).groupby(ranks["participant"]).mean()
    n = int(ranks["n_candidates"].max())
    ci = mean_ci(each, expand=True, random_state=seen.config.seed)
    return {
        "metric": f"top-{k} accuracy", "value": ci.estimate, "ci_low": finite_or_none(ci.low),
        "ci_high": finite_or_none(ci.high), "chance": min(1.0, k / n), "n": len(each),
    }  # fmt: skip


def _described(predictions: pd.DataFrame, seen: Seen, unit: Unit) -> pd.DataFrame:
    """Add what the unit is."""
    return predictions.assign(
        unit=unit.name,
        kind=unit.kind,
        seed=unit.seed,
        split=seen.config.split.protocol,
        start=np.nan if unit.span is None else unit.span[0],
        stop=np.nan if unit.span is None else unit.span[1],
    )


def retrieve_pictures(seen: Seen, task: Task, network: Any, optimal: Any = None) -> pd.DataFrame:
    """Return one row per query: a trial, or several of one picture averaged.

    Returns
    -------
    DataFrame
        ``set`` ("small", "large"), ``average`` ("single", "repetitions", "participants"),
        ``participant`` ("all" where averaged over them), ``image``, ``category``, ``rank``
        (1: best), ``n_candidates``, ``predicted`` (best picture), ``optimal_rank``.
    """
    tables = []
    recordings = seen.recordings()
    windows = recordings.windows("test")
    for which in SETS:
        mine = asked_of(windows[windows["test_set"] == which], task.bank)
        if mine.empty:
            continue
        estimates = torch.cat(list(estimates_of(seen, task, network, mine)))
        names = candidate_names(mine, task.bank)
        candidates = Candidates([task.bank.gather(task.bank.index(names))])
        known = optimal is not None and task.bank.target != "category"
        likelihood = optimal(mine, names) if known else None
        tables += [
            _ranked(queries, candidates, names).assign(set=which)
            for queries in average_estimates(mine, estimates, likelihood)
        ]
    return pd.concat(tables, ignore_index=True)


@torch.no_grad()
def estimates_of(
    seen: Seen, task: Task, network: Any, windows: pd.DataFrame
) -> Iterator[torch.Tensor]:
    """Yield the estimates (n, F) of some windows in order."""
    sight = SeenWindows(seen.recordings(), None, windows, seen.config.signals, task.span)
    for start in range(0, len(sight), BATCH):
        yield network(sight.__getitems__(range(start, min(start + BATCH, len(sight)))))


def _ranked(queries: Queries, candidates: Candidates, names: list[str]) -> pd.DataFrame:
    place = {name: i for i, name in enumerate(names)}
    true = torch.tensor([place[image] for image in queries.table["image"]])
    scores = candidates.scores(queries.estimates)
    found = queries.table.assign(
        rank=rank_of(scores, true).numpy(),
        n_candidates=len(names),
        predicted=[names[i] for i in scores.argmax(dim=1).tolist()],
    )
    if queries.likelihood is not None:
        found["optimal_rank"] = rank_of(torch.from_numpy(queries.likelihood), true).numpy()
    return found


def _in_words(rows: list[MetricRow], seen: Seen) -> str:
    chosen = seen.config.evaluation
    label = headline_label(chosen, {row.split for row in rows})
    metric, last = metric_names(chosen)[0], rows[-1].model
    mine = [r for r in rows if (r.metric, r.model, r.split) == (metric, last, label)]
    value, chance = np.mean([row.value for row in mine]), mine[0].chance
    return f"{last}: {metric} {value:.3f}, chance {chance:.3f} ({label})"
