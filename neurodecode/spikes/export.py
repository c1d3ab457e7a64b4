"""A behaviour-decoding network leaves its run: a folder that needs nothing else to decode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.persistence import load_weights, save_weights
from neurodecode.spikes.card import model_card
from neurodecode.spikes.config import FewShotSection
from neurodecode.spikes.decoded import ACCURACY, R, decode_windows, decoding_rows
from neurodecode.spikes.decoder_settings import DecoderSettings, FrameState
from neurodecode.spikes.loading import network_of
from neurodecode.spikes.variants import ALONE, JOINT

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.units import Part

FOLDER = "decoder"
"""Below the folder of a fold."""
PACKAGES = ("numpy", "torch")


def export_decoder(
    config: SpikesConfig, part: Part, recorded: Recorded, fold: SpikeFold, folder: Path
) -> None:
    """Write ``decoder/`` below the folder of a fold that was trained.

    Of the first network among the decoders of behaviour; a control leaves nothing to be used.
    Weights, units, windows, scales of behaviour and stimulus, the score on the held-out windows, a
    model card, and ``decoder.json`` with the sha256 of all.

    Parameters
    ----------
    config : SpikesConfig
    part : Part
    recorded : Recorded
    fold : SpikeFold
    folder : Path
        Of the trained fold.
    """
    if part.model != next((name for name in config.decoders if name in (JOINT, ALONE)), None):
        return
    network = network_of(config, recorded, config.decoder_model, decodes=True)
    settings = DecoderSettings(
        name=part.model,
        subject=recorded.session.subject,
        session=recorded.session.session,
        fold=fold.name,
        seed=part.seed,
        n_windows=fold.train.size,
        units=tuple(recorded.unit_labels),
        network=network,
        experiment=_experiment(config, network),
        scales=read_json(folder / "model.json")["scales"],
        classes={name: found for name in (*network.inputs, *network.targets)
                 if (found := recorded.classes(name))},
        frames=_frames(recorded) if network.frames is not None else None,
        batch_size=config.evaluation.batch_size,
        held_out=_held_out(config, part, recorded, fold, folder),
    )  # fmt: skip
    out, model = folder / FOLDER, load_weights(folder, network.build())
    save_weights(out, model, settings.model_dump(mode="json"), name="network")
    seal_folder(out, "spikes", PACKAGES, card=model_card(settings))


def _experiment(config: SpikesConfig, network: NeuroformerConfig) -> SpikesConfig:
    """Return what of an experiment decides windows and reading; no folder of its machine."""
    read: dict[str, Any] = {"path": None, "subjects": "all", "simulation": {}}
    return config.model_copy(update={
        "description": "", "data": config.data.model_copy(update=read),
        "inputs": tuple(network.inputs), "targets": (), "models": (config.decoder_model,),
        "decoders": (), "few_shot": FewShotSection(), "wiring": None,
    })  # fmt: skip


def _frames(recorded: Recorded) -> FrameState:
    assert recorded.session.stimulus is not None
    rows, columns = recorded.session.stimulus.frames.shape[1:]
    return FrameState(size=(rows, columns), largest=recorded.largest)


def _held_out(
    config: SpikesConfig, part: Part, recorded: Recorded, fold: SpikeFold, folder: Path
) -> dict[str, HeldOut]:
    """Score the network on the held-out windows as the run does."""
    labels: dict[str, Any] = {
        "model": part.model, "subject": recorded.session.subject, "fold": fold.name,
        "session": recorded.session.session, "split": config.protocol, "seed": part.seed,
    }  # fmt: skip
    found = decode_windows(config, part, recorded, fold, folder).assign(**labels)
    fixed = config.evaluation.model_copy(update={"n_resamples": N_RESAMPLES})
    rows = decoding_rows(found, config.model_copy(update={"evaluation": fixed}))
    scores = {}
    for target in config.targets:
        row = next(row for row in rows if row.metric in (f"{target} {R}", f"{target} {ACCURACY}"))
        names = ("metric", "value", "ci_low", "ci_high", "chance", "unit")
        kept = {name: getattr(row, name) for name in names}
        scores[target] = HeldOut(**kept, n=fold.test.size, counted="windows")
    return scores
