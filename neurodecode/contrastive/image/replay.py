"""Replay a test recording through the streaming decoder: how long a decision takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.contrastive.image.decoder import ImageDecoder
from neurodecode.contrastive.image.export import FOLDER
from neurodecode.streaming.latency import replay_latency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from neurodecode.datasets.viewing.recording import Viewing

LATENCY = "latency.json"
"""Below the evaluation of the unit whose decoder is replayed."""


def replay_viewer(
    folder: Path, recordings: Sequence[Viewing], trials: pd.DataFrame, n_trials: int
) -> dict[str, Any] | None:
    """Replay the recording of one participant that has most test trials.

    Parameters
    ----------
    folder : Path
        Of the unit's trained model, with its decoder.
    recordings : sequence of Viewing
        Of one participant.
    trials : DataFrame
        Of this participant, from :func:`fetch_seen`.
    n_trials : int
        Replay ends once so many are decided.

    Returns
    -------
    dict or None
        ``stages`` (rows of the latency table) and ``same_as_offline``; None where the unit left
        no decoder, or the participant has no test trial.
    """
    tested = trials[trials["part"] == "test"]
    if tested.empty or not (folder / FOLDER).is_dir():
        return None
    most = tested["recording"].value_counts().index[0]
    viewer = next(recording for recording in recordings if recording.name == most)
    decoder = ImageDecoder.load(folder / FOLDER)
    onsets = sorted(tested.loc[tested["recording"] == most, "onset"])
    found = replay_latency(
        decoder, viewer.raw, onsets, n_trials, person=decoder.person(viewer.subject), extra="drop"
    )
    return {
        "stages": found.table.to_dict("records"),
        "same_as_offline": found.same_as_offline,
        "n_lost": len(found.lost),
    }
