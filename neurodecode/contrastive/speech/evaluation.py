"""Rank the heard segment of every test window, and score the ranks per participant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.contrastive.retrieval import retrieve
from neurodecode.contrastive.speech.accuracy import participant_rows
from neurodecode.contrastive.speech.adapting import load_adapted
from neurodecode.contrastive.speech.linear import LaggedRidge
from neurodecode.contrastive.speech.network import build_network
from neurodecode.contrastive.speech.segments import SegmentBank
from neurodecode.contrastive.speech.targets import TargetScaler, distinct_segments
from neurodecode.evaluation.audit import AuditRow, assert_no_leak
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.sentences import audit_sentences
from neurodecode.persistence import load_weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.contrastive.speech.units import Heard, Unit
    from neurodecode.signals.continuous import ContinuousSection

SPLIT = "sentence_hash"


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` finds for one unit."""

    predictions: pd.DataFrame
    rows: list[MetricRow]
    audit: list[AuditRow]

    @property
    def summary(self) -> str:
        """The mean of the headline's score over participants, in words."""
        last, metric = self.rows[-1].model, self.rows[0].metric
        rows = [row for row in self.rows if (row.model, row.metric) == (last, metric)]
        value, chance = np.mean([row.value for row in rows]), rows[0].chance
        n = self.predictions["n_candidates"].iloc[0]
        return f"{last}: {metric} {value:.3f}, chance {chance:.3f} ({n} candidates)"

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and ``metrics.json``."""
        write_parquet(folder / "predictions.parquet", self.predictions)
        content = {"rows": list(map(asdict, self.rows)), "audit": list(map(asdict, self.audit))}
        write_json(folder / "metrics.json", content)


def evaluate_unit(heard: Heard, unit: Unit, folder: Path, ceiling: Any = None) -> Result:
    """Find the heard segment of every test window among all distinct test segments.

    Candidates are those of all participants of the run, whoever is tested, so that every accuracy
    has the same chance level.

    Parameters
    ----------
    heard : Heard
    unit : Unit
    folder : Path
        Of the trained model.
    ceiling : callable, optional
        Maps queries and candidates to the optimal decoder's ranks; known for simulations.
    """
    config = heard.config
    everybody = heard.recordings(sorted(heard.folders))
    windows = everybody.windows()
    audit = audit_sentences(windows, split=SPLIT)
    assert_no_leak(audit)
    candidates = distinct_segments(windows)
    bank, network = load_unit(heard, unit, folder)
    tested = (unit.held_out,) if unit.held_out else _tested(heard, unit)
    indices = [*unit.participants, *([unit.held_out] if unit.held_out else [])]
    recordings = heard.recordings(tested, indices)
    queries = recordings.windows("test")
    place = {segment: i for i, segment in enumerate(candidates["segment"])}
    true = queries["segment"].map(place).to_numpy()
    segments = SegmentBank.of_windows(bank, candidates)
    tables = []
    for label, ready in _versions(network, unit, folder):
        found = retrieve_queries(
            ready, segments, recordings, queries, heard.settings(unit.decoder),
            size=config.evaluation.batch_size,
        )  # fmt: skip
        tables.append(queries.assign(model=label, candidate=true, **found))
    predictions = pd.concat(tables, ignore_index=True).drop(columns=["sentences", "part"])
    predictions = predictions.assign(
        unit=unit.name,
        kind=unit.kind,
        seed=unit.seed,
        split=SPLIT,
        n_candidates=len(candidates),
        n_words=candidates["word"].nunique(),
    )
    best = None
    if ceiling is not None:
        best = ceiling(queries.assign(candidate=true), candidates)
        predictions["optimal_rank"] = np.tile(best, len(tables))
    rows = participant_rows(predictions, config.evaluation, seed=config.seed)
    return Result(predictions, rows, audit)


def load_unit(heard: Heard, unit: Unit, folder: Path) -> tuple[TargetBank, Any]:
    """Return the target features with their scaler, and the trained network."""
    bank = heard.bank(unit.decoder)
    bank.scaler = TargetScaler(**read_json(folder / "model.json")["target_scaler"])
    return bank, load_network(heard, unit, folder)


def load_network(heard: Heard, unit: Unit, folder: Path) -> Any:
    """Return the trained network of a unit, in evaluation mode."""
    info = read_json(folder / "model.json")
    network = build_network(
        heard.config,
        unit.decoder,
        n_features=info["n_features"],
        n_participants=len(unit.participants),
        n_channels=len(info["channels"]),
    )
    return load_weights(folder, network).eval()


def _tested(heard: Heard, unit: Unit) -> tuple[str, ...]:
    """Everybody trained on; on the curve only those that every point shares."""
    if unit.kind != "curve":
        return unit.participants
    shared = sorted(heard.folders)[: heard.config.curve.tested]
    return tuple(label for label in shared if label in unit.participants)


def _versions(network: Any, unit: Unit, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the model by name; one per amount of data where a participant is adapted to."""
    if unit.kind != "adaptation":
        yield unit.model, network
        return
    index = network.brain.add_participant("average")
    for minutes, matrix in sorted(load_adapted(folder).items(), key=lambda item: float(item[0])):
        network.brain.participants.weights.data[index] = matrix
        yield f"{minutes} min", network


def retrieve_queries(
    network: Any,
    segments: SegmentBank,
    recordings: Recordings,
    queries: pd.DataFrame,
    settings: ContinuousSection,
    *,
    size: int,
) -> dict[str, np.ndarray[Any, Any]]:
    """Rank the heard segment of every query: see :func:`~neurodecode.contrastive.retrieve`.

    Recordings are ranked one by one, so that each gets, to the last bit, what it gets alone.

    Parameters
    ----------
    network : SpeechNetwork or LaggedRidge
        In evaluation mode.
    segments : SegmentBank
        All candidates.
    recordings : Recordings
    queries : DataFrame
        Of :meth:`Recordings.windows`, with ``segment``.
    settings : ContinuousSection
        Of the windows.
    size : int
        Windows at a time.
    """
    lag = 0 if isinstance(network, LaggedRidge) else settings.n_lag  # it has lags of its own
    candidates = segments.candidates(network, lag, size)
    place = {segment: k for k, segment in enumerate(segments.segments)}
    true = queries["segment"].map(place).to_numpy()
    out: dict[str, np.ndarray[Any, Any]] = {}
    for rows in queries.groupby("recording", sort=False).indices.values():
        mine = queries.iloc[rows]
        estimates = _estimates(network, recordings, mine, settings, lag, size)
        found = retrieve(estimates, candidates, true[rows].tolist(), segments.words)
        for name, values in found.items():
            out.setdefault(name, np.empty(len(queries), values.dtype))[rows] = values
    return out


@torch.no_grad()
def _estimates(
    network: Any,
    recordings: Recordings,
    queries: pd.DataFrame,
    settings: ContinuousSection,
    lag: int,
    size: int,
) -> Iterator[torch.Tensor]:
    for start in range(0, len(queries), size):
        batch = recordings.read(queries.iloc[start : start + size], settings)
        batch["signals"] = batch["signals"][..., lag:]
        yield network(batch)
