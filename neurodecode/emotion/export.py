"""The main network and classical decoders of an emotion run leave it: a folder per fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.emotion.card import model_card
from neurodecode.emotion.config_model import TargetSection
from neurodecode.emotion.decoder_settings import DecoderSettings
from neurodecode.emotion.evaluation import WINDOWS, answers_of, stages
from neurodecode.emotion.loading import CALIBRATED, load_network, network_section
from neurodecode.emotion.windows import WindowSource, all_windows, places_of
from neurodecode.evaluation.ordinal_scores import ScoreSettings, score_ratings
from neurodecode.persistence import load_estimators, save_estimators, save_weights

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.emotion.decoders import Decoder
    from neurodecode.emotion.study import Study
    from neurodecode.emotion.units import Unit
    from neurodecode.evaluation.rated_folds import RatedFold

    Rows = NDArray[np.intp]

FOLDER = "decoder"
"""Below the folder of a fold."""
PACKAGES = ("mne", "numpy", "scipy", "torch")
CLASSICAL_PACKAGES = ("mne", "numpy", "pyriemann", "scikit-learn", "scipy", "skops")
METRIC = "accuracy"


def export_decoder(
    study: Study, unit: Unit, decoder: Decoder, label: str, stretches: pd.DataFrame,
    fold: RatedFold, place: Path,
) -> None:  # fmt: skip
    """Write ``decoder/`` below the folder of a fold that was trained.

    For the first decoder of a protocol, and for every classical one; a control leaves nothing to
    be used. Weights or estimators, settings, the score on the held-out windows, a model card, and
    ``decoder.json`` with the sha256 of all: such a folder needs nothing else.

    Parameters
    ----------
    study : Study
    unit : Unit
    decoder : Decoder
    label : str
        The rating.
    stretches : DataFrame
        With the true levels.
    fold : RatedFold
    place : Path
        Of the trained fold.
    """
    first = study.config.models_of(unit.protocol)[0]
    if decoder.shuffled or not (decoder.classical or decoder.name == first):
        return
    out, score = place / FOLDER, _held_out(study, unit, decoder, label, stretches, fold, place)
    known = _known(unit, decoder, fold)
    changed: dict[str, Any] = {}
    if not decoder.classical:
        target = TargetSection(kind=cast("Any", decoder.target), sigma=study.config.sigma)
        network = network_section(study, decoder, across=unit.across)
        changed = {"network": network, "target": target}
    settings = DecoderSettings(
        name=decoder.name,
        dataset=study.config.data.title,
        label=label,
        scale=study.scale(label),
        protocol=unit.protocol,
        fold=fold.name,
        participants=_participants(decoder, stretches, fold),
        n_trials=len(stretches.iloc[known][["subject", "session", "trial"]].drop_duplicates()),
        channels=study.first.info["channels"],
        n_samples=study.config.window_samples,
        signals=study.config.signals,
        held_out=score,
        **changed,
    )
    _save_model(study, unit, decoder, label, fold, place, settings)
    packages = CLASSICAL_PACKAGES if decoder.classical else PACKAGES
    seal_folder(out, "emotion", packages, card=model_card(settings))


def _save_model(
    study: Study, unit: Unit, decoder: Decoder, label: str, fold: RatedFold, place: Path,
    settings: DecoderSettings,
) -> None:  # fmt: skip
    """Write weights or estimators of a fold, with the settings beside them."""
    out, content = place / FOLDER, settings.model_dump(mode="json")
    if decoder.classical:
        from neurodecode.emotion.classical import TRUSTED

        save_estimators(out, load_estimators(place, trusted=TRUSTED), content)
        return
    weights = stages(unit, fold)[0][1]
    network = load_network(study, decoder, label, place, weights=weights, across=unit.across)
    save_weights(out, network, content, name="network")


def _known(unit: Unit, decoder: Decoder, fold: RatedFold) -> Rows:
    """Return the stretches that a decoder was fitted on, of a network those of its last stage."""
    if decoder.classical:
        return np.concatenate([fold.train, fold.valid, fold.calibrate])
    return fold.calibrate if stages(unit, fold)[0][1] == CALIBRATED else fold.train


def _participants(decoder: Decoder, stretches: pd.DataFrame, fold: RatedFold) -> tuple[str, ...]:
    rows = [*fold.train, *fold.calibrate, *(fold.valid if decoder.classical else ())]
    return tuple(sorted(set(stretches.iloc[rows]["subject"])))


def _held_out(
    study: Study, unit: Unit, decoder: Decoder, label: str, stretches: pd.DataFrame,
    fold: RatedFold, place: Path,
) -> HeldOut:  # fmt: skip
    """Score a fold's decoder on its held-out windows, each once."""
    shown = all_windows(stretches.iloc[fold.test], study.config.window_samples)
    source = WindowSource(
        {unit.subject: study.stores[unit.subject].signals}, study.config.window_samples
    )
    windows = source.read(places_of(shown, source.subjects))
    found = answers_of(study, unit, decoder, label, fold, place, shown, windows)[0]
    how = ScoreSettings(n_resamples=N_RESAMPLES, n_permutations=0, seed=study.config.seed)
    row = score_ratings(found.assign(kind=WINDOWS), how, metrics=(METRIC,))[0]
    return HeldOut.of(row)
