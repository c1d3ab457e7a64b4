"""The sound files of a listening recording: present, readable, and as long as their alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.sniff import sniff
from neurodecode.datasets.stimulus_files import require_stimuli
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.datasets.listening.recording import Listening

TOLERANCE_S = 0.05
"""By how much the last aligned word may outlast its audio: aligners round to 10 or 20 ms."""


def check_audio(listening: Listening) -> dict[str, float]:
    """Check that every sound of a recording can be read and lasts as long as its words.

    Only headers are read.

    Returns
    -------
    dict of str to float
        Length of each sound of the story in s.

    Raises
    ------
    DataFault
        A file is missing, an error page, not audio, empty, or ends before its last word.
    """
    require_stimuli(listening.audio, listening.story, kind="sound")
    ends = (listening.words["sound_time"] + listening.words["duration"]).groupby(
        listening.words["sound"]
    )
    lengths = {sound: _seconds(listening.audio / sound) for sound in listening.story}
    for sound, end in ends.max().items():
        if end > lengths[str(sound)] + TOLERANCE_S:
            raise DataFault(
                f"audio is {lengths[str(sound)]:.1f} s, its alignment ends at {end:.1f} s",
                where=str(listening.audio / str(sound)),
                fix="the file is cut short, or belongs to another transcript",
            )
    return lengths


def _seconds(path: Path) -> float:
    import soundfile

    sniff(path)
    try:
        info = soundfile.info(path)
    except soundfile.SoundFileError as error:
        raise DataFault(
            "not a readable sound file", where=str(path), fix="use WAV or FLAC"
        ) from error
    if not info.frames:
        raise DataFault("sound file without samples", where=str(path))
    return float(info.frames / info.samplerate)
