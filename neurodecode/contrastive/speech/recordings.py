"""The ``speech`` pipeline's recordings: a catalogue data set, a BIDS folder, the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json, write_json
from neurodecode.contrastive.speech.preparation import STORY, write_story
from neurodecode.datasets.listening import listening_loader
from neurodecode.datasets.listening.audio import check_audio
from neurodecode.datasets.loaders import read_subject_of
from neurodecode.datasets.recording import require_distinct
from neurodecode.evaluation.sentences import KEY_RULE
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.listening.recording import Listening

DESCRIPTION = "story.json"


def read_listener(config: SpeechConfig, card: Card, subject: str, root: Path) -> list[Listening]:
    """Return all recordings of one participant, not loaded.

    Raises
    ------
    DataFault
        As the data set's loader; also where two recordings have the same name.
    """
    recordings = read_subject_of(listening_loader, config.data, card, subject, root)
    require_distinct(recordings, subject=subject)
    return recordings


def fetch_story(
    config: SpeechConfig, card: Card, subjects: Sequence[str], root: Path, folder: Path
) -> pd.DataFrame:
    """Read what everybody heard, split it into blocks once, and write it below ``folder``.

    Raises
    ------
    DataFault
        As :func:`read_listener`; also if a sound is missing, or shorter than its words.
    """
    recordings = [r for label in subjects for r in read_listener(config, card, label, root)]
    for recording in recordings:
        check_audio(recording)
    story = write_story(folder / STORY, recordings, config.split)
    audio = sorted({str(recording.audio.resolve()) for recording in recordings})
    if len(audio) > 1:
        raise DataFault(f"sound files in {len(audio)} folders: {', '.join(audio)}",
                        fix="keep the sounds of a study in one folder")  # fmt: skip
    notes = [f"{r.subject}: {note}" for r in recordings for note in r.notes]
    write_json(folder / DESCRIPTION, {"audio": audio[0], "notes": notes, "key_rule": KEY_RULE})
    return story


def read_story(folder: Path) -> tuple[pd.DataFrame, Path]:
    """Return the story's words, and the folder of its sound files."""
    from pathlib import Path

    return pd.read_parquet(folder / STORY), Path(read_json(folder / DESCRIPTION)["audio"])


def optimal_ranks_of(root: Path, sfreq: float, duration: float) -> Any:
    """Return a function from queries and candidates to the ranks of the optimal decoder.

    Parameters
    ----------
    root : Path
        Folder of the simulated data set.
    sfreq, duration : float
        Of the windows.
    """
    from neurodecode.datasets.simulate.listening_optimal import optimal_ranks

    def ranks(queries: pd.DataFrame, candidates: pd.DataFrame) -> Any:
        found = np.zeros(len(queries), dtype=int)
        segments = candidates[["sound"]].assign(start=candidates["sound_start"])
        for participant, rows in queries.groupby("participant").indices.items():
            mine = queries.iloc[rows]
            windows = pd.DataFrame({"start": mine["start"] / sfreq, "candidate": mine["candidate"]})
            found[rows] = optimal_ranks(
                root, str(participant), windows, segments, duration=duration
            )
        return found

    return ranks
