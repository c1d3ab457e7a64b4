"""Rank the heard segment of every test window, and score the ranks per participant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.contrastive.retrieval import Candidates, retrieve
from neurodecode.contrastive.speech.accuracy import participant_rows
from neurodecode.contrastive.speech.adapting import load_adapted
from neurodecode.contrastive.speech.linear import LaggedRidge
from neurodecode.contrastive.speech.network import build_network
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
    fixed = Candidates(_candidate_blocks(network, bank, candidates, heard, unit))
    tables = []
    for label, ready in _versions(network, unit, folder):
        found = retrieve(
            _estimates(ready, recordings, queries, heard, unit), fixed, true.tolist(),
            candidates["word"].tolist(),
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
    info = read_json(folder / "model.json")
    bank = heard.bank(unit.decoder)
    bank.scaler = TargetScaler(**info["target_scaler"])
    network = build_network(
        heard.config,
        unit.decoder,
        n_features=info["n_features"],
        n_participants=len(unit.participants),
        n_channels=len(info["channels"]),
    )
    load_weights(folder, network)
    return bank, network.eval()


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


@torch.no_grad()
def _candidate_blocks(
    network: Any, bank: TargetBank, candidates: pd.DataFrame, heard: Heard, unit: Unit
) -> Iterator[torch.Tensor]:
    index, size = bank.index(candidates), heard.config.evaluation.batch_size
    lag = _lag(network, heard, unit)
    for start in range(0, len(index), size):
        features = bank.gather(index[start : start + size])
        yield network.targets(features[..., : features.shape[-1] - lag])


@torch.no_grad()
def _estimates(
    network: Any, recordings: Recordings, queries: pd.DataFrame, heard: Heard, unit: Unit
) -> Iterator[torch.Tensor]:
    settings, size = heard.settings(unit.decoder), heard.config.evaluation.batch_size
    lag = _lag(network, heard, unit)
    for start in range(0, len(queries), size):
        batch = recordings.read(queries.iloc[start : start + size], settings)
        batch["signals"] = batch["signals"][..., lag:]
        yield network(batch)


def _lag(network: Any, heard: Heard, unit: Unit) -> int:
    """A linear decoder has lags of its own."""
    return 0 if isinstance(network, LaggedRidge) else heard.settings(unit.decoder).n_lag
