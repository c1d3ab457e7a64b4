"""Sound from audio files: one channel, the stretch asked for, and whole."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import soundfile

from neurodecode.faults import DataFault
from neurodecode.stimuli.waveform import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 0.1
"""Seconds by which a stretch may end after the audio, as alignments do; it is then cut there."""
_AGAIN = "delete it and fetch again"
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # written by programs that stream, before the length is known


def read_audio(
    path: Path | str, start: float = 0.0, stop: float | None = None, sfreq: float | None = None
) -> tuple[NDArray[np.float32], float]:
    """Read a stretch of a WAV or FLAC file (or another format of libsndfile) as one channel.

    Parameters
    ----------
    path : Path or str
    start, stop : float
        Seconds from the beginning of the file, default all of it. Samples from
        ``round(start * rate)`` up to, without, ``round(stop * rate)``.
    sfreq : float, default None
        Rate in Hz to resample to, see :func:`~neurodecode.stimuli.waveform.resample`.

    Returns
    -------
    samples : ndarray of float32, shape (n_samples,)
        Mean of the channels; full scale is 1.
    rate : float
        Hz.

    Raises
    ------
    DataFault
        If the file is missing, empty, not audio or truncated; if a sample in the stretch is NaN
        or infinite; if the stretch is empty, or ends more than 0.1 s after the audio.
    """
    path = Path(path)
    _check_file(path)
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate = float(file.samplerate)
            first, last = _bounds(path, file.frames, rate, start, stop)
            _require_end(path, file)
            file.seek(first)
            channels = file.read(last - first, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise _unreadable(path, error) from error
    if len(channels) < last - first:
        raise _truncated(path, f"{first + len(channels)} of {last} frames can be read")
    samples = channels.mean(axis=1)
    _require_finite(path, samples, first, rate)
    return (samples, rate) if sfreq is None else (resample(samples, rate, sfreq), float(sfreq))


def audio_duration(path: Path | str) -> float:
    """Return the duration of an audio file in seconds, from its header.

    Raises
    ------
    DataFault
        If the file is missing, empty, not audio or truncated.
    """
    path = Path(path)
    _check_file(path)
    try:
        with soundfile.SoundFile(str(path)) as file:
            _require_end(path, file)
            return file.frames / file.samplerate
    except soundfile.LibsndfileError as error:
        raise _unreadable(path, error) from error


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataFault("audio file not found", where=str(path))
    if not path.stat().st_size:
        raise DataFault("empty file, not audio", where=str(path), fix=_AGAIN)
    with path.open("rb") as file:
        # libsndfile silently takes what is left of a truncated WAV file.
        missing = _missing_wav_bytes(file, path.stat().st_size)
    if missing:
        raise _truncated(path, f"its header promises {missing:,} bytes more than it has")


def _missing_wav_bytes(file: BinaryIO, size: int) -> int:
    """Compare the length of the data chunk of a RIFF WAVE file with what follows it."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return 0
    while len(chunk := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data":
            return 0 if length in _UNKNOWN_SIZES else max(0, file.tell() + length - size)
        file.seek(length + length % 2, 1)
    return max(1, file.tell() - size)  # no data chunk before the end


def _bounds(
    path: Path, n_frames: int, rate: float, start: float, stop: float | None
) -> tuple[int, int]:
    duration = n_frames / rate
    stop = duration if stop is None else stop
    if not n_frames:
        raise DataFault("audio file without a sample", where=str(path), fix=_AGAIN)
    if stop > duration + TOLERANCE:
        raise DataFault(
            f"audio is {duration:.1f} s, its alignment ends at {stop:.1f} s",
            where=str(path),
            fix="check that audio and alignment belong together",
        )
    first, last = round(start * rate), min(round(stop * rate), n_frames)
    if not 0 <= first < last:
        raise DataFault(
            f"no sound between {start:g} s and {stop:g} s, audio is {duration:.1f} s",
            where=str(path),
        )
    return first, last


def _require_end(path: Path, file: soundfile.SoundFile) -> None:
    """Read the last frame: a truncated FLAC file has it in its header only."""
    if file.frames:
        file.seek(file.frames - 1)
        if len(file.read(1)) != 1:
            raise _truncated(path, f"its header promises {file.frames} frames")


def _require_finite(path: Path, samples: NDArray[np.float32], first: int, rate: float) -> None:
    finite = np.isfinite(samples)
    if not finite.all():
        time, count = (first + int(np.argmin(finite))) / rate, int((~finite).sum())
        raise DataFault(
            f"{count} samples of audio are NaN or infinite, the first at {time:.3f} s",
            where=str(path),
        )


def _unreadable(path: Path, error: soundfile.LibsndfileError) -> DataFault:
    with path.open("rb") as file:
        head = file.read(12)
    problem = str(error.error_string).rstrip(".")
    if head.lstrip()[:1] == b"<":
        return DataFault(
            f"error page, not audio: it starts with {head!r}", where=str(path), fix=_AGAIN
        )
    return DataFault(
        f"audio cannot be read: {problem}; it starts with {head!r}", where=str(path), fix=_AGAIN
    )


def _truncated(path: Path, detail: str) -> DataFault:
    return DataFault(f"truncated audio: {detail}", where=str(path), fix=_AGAIN)
