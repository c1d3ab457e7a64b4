"""Find the seen picture from the decoded signal of each test stimulus, and the other way round."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.mindbridge.ceiling import optimal_hits
from neurodecode.mindbridge.loading import (
    averaged,
    load_model,
    load_tuned,
    sections_of,
    tuned_ways,
)
from neurodecode.mindbridge.models import BRIDGE
from neurodecode.mindbridge.retrieval import retrieve
from neurodecode.mindbridge.synthesis import synthesise
from neurodecode.mindbridge.targets import Targets, read_targets
from neurodecode.persistence import load_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.mindbridge.data import SubjectData
    from neurodecode.mindbridge.model import MindBridge
    from neurodecode.mindbridge.study import Study
    from neurodecode.mindbridge.units import Unit

FORWARD, BACKWARD = "image retrieval, top-1", "brain retrieval, top-1"
DIRECTIONS = {"brain_to_image": FORWARD, "image_to_brain": BACKWARD}
"""Scores: the picture found from the decoded signal, and the signal found from the picture."""


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` finds for one unit."""

    predictions: pd.DataFrame
    rows: list[MetricRow]
    summary: str

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and ``metrics.json``."""
        write_parquet(folder / "predictions.parquet", self.predictions)
        write_json(folder / "metrics.json", {"rows": list(map(asdict, self.rows))})


@dataclass(frozen=True)
class Decoded:
    """Decoded test signals of one subject.

    Attributes
    ----------
    labels : dict
        What tells them apart from others, columns of the predictions: ``kind``, ``model``,
        ``subject``, and ``source`` or ``length``.
    stimuli : list of str
    image : ndarray, shape (n_stimuli, ...)
    """

    labels: dict[str, Any]
    stimuli: list[str]
    image: NDArray[np.float32]


def evaluate_unit(study: Study, unit: Unit, folder: Path, simulated: Path | None = None) -> Result:
    """Score a unit's models on the test stimuli of its subjects.

    Retrieval is within random sets, in both directions; a query's hit is its mean over the sets
    it was in.

    Parameters
    ----------
    study : Study
    unit : Unit
    folder : Path
        Of the trained models.
    simulated : Path, optional
        Folder of the simulated data set: the best possible score is then known, but not where
        stimuli share their targets (category).
    """
    targets = read_targets(study)
    best: dict[str, NDArray[np.float64]] = {}
    tables = []
    for decoded in decode_unit(study, unit, targets, folder):
        subject = str(decoded.labels["subject"])
        if simulated is not None and targets.first.name != "category" and subject not in best:
            best[subject] = optimal_hits(study, subject, simulated)
        tables += _scored(study, decoded, targets, best.get(subject))
    predictions = pd.concat(tables, ignore_index=True).dropna(subset="hit")
    predictions = predictions.assign(
        unit=unit.name,
        seed=unit.seed,
        split=study.config.split.protocol,
        fold=study.config.split.fold if unit.fold is None else unit.fold,
    )
    rows = metric_rows(predictions, study.config.evaluation.n_bootstrap, seed=study.config.seed)
    mine = [row for row in rows if row.metric == FORWARD]
    value, chance = np.mean([row.value for row in mine]), mine[0].chance
    return Result(predictions, rows, f"{FORWARD} {value:.3f}, chance {chance:.3f}")


def _scored(
    study: Study, decoded: Decoded, targets: Targets, best: NDArray[np.float64] | None
) -> list[pd.DataFrame]:
    """Return the hits of each query in both directions, and the best possible of one."""
    chosen = study.config.evaluation
    found = retrieve(
        decoded.image, targets.image(decoded.stimuli), set_size=chosen.set_size,
        n_sets=chosen.n_sets, seed=study.config.seed,
    )  # fmt: skip
    own = best is not None and decoded.labels["kind"] != "synthesis"  # those are of two subjects
    tables = []
    for direction, metric in DIRECTIONS.items():
        hits = getattr(found, direction).by_query
        table = pd.DataFrame({"stimulus": decoded.stimuli, "hit": hits}).assign(
            optimal_hit=best if own and metric == FORWARD else np.nan, metric=metric,
            chance=found.chance, set_size=found.set_size, **decoded.labels,
        )  # fmt: skip
        tables.append(table)
    return tables


def metric_rows(predictions: pd.DataFrame, n_bootstrap: int, *, seed: int) -> list[MetricRow]:
    """Return a row per model, subject and direction, intervals over stimuli; models alone.

    Synthesised signals and new subjects have sections of their own.
    """
    rows = []
    kinds = predictions[predictions["kind"] == "model"]
    table = kinds if len(kinds) else predictions
    for (model, subject, metric), part in table.groupby(["model", "subject", "metric"], sort=False):
        ci = mean_ci(part["hit"], n_resamples=n_bootstrap, random_state=seed, unit="test item")
        rows.append(
            MetricRow(
                metric=str(metric), value=ci.estimate, chance=float(part["chance"].iloc[0]),
                n=len(part), unit="test item", level="subject", split=part["split"].iloc[0],
                model=str(model), subject=str(subject), seed=int(part["seed"].iloc[0]),
                ci_low=finite_or_none(ci.low), ci_high=finite_or_none(ci.high),
                ceiling=finite_or_none(part["optimal_hit"].mean()),
            )
        )  # fmt: skip
    return rows


def decode_unit(study: Study, unit: Unit, targets: Targets, folder: Path) -> Iterator[Decoded]:
    """Yield the decoded test signals of a unit.

    Of its subjects; for the main model also of signals synthesised for one from another; of a new
    subject in every way it was trained for.
    """
    bridge, _ = sections_of(study, unit.variant)

    def test(subject: str) -> SubjectData:
        return study.data(subject, "test", bridge, targets)

    if unit.kind == "tuning":
        yield from _decode_new(study, unit, targets, folder, test(unit.new))
    elif unit.variant.linear:
        yield from _decode_linear(unit, folder, test)
    else:
        model = load_model(study, unit, targets, folder)
        for subject in unit.subjects:
            yield _decoded(model, test(subject), subject, kind="model", model=unit.model)
        if unit.model == BRIDGE and model.builders is not None:
            yield from _decode_synthesised(unit, model, test)


def _decoded(network: MindBridge, data: SubjectData, subject: str, **labels: Any) -> Decoded:
    return Decoded(
        {**labels, "subject": subject}, list(data.ids),
        decode(network, torch.from_numpy(averaged(data)), subject),
    )  # fmt: skip


@torch.no_grad()
def decode(model: MindBridge, pooled: torch.Tensor, subject: str) -> NDArray[np.float32]:
    """Return the image head's estimates (n, *image_shape) of pooled signals."""
    image = model(pooled, subject).image
    assert image is not None
    found: NDArray[np.float32] = image.numpy()
    return found


