"""The sound files of a listening recording: present, readable, and as long as their alignment."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
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
    require_sounds(listening.audio, listening.story)
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


def require_sounds(folder: Path, sounds: Iterable[str]) -> None:
    """Raise DataFault unless all sounds are files below ``folder``; the first few are named."""
    wanted = list(dict.fromkeys(sounds))
    for sound in wanted:
        if PurePosixPath(sound).is_absolute() or ".." in PurePosixPath(sound).parts:
            raise DataFault(f"sound '{sound}' lies outside the audio folder", where=str(folder))
    missing = [sound for sound in wanted if not (folder / sound).is_file()]
    if not missing:
        return
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    present = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    guess = nearest(missing[0], present)
    raise DataFault(
        f"sound files not found: {', '.join(missing[:5])}{more}",
        where=str(folder),
        fix=f"put them there{f'; the nearest name there is {guess}' if guess else ''}",
    )


def relative_sound(name: str) -> str:
    """Return a sound's path below the audio folder: BIDS writes it with or without stimuli/."""
    return name.replace("\\", "/").removeprefix("./").removeprefix("stimuli/")


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
