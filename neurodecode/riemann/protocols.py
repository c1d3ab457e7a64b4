"""One subject under every protocol of an experiment: folds, models, predictions, scores, audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, roc_auc_score

from neurodecode.artefacts import atomic_path, write_json
from neurodecode.evaluation.audit import (
    AuditRow,
    assert_no_leak,
    audit_folds,
    hash_signals,
    signal_overlap,
)
from neurodecode.evaluation.folds import Fold
from neurodecode.evaluation.protocols import PROTOCOLS, make_folds
from neurodecode.evaluation.scoring import Scored, score_subjects
from neurodecode.riemann.config import ACMConfig
from neurodecode.riemann.folds import Models, fit_folds, predict_folds
from neurodecode.signals.store import open_store


@dataclass(frozen=True)
class Unit:
    """The trials that one subject's decoders train and test on."""

    signals: NDArray[Any]
    trials: pd.DataFrame

    @property
    def labels(self) -> NDArray[np.str_]:
        """The class of each trial."""
        return self.trials["label"].to_numpy(dtype=str)


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` finds for one subject."""

    predictions: pd.DataFrame
    scored: Scored
    audit: list[AuditRow]

    @property
    def summary(self) -> str:
        """The main decoder's score, in words."""
        row = next(row for row in self.scored.rows if row.level == "subject")
        return f"{row.model} {row.metric} {row.value:.3f}, chance {row.chance:.2f}"

    def save(self, folder: Path) -> None:
        """Write predictions, shuffles and bootstrap draws (parquet), and ``metrics.json``."""
        tables = {
            "predictions": self.predictions,
            "null": self.scored.null,
            "resampled": self.scored.resampled,
        }
        for name, table in tables.items():
            with atomic_path(folder / f"{name}.parquet") as path:
                table.to_parquet(path, index=False)
        content = {
            "rows": list(map(asdict, self.scored.rows)),
            "audit": list(map(asdict, self.audit)),
        }
        write_json(folder / "metrics.json", content)


def load_unit(stores: Sequence[Path]) -> Unit:
    """Read the stores of a unit; trials are numbered within their session."""
    opened = [open_store(store) for store in stores]
    channels = opened[0].info["channels"]
    common = [c for c in channels if all(c in store.info["channels"] for store in opened)]
    signals = [
        store.signals
        if store.info["channels"] == common
        else store.signals[:, [store.info["channels"].index(c) for c in common]]
        for store in opened
    ]
    length = min(part.shape[2] for part in signals)
    trials = pd.concat([store.trials for store in opened], ignore_index=True)
    return Unit(np.concatenate([part[:, :, :length] for part in signals]), trials)


def unit_folds(config: ACMConfig, unit: Unit, subject: str, protocol: str) -> list[Fold]:
    """Return the folds of one protocol that test this subject."""
    mine = np.flatnonzero(unit.trials["subject"].to_numpy() == subject)
    if protocol == "cross_subject":
        return [f for f in make_folds(protocol, unit.trials) if f.subject == subject]
    options = (
        {"n_splits": config.evaluation.n_splits, "random_state": config.seed}
        if protocol == "within_session"
        else {}
    )
    return [
        Fold(mine[fold.train], mine[fold.test], fold.name, fold.subject, fold.session, fold.fold)
        for fold in make_folds(protocol, unit.trials.iloc[mine], **options)
    ]


def fit_unit(
    config: ACMConfig, stores: Sequence[Path], name: str
) -> tuple[dict[str, Models], dict[str, Any]]:
    """Fit every decoder on every fold; return them by protocol, and what ``model.json`` says."""
    unit = load_unit(stores)
    models: dict[str, Models] = {}
    for protocol in config.evaluation.protocols:
        folds = unit_folds(config, unit, _subject(unit, name), protocol)
        models[protocol] = fit_folds(
            config.decoders, config.model, unit.signals, unit.labels, folds, seed=config.seed
        )
    n_folds = sum(map(len, models.values()))
    info = {
        "decoders": list(config.decoders),
        "folds": {protocol: list(folds) for protocol, folds in models.items()},
        "n_folds": n_folds,
        "n_models": n_folds * len(config.decoders),
        "channels": open_store(stores[0]).info["channels"],
        "settings": config.model.model_dump(),
    }
    return models, info


def evaluate_unit(
    config: ACMConfig, models: dict[str, Models], stores: Sequence[Path], name: str
) -> Result:
    """Predict the held-out trials, score them, and audit every fold by unit and by content."""
    unit = load_unit(stores)
    metric = choose_metric(config, unit)
    hashes = hash_signals(unit.signals)
    predictions, audit = [], []
    for protocol, fitted in models.items():
        folds = unit_folds(config, unit, _subject(unit, name), protocol)
        known = PROTOCOLS[protocol]
        assert known.unit is not None
        audit += audit_folds(folds, unit.trials, known.unit, split=protocol, leaks=known.leaks)
        audit += signal_overlap(hashes, folds, split=protocol, leaks=known.leaks)
        assert_no_leak(audit)
        part = predict_folds(fitted, unit.signals, unit.trials, folds)
        part.insert(1, "split", protocol)
        predictions.append(part)
    table = pd.concat(predictions, ignore_index=True)
    scored = score_subjects(
        table,
        metric,
        n_resamples=config.evaluation.n_bootstrap,
        n_permutations=config.evaluation.n_permutations,
        seed=config.seed,
        ceiling=optimal_score(unit, _subject(unit, name), metric),
    )
    return Result(table, scored, audit)


def choose_metric(config: ACMConfig, unit: Unit) -> str:
    """ROC-AUC with two classes, else accuracy, unless the experiment names one."""
    if config.evaluation.metric != "auto":
        return config.evaluation.metric
    return "roc_auc" if len(np.unique(unit.labels)) == 2 else "accuracy"


def optimal_score(unit: Unit, subject: str, metric: str) -> float | None:
    """Score of the optimal decoder on one subject's trials, the mean over sessions.

    Known for simulated trials, which carry the log-likelihood of each class.
    """
    classes = sorted(set(unit.labels))
    columns = [f"optimal_{name}" for name in classes]
    if any(column not in unit.trials for column in columns):
        return None
    mine = unit.trials[unit.trials["subject"] == subject]
    scores = []
    for _, trials in mine.groupby("session"):
        likelihoods, labels = trials[columns].to_numpy(), trials["label"].to_numpy()
        if metric == "roc_auc" and len(classes) == 2:
            difference = likelihoods[:, 1] - likelihoods[:, 0]
            scores.append(roc_auc_score(labels == classes[1], difference))
        else:
            scores.append(accuracy_score(labels, np.array(classes)[likelihoods.argmax(axis=1)]))
    return float(np.mean(scores))


def _subject(unit: Unit, name: str) -> str:
    """The unit's subject as the trial table spells it (MOABB drops leading zeros in none)."""
    subjects = set(unit.trials["subject"])
    return name if name in subjects else next(iter(subjects))
