"""Brennan 2019: EEG of people who heard the first chapter of Alice in Wonderland.

Brennan and Hale, PLoS ONE 14(1), e0207741, 2019; data: Deep Blue, bg257f92t. Under the root lie
``S01.mat`` ... (EEG), ``proc/S01.mat`` ... (trial tables), ``AliceChapterOne-EEG.csv`` (2,129
aligned words) and ``audio/DownTheRabbitHoleFinal_SoundFile1.wav`` to 12.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.arrays import raw_from_array
from neurodecode.datasets.listening.recording import Listening, sounds_in_order
from neurodecode.datasets.matlab import read_matlab
from neurodecode.datasets.recording import rows_inside
from neurodecode.datasets.stimulus_files import require_stimuli
from neurodecode.faults import DataFault, nearest

CHANNELS = tuple(str(k) for k in range(1, 62) if k != 29)
"""The 60 EEG channels; the numbering skips 29, which is the reference."""

EXCLUDED = ("S02", "S24", "S26", "S27", "S30", "S32", "S34", "S35", "S36")
"""Left out of the published decoder: their trial table is incomplete or malformed.

Not the participants that the original study leaves out (by quiz and noise).
"""

MONTAGE = "easycap-M10"
SFREQ = 500.0
WORDS = "AliceChapterOne-EEG.csv"
SOUND = "DownTheRabbitHoleFinal_SoundFile{}.wav"
_COLUMNS = ("Word", "Segment", "onset", "offset", "Order", "Sentence")
_TRIAL = ("begin", "end", "trial_offset", "segment", "tmin", "Order")
_JITTER_S = 0.02


def read_recordings(
    root: Path,
    subject: str,
    *,
    excluded: bool = False,
    onsets: Literal["published", "event"] = "published",
) -> list[Listening]:
    """Read the one recording of a participant.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    subject : str
        "S01" (or "1") to "S49".
    excluded : bool, default False
        Also read participants of :data:`EXCLUDED`, with the words that their trial table has.
    onsets : "published" or "event", default "published"
        Where a word begins. "published": first sample of its trial / 500, as in the published
        decoder, whatever the offset of the trial. "event": the sample that the trial is locked
        to, which is first sample - offset - 1 counted from 0.

    Returns
    -------
    list of Listening
        One recording. Its notes tell a constant shift between the two rules, playback that is
        not regular within a sound, and words without trial.

    Raises
    ------
    DataFault
        The participant is excluded, or a file is missing, broken or of another layout.
    """
    root, label = Path(root), _label(subject)
    if label in EXCLUDED and not excluded:
        raise DataFault(
            f"participant {label} is left out: trial table incomplete or malformed",
            where=str(root),
            fix=f"use another one than {', '.join(EXCLUDED)}, or set excluded=true",
        )
    raw = read_eeg(root / f"{label}.mat")
    trials = read_trials(root / "proc" / f"{label}.mat")
    story = read_story(root / WORDS)
    words, notes = words_of_trials(trials, story, onsets, where=str(root / "proc" / f"{label}.mat"))
    words, outside = rows_inside(words, raw, kind="words")
    audio = root / "audio"
    require_stimuli(audio, words["sound"], kind="sound")
    recording = Listening(
        label, "0", "alice", raw, words, audio, sounds_in_order(words), (*notes, *outside)
    )
    return [recording]


def published_subjects(root: Path) -> tuple[str, ...]:
    """Return the participants the published decoder uses: with a trial table, not excluded."""
    tables = sorted(path.stem for path in (Path(root) / "proc").glob("S*.mat"))
    return tuple(label for label in tables if label not in EXCLUDED)


def read_eeg(path: Path) -> Any:
    """Return the 60 EEG channels as MNE Raw, in V, on the easycap-M10 montage.

    The file holds one FieldTrip struct ``raw``: label, fsample, trial (one cell, in uV), time.
    """
    data = read_matlab(path, "raw")
    for field in ("label", "fsample", "trial"):
        if field not in data:
            raise DataFault(f"no field '{field}' in struct raw", where=str(path))
    if float(data["fsample"]) != SFREQ:
        raise DataFault(f"sampled at {data['fsample']} Hz, not {SFREQ:g}", where=str(path))
    names = [str(name).strip() for name in np.atleast_1d(data["label"])]
    signals = np.asarray(data["trial"])
    if signals.ndim != 2 or len(signals) != len(names):
        what = f"trial of shape {signals.shape} for {len(names)} channels, expected one trial"
        raise DataFault(what, where=str(path))
    missing = [name for name in CHANNELS if name not in names]
    if missing:
        raise DataFault(f"channels missing: {', '.join(missing)}", where=str(path))
    rows = [names.index(name) for name in CHANNELS]
    return raw_from_array(signals[rows] * 1e-6, CHANNELS, SFREQ, montage=MONTAGE, path=path)


def read_trials(path: Path) -> pd.DataFrame:
    """Return the trial table ``proc.trl``, one row per word.

    The first columns are FieldTrip's begin (sample from 1), end and offset, here
    ``trial_offset``; ``varnames`` names the others: segment, tmin (s in the sound) and Order.

    Raises
    ------
    DataFault
        If the table has other columns, a NaN, or names a word twice.
    """
    proc = read_matlab(path, "proc")
    if "trl" not in proc or "varnames" not in proc:
        raise DataFault("no trial table proc.trl with varnames", where=str(path))
    table = np.atleast_2d(np.asarray(proc["trl"], dtype=float))
    names = [str(name) for name in np.atleast_1d(proc["varnames"])]
    if table.shape[1] == len(names) + 3:
        names = [*_TRIAL[:3], *names]
    if table.shape[1] != len(names) or "Order" not in names or not set(_TRIAL[:3]) <= set(names):
        what = f"trial table of {table.shape[1]} columns, named {', '.join(names)}"
        raise DataFault(what, where=str(path), fix="this participant's table is malformed")
    trials = pd.DataFrame(table, columns=names)
    if not np.isfinite(trials[["begin", "trial_offset", "Order"]].to_numpy()).all():
        raise DataFault("trial table with NaN", where=str(path))
    if trials["Order"].duplicated().any():
        raise DataFault("trial table names a word twice", where=str(path))
    return trials


def read_story(path: Path) -> pd.DataFrame:
    """Return the aligned words of the chapter in their order, with sentence texts and places."""
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    story = pd.read_csv(path, keep_default_na=False, na_values=["NA"], dtype={"Word": str})
    for column in _COLUMNS:
        if column not in story:
            guess = nearest(column, story.columns)
            hint = f"is '{guess}' meant?" if guess else f"it has {', '.join(story.columns)}"
            raise DataFault(f"no column '{column}'", where=str(path), fix=hint)
    story = story.sort_values("Order", kind="stable").reset_index(drop=True)
    # Where the number changes a sentence begins: it may go on in the next sound.
    sentence = story["Sentence"].ne(story["Sentence"].shift()).cumsum()
    story["sentence"] = story.groupby(sentence)["Word"].transform(" ".join)
    story["sound"] = story["Segment"].map(lambda segment: SOUND.format(int(segment)))
    places = sentence.groupby(story["sound"]).rank("dense")
    story["sentence_index"] = places.astype(int) - 1
    return story


def words_of_trials(
    trials: pd.DataFrame,
    story: pd.DataFrame,
    onsets: Literal["published", "event"] = "published",
    *,
    where: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the words table and notes on what does not fit.

    Raises
    ------
    DataFault
        If no trial belongs to a word of the story.
    """
    both = story.merge(trials, on="Order", suffixes=("", "_trial"))
    if both.empty:
        raise DataFault("no trial belongs to a word of the story", where=where)
    event = (both["begin"] - both["trial_offset"] - 1) / SFREQ
    published = both["begin"] / SFREQ
    words = pd.DataFrame(
        {
            "onset": published if onsets == "published" else event,
            "duration": both["offset"] - both["onset"],
            "word": both["Word"],
            "sentence": both["sentence"],
            "sentence_index": both["sentence_index"],
            "sound": both["sound"],
            "sound_time": both["onset"],
        }
    )
    notes = [
        *_shift_notes(both, published - event, onsets),
        *_playback_notes(both, event),
    ]
    if len(both) < len(story):
        notes.append(f"{len(story) - len(both)} of {len(story)} words have no trial")
    return words.sort_values("onset", kind="stable").reset_index(drop=True), notes