def _decode_synthesised(
    unit: Unit, model: MindBridge, test: Callable[[str], SubjectData]
) -> Iterator[Decoded]:
    """Decode what one subject would have shown, built from another's signals."""
    for source, other in permutations(unit.subjects, 2):
        data = test(source)
        signals = synthesise(model, torch.from_numpy(averaged(data)), source, other)
        labels = {"kind": "synthesis", "model": unit.model, "source": source, "subject": other}
        yield Decoded(labels, list(data.ids), decode(model, signals, other))


def _decode_new(
    study: Study, unit: Unit, targets: Targets, folder: Path, data: SubjectData
) -> Iterator[Decoded]:
    for way in tuned_ways(study):
        model = load_tuned(study, unit, targets, folder, way)
        yield _decoded(
            model, data, unit.new, kind="tuning", model=way.label, length=way.length
        )  # fmt: skip


def _decode_linear(
    unit: Unit, folder: Path, test: Callable[[str], SubjectData]
) -> Iterator[Decoded]:
    tensors = load_tensors(folder)
    for subject in unit.subjects:
        data = test(subject)
        estimates = decode_linear(tensors, averaged(data), subject, data.image.shape[1:])
        labels = {"kind": "model", "model": unit.model, "subject": subject}
        yield Decoded(labels, list(data.ids), estimates)


def decode_linear(
    tensors: Mapping[str, torch.Tensor], pooled: NDArray[np.float32], subject: str,
    shape: tuple[int, ...],
) -> NDArray[np.float32]:  # fmt: skip
    """Return a linear map's estimates (n, *shape) of pooled signals (n, pooled_size)."""
    weights, intercept = (tensors[f"{subject}.{name}"].numpy() for name in ("weights", "intercept"))
    estimates: NDArray[np.float32] = pooled @ weights.T + intercept
    return estimates.reshape(-1, *shape)


def read_unit(folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return what :meth:`Result.save` wrote."""
    rows: list[dict[str, Any]] = read_json(folder / "metrics.json")["rows"]
    return pd.read_parquet(folder / "predictions.parquet"), rows
