"""Schoffelen 2019 (MOUS), auditory half: MEG of 96 people who heard Dutch sentences and lists.

Schoffelen et al., Scientific Data 6, 17, 2019, doi:10.1038/s41597-019-0020-y. BIDS with CTF
``.ds`` recordings; sounds in ``stimuli/audio_files``, their texts in ``stimuli/stimuli.txt``, the
course of the experiment in ``sourcedata/meg_task``. Forced alignments are not in the public
release: the user puts TextGrids named as the sounds into ``derivatives/phonemes``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_recordings import find_recordings, require_subject
from neurodecode.datasets.listening.presentation_log import read_log, set_clock
from neurodecode.datasets.listening.recording import Listening, sounds_in_order
from neurodecode.datasets.recording import rows_inside
from neurodecode.datasets.stimulus_files import require_stimuli
from neurodecode.faults import DataFault
from neurodecode.stimuli.textgrid import read_textgrid
from neurodecode.stimuli.transcripts import read_words

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

ABSENT = (2012, 2018, 2022, 2023, 2026, 2043, 2044, 2045, 2048, 2054, 2060, 2074, 2081, 2082, 2087,
          2093, 2100, 2107, 2112, 2115, 2118, 2123)  # fmt: skip
"""Numbers between 2002 and 2125 that nobody has."""

SPLIT = (2011, 2036, 2062, 2063, 2076, 2084)
"""Participants whose recording is in two parts or incomplete; left out by the published decoder."""

PARTICIPANTS = tuple(f"A{n}" for n in range(2002, 2126) if n not in (*ABSENT, *SPLIT))
"""The 96 participants of the published decoder."""

N_REFERENCES, N_CHANNELS = 28, 273
FIXATION, CONTEXT = 20, 10
WORD_TIER = "ORT-MAU"
"""Tier of the words that the MAUS aligner writes; without it any tier named words is taken."""
SOUND = "EQ_Ramp_Int2_Int1LPF{}"

_START = re.compile(r"Start File (\S+)\.wav")
_CONTEXTS = {"ZINNEN": "sentence", "WOORDEN": "list"}
_DRIFT_S = 0.02


def read_recordings(
    root: Path, subject: str, *, contexts: Literal["all", "sentence"] = "all"
) -> list[Listening]:
    """Read the one recording of a participant.

    Parameters
    ----------
    root : Path
        BIDS root.
    subject : str
        One of :data:`PARTICIPANTS`.
    contexts : "all" or "sentence", default "all"
        "all" keeps sentences and word lists, as the released selection does.

    Returns
    -------
    list of Listening
        One recording; its story is the participant's own order of sounds, each of which is one
        sentence or one list.

    Raises
    ------
    DataFault
        The participant is left out, log and triggers do not fit, or files are missing.
    """
    root = Path(root)
    label = subject.removeprefix("sub-")
    if label in (f"A{number}" for number in SPLIT):
        what = f"participant {label} is left out: the recording is split or incomplete"
        raise DataFault(
            what, where=str(root), fix=f"not used either: A{', A'.join(map(str, SPLIT))}"
        )
    label = require_subject(root, label)
    path = find_recordings(root, label, task="auditory", datatype="meg")[0]
    raw = _open(path.fpath)
    onsets, notes = sound_onsets(raw, log_path(root, label), where=str(path.fpath))
    if contexts == "sentence":
        onsets = onsets[onsets["context"] == "sentence"]
    audio = root / "stimuli" / "audio_files"
    words = words_heard(onsets, root)
    require_stimuli(audio, words["sound"], kind="sound")
    words, outside = rows_inside(words, raw, kind="words")
    channels, fewer = meg_channels(raw, where=str(path.fpath))
    return [
        Listening(
            label, "0", "auditory", raw.pick(channels), words, audio, sounds_in_order(words),
            (*notes, *outside, *fewer),
        )
    ]  # fmt: skip


def meg_channels(raw: mne.io.BaseRaw, *, where: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the MEG channels 29 to 301, those after the 28 reference channels, and notes.

    Raises
    ------
    DataFault
        If the first 28 MEG channels are not the reference channels.
    """
    import mne

    picks = mne.pick_types(raw.info, meg=True, ref_meg=True, exclude=())
    kinds = raw.get_channel_types(picks)
    references = [k for k, kind in enumerate(kinds) if kind == "ref_meg"]
    if references != list(range(N_REFERENCES)):
        raise DataFault(
            f"{len(references)} reference channels, expected the first {N_REFERENCES} MEG channels",
            where=where,
        )
    chosen = [raw.ch_names[k] for k in picks[N_REFERENCES : N_REFERENCES + N_CHANNELS]]
    if len(chosen) < N_CHANNELS:
        return chosen, (f"{len(chosen)} MEG channels, the others have {N_CHANNELS}",)
    return chosen, ()


