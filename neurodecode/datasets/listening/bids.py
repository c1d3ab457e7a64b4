"""A local BIDS folder of EEG or MEG recorded while its subjects listened to speech.

``*_events.tsv`` has the columns onset, duration, trial_type, word, sentence, sound, and
sound_time where known; the audio lies under ``stimuli/``. The simulator writes the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.datasets.bids import bids_subjects
from neurodecode.datasets.listening.audio import require_sounds
from neurodecode.datasets.listening.bids_events import read_events, words_of_events
from neurodecode.datasets.listening.montage import set_montage
from neurodecode.datasets.listening.recording import Listening, sounds_in_order
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    import mne

Datatype = Literal["eeg", "meg"]


def read_recordings(
    root: Path,
    subject: str,
    *,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    datatype: Datatype | None = None,
    montage: str | None = None,
) -> list[Listening]:
    """Read all listening recordings of one subject of a BIDS folder.

    Parameters
    ----------
    root : Path
        Root of the BIDS data set.
    subject : str
        Label, with or without ``sub-``.
    task, session : str, sequence of str or None, default None
        Only these; None takes all.
    datatype : "eeg", "meg" or None, default None
        None takes the one that the subject has, EEG first.
    montage : str, default None
        Standard montage of MNE (as ``standard_1020``) for EEG recordings whose positions are
        not in ``electrodes.tsv``, or instead of them.

    Returns
    -------
    list of Listening
        In the order of session, task and run; ``run`` is "task" or "task-run".

    Raises
    ------
    DataFault
        Subject, recordings, word events, sound column or sound files are not there.
    """
    root = Path(root)
    label = require_subject(root, subject)
    paths = find_recordings(root, label, task=task, session=session, datatype=datatype)
    return [_read(path, montage) for path in paths]


def require_subject(root: Path, subject: str) -> str:
    """Return a subject's label without ``sub-``, or raise DataFault with the nearest label."""
    label = subject.removeprefix("sub-")
    valid = bids_subjects(root)
    if label not in valid:
        guess = nearest(label, valid)
        hint = f"did you mean '{guess}'?" if guess else f"it has {', '.join(valid[:10])}"
        raise DataFault(f"no subject '{label}'", where=str(root), fix=hint)
    return label


def find_recordings(
    root: Path,
    subject: str,
    *,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    datatype: Datatype | None = None,
) -> list[Any]:
    """Return the BIDS paths of a subject's recordings; later parts of split files are left out.

    Raises
    ------
    DataFault
        If there is none, with the tasks and sessions that there are.
    """
    import mne_bids
    from mne_bids.config import ALLOWED_DATATYPE_EXTENSIONS as KNOWN

    kinds: tuple[Datatype, ...] = (datatype,) if datatype else ("eeg", "meg")
    found = (
        mne_bids.find_matching_paths(
            root, subjects=subject, datatypes=kind, suffixes=kind, extensions=KNOWN[kind]
        )
        for kind in kinds
    )
    every: list[Any] = next(filter(None, found), [])
    chosen = [
        path
        for path in every
        if path.split in (None, "01")
        and _wanted(path.task, task)
        and _wanted(path.session, session)
    ]
    if not chosen:
        have = sorted(
            {f"task {p.task}" + f", session {p.session}" * bool(p.session) for p in every}
        )
        raise DataFault(
            f"no {' or '.join(kinds).upper()} recording of subject '{subject}' fits",
            where=str(root),
            fix=f"it has {'; '.join(have)}" if have else "see bids-specification.readthedocs.io",
        )
    return sorted(chosen, key=lambda path: (path.session or "", path.task or "", path.run or ""))


def read_raw(path: Any) -> mne.io.BaseRaw:
    """Open one recording of a BIDS folder with its EEG or MEG channels only.

    Raises
    ------
    DataFault
        If the file cannot be read, or has no such channel.
    """
    import mne_bids

    try:
        raw = mne_bids.read_raw_bids(path, verbose="ERROR")
    except (RuntimeError, ValueError, OSError) as error:
        raise DataFault(f"cannot read the recording: {error}", where=str(path.fpath)) from error
    kind = path.datatype
    kinds = set(raw.get_channel_types(unique=True))
    if not kinds & ({"eeg"} if kind == "eeg" else {"mag", "grad"}):
        what = f"no {kind.upper()} channel in the recording, only {', '.join(sorted(kinds))}"
        raise DataFault(what, where=str(path.fpath))
    return raw.pick(kind, exclude=(), verbose="ERROR")


def _read(path: Any, montage: str | None) -> Listening:
    table = path.find_matching_sidecar(suffix="events", extension=".tsv", on_error="ignore")
    if table is None:
        raise DataFault("no events.tsv beside the recording", where=str(path.fpath))
    events = read_events(Path(table))
    words = words_of_events(events, Path(table))
    audio = Path(path.root) / "stimuli"
    require_sounds(audio, words["sound"])
    raw = read_raw(path)
    notes = set_montage(raw, montage) if montage and path.datatype == "eeg" else ()
    if "sentence" not in events:
        notes += ("sentences are put together from punctuation or pauses, no column names them",)
    return Listening(
        subject=path.subject,
        session=path.session or "0",
        run="-".join(filter(None, (path.task, path.run))),
        raw=raw,
        words=words,
        audio=audio,
        story=sounds_in_order(words),
        notes=notes,
    )


def _wanted(value: str | None, chosen: str | Sequence[str] | None) -> bool:
    return chosen is None or value in ((chosen,) if isinstance(chosen, str) else tuple(chosen))
