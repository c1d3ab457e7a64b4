"""What ``prepare`` does: read the sessions of one subject, check and store them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.artefacts import write_json
from neurodecode.datasets.loaders import read_subject_of
from neurodecode.datasets.spiking import spiking_loader
from neurodecode.datasets.spiking.arrays import write_session

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.spiking.recording import SpikeSession
    from neurodecode.spikes.config import SpikesConfig

STORE = "store.json"


def read_subject(config: SpikesConfig, card: Card, subject: str, root: Path) -> list[SpikeSession]:
    """Return the sessions of one subject, checked by ``check_session``."""
    found: list[SpikeSession] = read_subject_of(spiking_loader, config.data, card, subject, root)
    return found


def prepare_subject(folder: Path, sessions: list[SpikeSession]) -> list[SpikeSession]:
    """Write the sessions of a subject below ``folder``, ``store.json`` last; return them."""
    for session in sessions:
        write_session(folder, session)
    write_json(folder / STORE, {
        "sessions": [f"sub-{one.subject}/ses-{one.session}" for one in sessions],
        "described": [describe(one) for one in sessions],
    })  # fmt: skip
    return sessions


def describe(session: SpikeSession) -> dict[str, object]:
    """Return what a report says of a session."""
    n_trials = 0 if session.trials is None else len(session.trials)
    return {
        "subject": session.subject,
        "session": session.session,
        "units": session.n_units,
        "spikes": len(session.times),
        "seconds": session.duration,
        "rate_hz": len(session.times) / session.n_units / session.duration,
        "trials": n_trials,
        "stimulus": [] if session.stimulus is None else list(session.stimulus.frames.shape),
        "behaviour": list(session.behaviour),
        "notes": list(session.notes),
    }
