"""The recordings of a local BIDS folder, and the events file beside each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.datasets.bids import bids_subjects
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    import mne

Datatype = Literal["eeg", "meg"]


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
    except KeyError as error:
        what = f"a table beside the recording has no column {error}"
        fix = "BIDS asks for it in events.tsv and channels.tsv, with n/a where unknown"
        raise DataFault(what, where=str(path.fpath), fix=fix) from error
    except (RuntimeError, ValueError, OSError) as error:
        raise DataFault(f"cannot read the recording: {error}", where=str(path.fpath)) from error
    kind = path.datatype
    kinds = set(raw.get_channel_types(unique=True))
    if not kinds & ({"eeg"} if kind == "eeg" else {"mag", "grad"}):
        what = f"no {kind.upper()} channel in the recording, only {', '.join(sorted(kinds))}"
        raise DataFault(what, where=str(path.fpath))
    return raw.pick(kind, exclude=(), verbose="ERROR")


def events_file(path: Any) -> Path:
    """Return the ``events.tsv`` beside a recording; DataFault where there is none."""
    table = path.find_matching_sidecar(suffix="events", extension=".tsv", on_error="ignore")
    if table is None:
        raise DataFault("no events.tsv beside the recording", where=str(path.fpath))
    return Path(table)


def _wanted(value: str | None, chosen: str | Sequence[str] | None) -> bool:
    return chosen is None or value in ((chosen,) if isinstance(chosen, str) else tuple(chosen))
