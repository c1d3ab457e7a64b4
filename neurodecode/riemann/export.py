"""The main decoder of an ``acm`` run leaves it: a folder per fold that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import slug
from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.evaluation.scoring import score_subjects
from neurodecode.persistence import save_estimators
from neurodecode.riemann.card import model_card
from neurodecode.riemann.config import SHUFFLED_LABELS, SHUFFLED_TIME
from neurodecode.riemann.decoder_settings import DecoderSettings
from neurodecode.riemann.folds import FeatureCache, predict_fold
from neurodecode.riemann.protocols import load_unit, two_class_metric, unit_folds
from neurodecode.signals.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sklearn.pipeline import Pipeline

    from neurodecode.evaluation.folds import Fold
    from neurodecode.riemann.config import ACMConfig
    from neurodecode.riemann.folds import Models
    from neurodecode.riemann.protocols import Unit

FOLDER = "decoders"
"""Below a unit's model folder; in it PROTOCOL.FOLD."""
PACKAGES = ("mne", "moabb", "numpy", "pyriemann", "scikit-learn", "scipy", "skops")


def export_decoders(
    config: ACMConfig, models: dict[str, Models], stores: Sequence[Path], name: str, folder: Path
) -> None:
    """Write ``decoders/PROTOCOL.FOLD/`` below the folder of a unit that was trained.

    Each holds the experiment's first decoder as that fold fitted it, so that on the held-out
    recording it answers as the run's own evaluation does; a model card with its score there, and
    ``decoder.json`` with the sha256 of all. A control leaves nothing to be used.

    Parameters
    ----------
    config : ACMConfig
    models : dict
        By protocol, fold and decoder, of :func:`~neurodecode.riemann.protocols.fit_unit`.
    stores : sequence of Path
        Of the unit.
    name : str
        Of the unit: its test subject.
    folder : Path
        Of the unit's trained models.
    """
    main = config.decoders[0]
    if main in (SHUFFLED_LABELS, SHUFFLED_TIME):
        return
    unit, info = load_unit(stores), open_store(stores[0]).info
    for protocol, fitted in models.items():
        for fold in unit_folds(config, unit, name, protocol):
            pipeline = fitted[fold.name][main]
            settings = DecoderSettings(
                name=main,
                dataset=config.data.title,
                protocol=protocol,
                fold=fold.name,
                sfreq=info["sfreq"],
                window=info["window"],
                interval=info["interval"],
                signals=config.signals,
                held_out=_held_out(main, pipeline, unit, fold, protocol, config.seed),
                **_training(unit, fold, config),
            )
            out = folder / FOLDER / f"{protocol}.{slug(fold.name, lower=False)}"
            save_estimators(out, pipeline, settings.model_dump(mode="json"))
            seal_folder(out, "acm", PACKAGES, card=model_card(settings))


def _training(unit: Unit, fold: Fold, config: ACMConfig) -> dict[str, Any]:
    """Return what the training trials of a fold were."""
    signals, trials = unit.signals[fold.train], unit.trials.iloc[fold.train]
    return {
        "participants": sorted(set(trials["subject"])),
        "counts": {str(k): int(n) for k, n in trials["label"].value_counts().items()},
        "channels": _electrodes(unit.channels, config.signals.bands),
        "n_samples": signals.shape[2],
        "spread": signals.std(axis=(0, 2), dtype=float).tolist(),
    }


def _electrodes(rows: Sequence[str], bands: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Return the electrodes of stacked rows: those of the first band, without its name."""
    if len(bands) == 1:
        return tuple(rows)
    (low, high), n = bands[0], len(rows) // len(bands)
    return tuple(name.removesuffix(f" {low:g}-{high:g} Hz") for name in rows[:n])


def _held_out(
    name: str, pipeline: Pipeline, unit: Unit, fold: Fold, protocol: str, seed: int
) -> HeldOut:
    """Score a fold's decoder on its held-out trials, as :func:`score_subjects` does."""
    matrices = FeatureCache(unit.signals[fold.test])(pipeline)
    found = predict_fold(name, pipeline, matrices, unit.trials.iloc[fold.test], fold.name)
    metric = two_class_metric(unit)
    scored = score_subjects(
        found.assign(split=protocol), metric, n_resamples=N_RESAMPLES, n_permutations=0, seed=seed
    )
    row = next(row for row in scored.rows if row.level == "subject")
    return HeldOut.of(row)
