"""A trained decoder leaves its run: a folder that needs nothing else to decode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.artefacts import slug
from neurodecode.contrastive.image.candidates import CandidateBank, asked_of, candidate_names
from neurodecode.contrastive.image.card import model_card
from neurodecode.contrastive.image.config_evaluation import SETS
from neurodecode.contrastive.image.decoder_settings import DecoderSettings
from neurodecode.contrastive.image.training import load_network, network_settings, task_of
from neurodecode.contrastive.people import ScaledPeople
from neurodecode.decoder_folder import seal_folder
from neurodecode.persistence import save_weights

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.contrastive.image.training import Task
    from neurodecode.contrastive.image.units import Seen, Unit

FOLDER = "decoder"
"""Below a unit's model folder."""
PACKAGES = ("mne", "numpy", "scipy", "torch")


def export_decoder(seen: Seen, unit: Unit, folder: Path) -> None:
    """Write ``decoder/`` below the folder of a unit that was trained.

    Weights, candidates with their embeddings, each participant's layout and scaler, a model
    card, and ``decoder.json`` with the sha256 of all. A control, trained on shuffled pictures,
    leaves nothing to be used.

    Parameters
    ----------
    seen : Seen
    unit : Unit
        Of the kind "decoder".
    folder : Path
        Of the unit's trained models.
    """
    (name,) = unit.models
    task = task_of(seen, name, unit)
    if task.decoder.shuffled:
        return
    recordings, out = seen.recordings(), folder / FOLDER
    settings = decoder_settings(seen, task, recordings)
    network = load_network(seen, task, folder / slug(name))
    candidates = test_candidates(seen, task.bank, recordings)
    save_weights(out, network, settings.model_dump(mode="json"), name="network")
    candidates.save(out)
    ScaledPeople.of_recordings(recordings).save(out)
    seal_folder(out, "image", PACKAGES, card=model_card(seen, settings, candidates, recordings))


def decoder_settings(seen: Seen, task: Task, recordings: Recordings) -> DecoderSettings:
    """Return what the folder says of a decoder."""
    return DecoderSettings(
        name=task.name,
        target=task.decoder.target,
        seed=task.seed,
        kind=recordings.items[0].store.info["kind"],
        signals=seen.config.signals,
        trial_types=seen.config.data.events or (),
        network=network_settings(seen.config, task, recordings),
    )


def test_candidates(seen: Seen, bank: PictureBank, recordings: Recordings) -> CandidateBank:
    """Return the pictures of both test sets, in the order in which the run ranks them.

    Where no set is named, that of the run's headline is taken, if it has test pictures.
    """
    windows = recordings.windows("test")
    sets = {
        which: candidate_names(asked_of(mine, bank), bank)
        for which in SETS
        if not (mine := windows[windows["test_set"] == which]).empty
    }
    names = sorted({name for members in sets.values() for name in members})
    shown = seen.trials.drop_duplicates("image").set_index("image")["category"]
    headline = seen.config.evaluation.headline_set
    return CandidateBank(
        names,
        [str(shown.get(name, "")) for name in names],
        bank.gather(bank.index(names)),
        sets,
        headline if headline in sets else next(iter(sets)),
    )
