"""Gwilliams 2022 (MEG-MASC): MEG of 27 people who heard four stories, twice.

Gwilliams et al., Scientific Data 10, 862, 2023, doi:10.1038/s41597-023-02752-5. BIDS with KIT
``.con`` recordings; each task (0 to 3) is a story, played from several sound files with lists of
random words between the sentences.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_recordings import (
    events_file,
    find_recordings,
    read_raw,
    require_subject,
)
from neurodecode.datasets.bids_tables import read_events
from neurodecode.datasets.listening.recording import Listening, sounds_in_order
from neurodecode.datasets.recording import rows_inside
from neurodecode.datasets.stimulus_files import relative_stimulus, require_stimuli
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Hashable

STORIES = ("lw1", "cable_spool_fort", "easy_money", "the_black_willow")
"""Stories by task number."""

_AGREE_S = 0.01


def read_recordings(
    root: Path,
    subject: str,
    *,
    session: str | Sequence[str] | None = None,
    task: str | Sequence[str] | None = None,
    word_lists: bool = True,
) -> list[Listening]:
    """Read the recordings of one subject: MEG channels, words of the event dictionaries.

    The ``trial_type`` of each event is the text of a Python dictionary with the keys kind, word,
    sound, start (s within the sound), sequence_id and condition. It is parsed as a literal, never
    evaluated. A sentence is the words of one ``sequence_id`` of one sound, joined by spaces.

    Parameters
    ----------
    root : Path
        BIDS root, with ``stimuli/audio``.
    subject : str
        "01" to "27".
    session, task : str, sequence of str or None, default None
        Sessions "0", "1"; tasks "0" to "3" are the stories of :data:`STORIES`. None takes all.
    word_lists : bool, default True
        Keep words of the random lists, as the published decoder does; they have the ``context``
        "list".

    Returns
    -------
    list of Listening
        In the order of session and story.

    Raises
    ------
    DataFault
        An event is not a dictionary, or words, recordings or sound files are not there.
    """
    label = require_subject(Path(root), subject)
    paths = find_recordings(Path(root), label, task=task, session=session, datatype="meg")
    return [_read(path, word_lists) for path in paths]


def parse_events(events: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return one row per event with the keys of its dictionary as columns, beside its ``onset``.

    Raises
    ------
    DataFault
        With file, line and text of the first event that is not a plain dictionary.
    """
    if "trial_type" not in events:
        raise DataFault("no column 'trial_type'", where=str(path))
    rows = []
    for line, (onset, duration, text) in enumerate(
        zip(events["onset"], events["duration"], events["trial_type"], strict=True), start=2
    ):
        rows.append({**_literal(text, path, line), "onset": onset, "duration": duration})
    return pd.DataFrame(rows)


def words_of(events: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the words table of parsed events.

    Raises
    ------
    DataFault
        No event has kind "word" (with the kinds found), or a word lacks a key.
    """
    kinds = events.get("kind", pd.Series(dtype=str)).value_counts()
    if "word" not in kinds:
        found = ", ".join(f"{kind} ({count})" for kind, count in kinds.items()) or "none"
        raise DataFault(f"no event of kind 'word', found: {found}", where=str(path))
    words = events[events["kind"] == "word"].sort_values("onset", kind="stable")
    for key in ("word", "sound", "start", "sequence_id", "condition"):
        if key not in words or words[key].isna().any():
            raise DataFault(f"a word event lacks '{key}'", where=str(path), fix="fetch it again")
    words = words.assign(
        word=words["word"].astype(str),
        sound=words["sound"].map(_sound_file),
        sound_time=words["start"].astype(float),
        context=np.where(words["condition"] == "sentence", "sentence", "list"),
    )
    sequences = words.groupby(["sound", "sequence_id", "context"], sort=False)
    words["sentence"] = sequences["word"].transform(" ".join)
    first = sequences["sound_time"].transform("min")
    words["sentence_index"] = first.groupby(words["sound"]).rank("dense").astype(int) - 1
    phonemes = _phonemes(events, words)
    columns = ["onset", "duration", "word", "sentence", "sentence_index", "sound", "sound_time"]
    table = words[[*columns, "context"]].reset_index(drop=True)
    return table.assign(phonemes=phonemes) if any(phonemes) else table


def clock_error(events: pd.DataFrame) -> float:
    """Return the largest difference (s) between a word's ``start`` and its time in playback.

    The time in playback is the word's onset minus the onset of the latest "sound" event; NaN
    where there is no such event.
    """
    begun = events["onset"].where(events["kind"] == "sound").ffill()
    words = events["kind"] == "word"
    error = (events["onset"] - begun - events["start"].astype(float))[words].abs()
    return float(error.max())


def _read(path: Any, word_lists: bool) -> Listening:
    table = events_file(path)
    events = parse_events(read_events(table), table).sort_values("onset", kind="stable")
    words = words_of(events, table)
    if not word_lists:
        words = words[words["context"] == "sentence"].reset_index(drop=True)
    raw = read_raw(path)
    words, outside = rows_inside(words, raw, kind="words")
    audio = Path(path.root) / "stimuli" / "audio"
    require_stimuli(audio, words["sound"], kind="sound")
    error = clock_error(events)
    late = f"words are up to {1e3 * error:.0f} ms from their place in the sound"
    return Listening(
        subject=path.subject,
        session=path.session or "0",
        run=path.task,
        raw=raw,
        words=words,
        audio=audio,
        story=sounds_in_order(words),
        notes=(*outside, *((late,) if error > _AGREE_S else ())),
    )


def _literal(text: Hashable, path: Path, line: int) -> dict[str, Any]:
    try:
        found = ast.literal_eval(str(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DataFault(
            f"line {line}: the event is not a dictionary: {str(text)[:60]!r}",
            where=str(path),
            fix="fetch the file again",
        )
    return found


def _sound_file(name: str) -> str:
    """Return the file of an event's sound: lower case, and some events write _0.0.wav for _0."""
    path = relative_stimulus(name.lower()).removeprefix("audio/")
    return path.replace(".0.wav", ".wav")


def _phonemes(events: pd.DataFrame, words: pd.DataFrame) -> list[str]:
    """Return each word's phonemes: those whose onset lies within it, separated by spaces."""
    rows = events[events["kind"] == "phoneme"]
    if "phoneme" not in rows:
        return []
    order = np.argsort(rows["onset"].to_numpy(), kind="stable")
    onsets = rows["onset"].to_numpy()[order] + 1e-6  # times are rounded in the file
    names = rows["phoneme"].astype(str).to_numpy()[order]
    begin = np.searchsorted(onsets, words["onset"])
    end = np.searchsorted(onsets, words["onset"] + words["duration"])
    return [" ".join(names[a:b]) for a, b in zip(begin, end, strict=True)]
