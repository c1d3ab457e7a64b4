"""The main network of an emotion run leaves it: a folder per fold that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from neurodecode.artefacts import write_text
from neurodecode.decoder_folder import HeldOut, seal_folder
from neurodecode.emotion.card import model_card
from neurodecode.emotion.config_model import TargetSection
from neurodecode.emotion.decoder_settings import DecoderSettings
from neurodecode.emotion.evaluation import WINDOWS, answers_of, stages
from neurodecode.emotion.loading import CALIBRATED, load_network, network_section
from neurodecode.emotion.windows import WindowSource, all_windows, places_of
from neurodecode.evaluation.ordinal_scores import ScoreSettings, score_ratings
from neurodecode.persistence import save_weights

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from neurodecode.emotion.decoders import Decoder
    from neurodecode.emotion.study import Study
    from neurodecode.emotion.units import Unit
    from neurodecode.evaluation.rated_folds import RatedFold

FOLDER = "decoder"
"""Below the folder of a fold."""
PACKAGES = ("mne", "numpy", "scipy", "torch")
METRIC = "accuracy"
N_RESAMPLES = 1000
"""Of the held-out trials, for the interval on the card."""


def export_decoder(
    study: Study, unit: Unit, decoder: Decoder, label: str, stretches: pd.DataFrame,
    fold: RatedFold, place: Path,
) -> None:  # fmt: skip
    """Write ``decoder/`` below the folder of a fold that was trained.

    Only for the first decoder of a protocol, if it is a network; a control leaves nothing to be
    used. Weights, settings, the score on the held-out windows, a model card, and
    ``decoder.json`` with the sha256 of all.

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
    main = study.config.models_of(unit.protocol)[0]
    if decoder.name != main or decoder.classical or decoder.shuffled:
        return
    weights = stages(unit, fold)[0][1]
    network = load_network(study, decoder, label, place, weights=weights, across=unit.across)
    known = stretches.iloc[fold.calibrate if weights == CALIBRATED else fold.train]
    settings = DecoderSettings(
        name=decoder.name,
        dataset=study.config.data.dataset,
        label=label,
        scale=study.scale(label),
        protocol=unit.protocol,
        fold=fold.name,
        participants=tuple(sorted(set(stretches.iloc[[*fold.train, *fold.calibrate]]["subject"]))),
        n_trials=len(known[["subject", "session", "trial"]].drop_duplicates()),
        channels=study.first.info["channels"],
        n_samples=study.config.window_samples,
        network=network_section(study, decoder, across=unit.across),
        target=TargetSection(kind=cast("Any", decoder.target), sigma=study.config.sigma),
        signals=study.config.signals,
        held_out=_held_out(study, unit, decoder, label, stretches, fold, place),
    )
    out = place / FOLDER
    save_weights(out, network, settings.model_dump(mode="json"), name="network")
    write_text(out / "README.md", model_card(settings))
    seal_folder(out, "emotion", PACKAGES)


def _held_out(
    study: Study, unit: Unit, decoder: Decoder, label: str, stretches: pd.DataFrame,
    fold: RatedFold, place: Path,
) -> HeldOut:  # fmt: skip
    """Score a fold's network on its held-out windows, each once."""
    shown = all_windows(stretches.iloc[fold.test], study.config.window_samples)
    source = WindowSource(
        {unit.subject: study.stores[unit.subject].signals}, study.config.window_samples
    )
    windows = source.read(places_of(shown, source.subjects))
    found = answers_of(study, unit, decoder, label, fold, place, shown, windows)[0]
    how = ScoreSettings(n_resamples=N_RESAMPLES, n_permutations=0, seed=study.config.seed)
    row = score_ratings(found.assign(kind=WINDOWS), how, metrics=(METRIC,))[0]
    return HeldOut.model_validate({name: getattr(row, name) for name in HeldOut.model_fields})
