"""One subject under every protocol of an experiment: folds, models, predictions, scores, audit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, roc_auc_score

from neurodecode.artefacts import write_json, write_parquet
from neurodecode.channels import canonical_name
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
from neurodecode.faults import DataFault, unknown
from neurodecode.riemann.folds import Models, fit_folds, predict_folds
from neurodecode.riemann.selection import Selector
from neurodecode.signals.checks import common_channels
from neurodecode.signals.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.riemann.config import ACMConfig


@dataclass(frozen=True)
class Unit:
    """The trials that one subject's decoders train and test on."""

    signals: NDArray[Any]
    trials: pd.DataFrame
    channels: tuple[str, ...] = ()

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
            write_parquet(folder / f"{name}.parquet", table)
        content = {
            "rows": list(map(asdict, self.scored.rows)),
            "audit": list(map(asdict, self.audit)),
        }
        write_json(folder / "metrics.json", content)


def load_unit(stores: Sequence[Path]) -> Unit:
    """Read the stores of a unit and reduce them to their common channels.

    Raises
    ------
    DataFault
        If the subjects share no channel, or differ in sampling rate.
    """
    opened = [open_store(store) for store in stores]
    names = {store.folder.name: store.info["channels"] for store in opened}
    rates = {store.folder.name: store.info["sfreq"] for store in opened}
    common = common_channels(names)
    if len(set(rates.values())) > 1:
        table = ", ".join(f"subject {name}: {rate:g} Hz" for name, rate in rates.items())
        raise DataFault(
            "sampling rates differ between subjects",
            where=table,
            fix=f"set signals.resample={min(rates.values()):g}, or leave subjects out",
        )
    sites = [canonical_name(name) for name in common]
    signals = []
    for store in opened:
        place = {canonical_name(name): i for i, name in enumerate(store.info["channels"])}
        signals.append(store.signals[:, [place[site] for site in sites]])
    length = min(part.shape[2] for part in signals)
    trials = pd.concat([store.trials for store in opened], ignore_index=True)
    joined = np.concatenate([part[:, :, :length] for part in signals])
    return Unit(joined, trials, tuple(common))


def unit_folds(config: ACMConfig, unit: Unit, subject: str, protocol: str) -> list[Fold]:
    """Return the folds of one protocol that test this subject."""
    mine = np.flatnonzero(unit.trials["subject"].to_numpy() == subject)
    if not len(mine):
        raise DataFault(unknown("subject", subject, sorted(set(unit.trials["subject"]))))
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
    config: ACMConfig, stores: Sequence[Path], name: str, *, cache_dir: Path | None = None
) -> tuple[dict[str, Models], dict[str, Any], pd.DataFrame]:
    """Fit every decoder on every fold.

    Returns
    -------
    models : dict
        By protocol, fold and decoder.
    info : dict
        What ``model.json`` says.
    selection : DataFrame
        What searches scored and chose, one row per fold and grid point; empty without a search.
    """
    unit = load_unit(stores)
    folds_of = {  # all before the first fit: a protocol that cannot be is told at once
        protocol: unit_folds(config, unit, name, protocol)
        for protocol in config.evaluation.protocols
    }
    selector = Selector(
        unit.signals, unit.labels, config.search, seed=config.seed, cache_dir=cache_dir
    )
    models: dict[str, Models] = {}
    selections = []
    for protocol, folds in folds_of.items():
        before = len(selector.table)
        models[protocol] = fit_folds(
            config.decoders, config.decoder_model, unit.signals, unit.labels, folds,
            seed=config.seed, selector=selector,
        )  # fmt: skip
        selections.append(selector.table.iloc[before:].assign(split=protocol, subject=name))
    n_folds = sum(map(len, models.values()))
    info = {
        "decoders": list(config.decoders),
        "folds": {protocol: list(folds) for protocol, folds in models.items()},
        "n_folds": n_folds,
        "n_models": n_folds * len(config.decoders),
        "channels": list(unit.channels),
        "settings": config.decoder_model.model_dump(),
    }
    return models, info, pd.concat(selections, ignore_index=True)


def evaluate_unit(
    config: ACMConfig, models: dict[str, Models], stores: Sequence[Path], name: str
) -> Result:
    """Predict the held-out trials, score them, and audit every fold by unit and by content."""
    unit = load_unit(stores)
    metric = choose_metric(config, unit)
    hashes = hash_signals(unit.signals)
    predictions, audit = [], []
    for protocol, fitted in models.items():
        folds = unit_folds(config, unit, name, protocol)
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
        ceiling=optimal_score(unit, name, metric),
    )
    return Result(table, scored, audit)


def choose_metric(config: ACMConfig, unit: Unit) -> str:
    """ROC-AUC with two classes, else accuracy, unless the experiment names one."""
    if config.evaluation.metric != "auto":
        return config.evaluation.metric
    return two_class_metric(unit)


def two_class_metric(unit: Unit) -> str:
    """ROC-AUC with two classes, else accuracy, as MOABB has it."""
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