def sound_onsets(raw: mne.io.BaseRaw, path: Path, *, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per sound that was played: name, context, onset in the recording (s).

    Fixation crosses (trigger 20) and announcements of a context (trigger 10) set the clock of the
    log, see :func:`~.presentation_log.set_clock`.

    Raises
    ------
    DataFault
        If log and triggers do not fit, or the log names no sound.
    """
    log = read_log(path)
    announced = log["code"].str.extract(f"({'|'.join(_CONTEXTS)})", expand=False).map(_CONTEXTS)
    fixed = log["code"].str.contains("FIX")
    anchors = np.flatnonzero(announced.notna() | fixed)
    kinds = np.where(fixed.to_numpy()[anchors], FIXATION, CONTEXT)
    times, codes = _triggers(raw)
    clock, drift = set_clock(
        log["time"].to_numpy(), anchors, kinds.tolist(), times, codes.tolist(), where=where
    )
    names = log["code"].str.extract(_START, expand=False).ffill()
    rows = log["code"].str.contains("Audio onset").to_numpy(bool) & names.notna().to_numpy()
    if not rows.any():
        raise DataFault("the log names no sound that was played", where=str(path))
    onsets = pd.DataFrame(
        {"name": names[rows], "context": announced.ffill()[rows], "onset": clock[rows]}
    ).reset_index(drop=True)
    if onsets["context"].isna().any():
        raise DataFault("a sound was played before ZINNEN or WOORDEN", where=str(path))
    note = f"log and triggers differ by up to {1e3 * drift:.0f} ms between two anchors"
    return onsets, [note] if drift > _DRIFT_S else []


def words_heard(onsets: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Return the words of all sounds that were played, from their TextGrids.

    Raises
    ------
    DataFault
        If TextGrids are missing, all of them named at once.
    """
    folder = root / "derivatives" / "phonemes"
    grids = {name: folder / f"{SOUND.format(name.zfill(3))}.TextGrid" for name in onsets["name"]}
    missing = sorted(path.name for path in grids.values() if not path.is_file())
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DataFault(
            "alignments are not in the public release, missing: " + ", ".join(missing[:5]) + more,
            where=str(folder),
            fix="put TextGrids of your own forced alignment there, named as the sounds",
        )
    texts = _texts(root / "stimuli" / "stimuli.txt")
    aligned = {name: _read_grid(path) for name, path in grids.items()}
    tables = [
        _words_of_sound(aligned[name], name, texts, onset, context)
        for name, context, onset in zip(
            onsets["name"], onsets["context"], onsets["onset"], strict=True
        )
    ]
    return pd.concat(tables, ignore_index=True)


def log_path(root: Path, label: str) -> Path:
    """Return the log of a participant.

    Raises
    ------
    DataFault
        If there is none, or more than one.
    """
    folder = root / "sourcedata" / "meg_task"
    found = sorted(folder.glob(f"*{label}*"))
    if len(found) != 1:
        what = f"{len(found)} log files of {label}, expected one"
        raise DataFault(what, where=str(folder), fix="fetch sourcedata/meg_task again")
    return found[0]


def _words_of_sound(
    aligned: pd.DataFrame, name: str, texts: dict[int, str], onset: float, context: str
) -> pd.DataFrame:
    # The published text of the stimulus; without it, the aligned words themselves.
    text = texts.get(int(name), "") if name.isdecimal() else ""
    return aligned.assign(
        onset=aligned["onset"] + onset,
        sound_time=aligned["onset"],
        sound=f"{SOUND.format(name)}.wav",
        sentence=text or " ".join(aligned["word"]),
        sentence_index=0,
        context=context,
    ).drop(columns="word_index")


def _read_grid(path: Path) -> pd.DataFrame:
    tiers = [tier.name for tier in read_textgrid(path)]
    return read_words(path, tier=WORD_TIER if WORD_TIER in tiers else None)


def _texts(path: Path) -> dict[int, str]:
    """Return the stimulus texts by number; lines are "186 De ...", and the file may be absent."""
    if not path.is_file():
        return {}
    lines = (line.partition(" ") for line in path.read_text("utf-8", "replace").splitlines())
    return {int(number): text.strip() for number, _, text in lines if number.isdecimal()}


def _open(path: Path) -> mne.io.BaseRaw:
    import mne

    try:  # the words come from the log, so the events.tsv need not be read
        return mne.io.read_raw(path, preload=False, verbose="ERROR")
    except (RuntimeError, ValueError, OSError) as error:
        raise DataFault(f"cannot read the recording: {error}", where=str(path)) from error


def _triggers(raw: mne.io.BaseRaw) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return times (s) and codes of the triggers that set the clock."""
    import mne

    stim = [raw.ch_names[k] for k in mne.pick_types(raw.info, meg=False, stim=True)]
    if not stim:
        raise DataFault("no trigger channel", where=str(raw.filenames[0]))
    channel = "UPPT001" if "UPPT001" in stim else stim[0]
    events = mne.find_events(raw, stim_channel=channel, shortest_event=1, verbose="ERROR")
    events = events[np.isin(events[:, 2], (FIXATION, CONTEXT))]
    return (events[:, 0] - raw.first_samp) / raw.info["sfreq"], events[:, 2].astype(np.int64)
