"""A recording file as somebody hands it over: any format MNE reads, and where its onsets are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.contrastive.speech.windows import segments_of_words
from neurodecode.datasets.bids_tables import nearest_column, read_events
from neurodecode.datasets.listening.bids_events import WORD, words_of_events
from neurodecode.datasets.montage import set_montage
from neurodecode.datasets.sniff import sniff
from neurodecode.datasets.stimulus_files import relative_stimulus
from neurodecode.faults import DataFault
from neurodecode.signals.markers import annotated_onsets, spelled, stimulus_onsets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import mne

SEGMENT = "segment"
"""Label column that word events make up for: see :func:`segments_of_words`."""
WORD_COLUMNS = {"trial_type", "word", "sound"}
"""Of an events table of somebody who listened."""


def open_recording(path: Path, montage: str | None = None) -> mne.io.BaseRaw:
    """Open a recording; in a BIDS folder, with what the files beside it say of it.

    Parameters
    ----------
    path : Path
        Of any format that MNE reads.
    montage : str, optional
        Standard montage for electrodes whose positions the file does not have.

    Raises
    ------
    DataFault
        If the file is not there, not what its name says, cut short, or cannot be read.
    """
    import mne

    if not path.exists():
        raise DataFault("file not found", where=str(path))
    if path.is_file():
        sniff(path)
    try:
        raw = _read_bids(path) or mne.io.read_raw(path, preload=False, verbose="error")
    except (RuntimeError, ValueError, OSError, KeyError, IndexError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataFault(f"cannot read the recording: {said}", where=str(path)) from error
    if montage is not None:
        set_montage(raw, montage)
    return raw


def trials_of(
    raw: mne.io.BaseRaw,
    path: Path,
    events: Path | None = None,
    label: str | None = None,
    *,
    columns: Sequence[str] = (),
    trial_types: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the onsets of a recording, from the first of these that there is.

    The events table given; ``*_events.tsv`` beside a BIDS recording; annotations; a stimulus
    channel.

    Parameters
    ----------
    raw : Raw
    path : Path
        Its file.
    events : Path, optional
        A tab-separated table with ``onset`` in s after the first sample.
    label : str, optional
        Column of the table that says what was shown; default: the first of ``columns`` there is.
    columns : sequence of str, default=()
        That may say so, as the decoder names them. Where "segment" is among them and the table
        is of speech that was heard (``trial_type, word, sound``), its words are the trials.
    trial_types : sequence of str, default=()
        Only rows of the table with such a ``trial_type`` are trials, where there are any.

    Returns
    -------
    DataFrame
        ``onset`` (s) and ``label`` ("" where unknown), by onset.

    Raises
    ------
    DataFault
        If no marker is found, or the table lacks the column.
    """
    table = events or _sidecar(path)
    if table is not None:
        return _from_table(table, label, columns, trial_types)
    try:
        found = annotated_onsets(raw)
    except DataFault:
        if "stim" not in raw.get_channel_types():
            raise
        found = stimulus_onsets(raw)
    return found.rename(columns={"description": "label"})


def _from_table(
    path: Path, label: str | None, columns: Sequence[str], trial_types: Sequence[str]
) -> pd.DataFrame:
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    events = read_events(path).dropna(subset=["onset"]).sort_values("onset", ignore_index=True)
    if label is not None and label not in events:
        raise DataFault(f"no column '{label}'", where=str(path), fix=nearest_column(label, events))
    column = label or next((name for name in columns if name in events), None)
    if column is None and SEGMENT in columns and set(events) >= WORD_COLUMNS:
        return _heard_words(events, path, trial_types)
    if "trial_type" in events and (own := events["trial_type"].isin(list(trial_types))).any():
        events = events[own].reset_index(drop=True)
    if events.empty:
        raise DataFault("no marker found: the table has no row", where=str(path))
    shown = pd.Series("", events.index) if column is None else events[column].fillna("")
    return pd.DataFrame(
        {"onset": events["onset"], "label": shown.astype(str).map(relative_stimulus).map(spelled)}
    )


def _heard_words(events: pd.DataFrame, path: Path, trial_types: Sequence[str]) -> pd.DataFrame:
    """Return the words of a listening recording, each labelled with the segment that begins."""
    words = words_of_events(events, path, trial_types or WORD)
    return pd.DataFrame({"onset": words["onset"], "label": segments_of_words(words)})


def cued(trials: pd.DataFrame, cues: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """Return the trials that begin with one of the cues, and what was left out, in words.

    Where no marker is a cue the labels say nothing of the classes, and all trials are kept. A
    decoder without cues, as of pictures, leaves out the markers without a label among others.

    Parameters
    ----------
    trials : DataFrame
        Of :func:`trials_of`.
    cues : sequence of str
        Empty: every marker with a label begins a trial.
    """
    known = trials["label"].isin(cues) if cues else trials["label"] != ""
    if not known.any() or known.all():
        return trials, ""
    counts = trials.loc[~known, "label"].value_counts()
    return trials[known].reset_index(drop=True), no_cues(
        dict(zip(map(str, counts.index), counts.tolist(), strict=True))
    )


def no_cues(counts: Mapping[str, int]) -> str:
    """Return which markers were left out, in words.

    Parameters
    ----------
    counts : mapping of str to int
        Markers by label.
    """
    listed = ", ".join(f"{name or 'no label'} ({count})" for name, count in counts.items())
    return f"markers that are no cue, left out: {listed}"


def _read_bids(path: Path) -> Any:
    """Return a recording of a BIDS folder read with its sidecars, or None outside of one."""
    if not any((parent / "dataset_description.json").is_file() for parent in path.parents):
        return None
    import mne_bids

    try:
        place = mne_bids.get_bids_path_from_fname(path, check=True, verbose="error")
    except (ValueError, RuntimeError):
        return None
    return mne_bids.read_raw_bids(place, verbose="error")


def _sidecar(path: Path) -> Path | None:
    """Return the BIDS events table beside a recording, or None."""
    stem = path.name.split(".")[0]
    entities, _, _ = stem.rpartition("_")
    beside = path.with_name(f"{entities}_events.tsv")
    return beside if entities.startswith("sub-") and beside.is_file() else None