def _shift_notes(both: pd.DataFrame, shift: pd.Series[float], onsets: str) -> list[str]:
    """Tell a shift that all words share: of the chosen rule, and of the table's own word times."""
    notes = []
    typical = float(shift.median())
    if onsets == "published" and abs(typical) > 1.5 / SFREQ:
        side = "before" if typical < 0 else "after"
        notes.append(
            f"word onsets are {1e3 * abs(typical):.0f} ms {side} the words: the published rule "
            "ignores the offset of the trials; onsets=event does not"
        )
    if "tmin" in both:
        off = (both["tmin"] - both["onset"]).to_numpy(float)
        if abs(np.nanmedian(off)) > _JITTER_S:
            notes.append(f"trial table and alignment differ by {1e3 * np.nanmedian(off):.0f} ms")
    return notes


def _playback_notes(both: pd.DataFrame, event: pd.Series[float]) -> list[str]:
    """Tell sounds whose words are not all as far from their place in the sound."""
    begun = (event - both["onset"]).groupby(both["sound"])
    spread = begun.max() - begun.min()
    return [
        f"{sound}: words are up to {1e3 * value:.0f} ms apart from a steady playback"
        for sound, value in spread[spread > _JITTER_S].items()
    ]


def _label(subject: str) -> str:
    digits = subject.removeprefix("sub-").lstrip("Ss")
    return f"S{int(digits):02d}" if digits.isdecimal() else subject
