"""A trained speech decoder leaves its run: a folder that needs nothing else to decode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.contrastive.people import ScaledPeople
from neurodecode.contrastive.speech.accuracy import chance_of, values_of
from neurodecode.contrastive.speech.card import model_card
from neurodecode.contrastive.speech.config import BATCH
from neurodecode.contrastive.speech.decoder_settings import DecoderSettings
from neurodecode.contrastive.speech.evaluation import load_network, retrieve_queries
from neurodecode.contrastive.speech.network_settings import network_settings
from neurodecode.contrastive.speech.segments import SegmentBank
from neurodecode.contrastive.speech.targets import distinct_segments
from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.persistence import save_weights

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.contrastive.speech.units import Heard, Unit

FOLDER = "decoder"
"""Below a unit's model folder."""
PACKAGES = ("mne", "numpy", "scipy", "torch")
METRIC = "top-10 accuracy"


def export_decoder(
    heard: Heard, unit: Unit, recordings: Recordings, bank: TargetBank, folder: Path
) -> None:
    """Write ``decoder/`` below the folder of a unit that was trained.

    Weights, the test segments with the encoder's frames, each participant's layout and scaler,
    the score on the test part, a model card, and ``decoder.json`` with the sha256 of all. A
    control, trained on shuffled targets, leaves nothing to be used; nor do the models of a curve
    over participants or of an adaptation.

    Parameters
    ----------
    heard : Heard
    unit : Unit
    recordings : Recordings
        Of all participants.
    bank : TargetBank
        With its scaler fitted.
    folder : Path
        Of the trained model.
    """
    if unit.kind != "decoder" or unit.decoder.shuffled:
        return
    network = load_network(heard, unit, folder)
    windows = recordings.windows()
    segments = SegmentBank.of_windows(bank, distinct_segments(windows))
    parts = windows["part"].value_counts()
    settings = DecoderSettings(
        name=unit.model,
        target=unit.decoder.target,
        seed=unit.seed,
        kind=recordings.items[0].store.info["kind"],
        signals=heard.settings(unit.decoder),
        trial_types=heard.config.data.events or (),
        dataset=heard.config.data.title,
        network=network_settings(
            heard.config, unit.decoder, n_features=bank.n_features,
            n_participants=len(unit.participants), n_channels=len(recordings.channels),
        ),
        n_windows={part: int(parts.get(part, 0)) for part in ("train", "valid", "test")},
        held_out=_held_out(heard, unit, network, segments, recordings),
    )  # fmt: skip
    out, people = folder / FOLDER, ScaledPeople.of_recordings(recordings)
    save_weights(out, network, settings.model_dump(mode="json"), name="network")
    segments.save(out)
    people.save(out)
    seal_folder(out, "speech", PACKAGES, card=model_card(settings, segments, people))


def _held_out(
    heard: Heard, unit: Unit, network: Any, segments: SegmentBank, recordings: Recordings
) -> HeldOut:
    """Score a network on all test windows of all participants; intervals over sentences."""
    queries = recordings.windows("test")
    found = queries.assign(
        **retrieve_queries(network, segments, recordings, queries, heard.settings(unit.decoder),
                           size=BATCH),
        n_candidates=len(segments.segments),
    )  # fmt: skip
    ci = mean_ci(
        values_of(found, METRIC), found["sentence"].to_numpy(), n_resamples=N_RESAMPLES,
        random_state=unit.seed, cluster_unit="sentence",
    )  # fmt: skip
    low, high = (ci.low, ci.high) if np.isfinite([ci.low, ci.high]).all() else (0.0, 1.0)
    return HeldOut(
        metric=METRIC, value=ci.estimate, ci_low=low, ci_high=high,
        chance=chance_of(found, METRIC), n=len(found), unit="sentence",
    )  # fmt: skip
