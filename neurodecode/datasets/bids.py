"""A local folder of EEG or MEG recordings in BIDS, as a data set MOABB's paradigms can read."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from neurodecode.datasets.local_files import names_below, shared_files, subject_files
from neurodecode.datasets.manifest import Manifest, build_manifest
from neurodecode.faults import DataFault, nearest

_DATATYPES = ("eeg", "meg")
_MOABB_KEY = re.compile(r"[0-9]+([a-zA-Z][a-zA-Z0-9]*)?")


def bids_subjects(folder: Path | str) -> tuple[str, ...]:
    """Return the subject labels of a BIDS folder (its ``sub-*`` folders), sorted.

    Where NWB files ``sub-LABEL.nwb``, ``sub-LABEL_*.nwb`` lie in the folder itself, theirs too.

    Raises
    ------
    DataFault
        If the folder is absent or has no subject.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataFault("folder not found", where=str(folder))
    labels = {path.name.removeprefix("sub-") for path in folder.glob("sub-*") if path.is_dir()}
    labels |= {path.stem.removeprefix("sub-").split("_")[0] for path in folder.glob("sub-*.nwb")}
    if not labels:
        raise DataFault("no sub-* folder, not a BIDS data set", where=str(folder))
    return tuple(sorted(labels))


def bids_events(folder: Path | str, subjects: Iterable[str]) -> Counter[str]:
    """Count the event names (``trial_type``) in the events.tsv files of some subjects.

    Raises
    ------
    DataFault
        If there is no events file with a ``trial_type`` column.
    """
    counts: Counter[str] = Counter()
    for subject in subjects:
        for path in sorted(Path(folder, f"sub-{subject}").rglob("*_events.tsv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file, delimiter="\t")
                counts.update(row["trial_type"] for row in rows if row.get("trial_type"))
    if not counts:
        raise DataFault(
            "no events.tsv with a trial_type column",
            where=str(folder),
            fix="write one beside each recording, see bids-specification.readthedocs.io",
        )
    counts.pop("n/a", None)
    return counts


def bids_manifest(name: str, folder: Path | str, subjects: Iterable[str]) -> Manifest:
    """Return size and SHA-256 of every file of these subjects of a local BIDS folder.

    With the tables and stimuli that belong to nobody alone, as ``participants.tsv``, of the folder
    or above it.
    """
    folder = Path(folder)
    files = {label: names_below(folder, subject_files(folder, label)) for label in subjects}
    shared = names_below(folder, shared_files(folder))
    return build_manifest(name, folder, files, shared=shared, source=f"local folder {folder}")


def bids_dataset(
    folder: Path | str,
    subjects: Literal["all"] | Sequence[str] = "all",
    *,
    events: Mapping[str, str] | Sequence[str],
    interval: Sequence[float],
    paradigm: str = "imagery",
    datatype: Literal["eeg", "meg"] | None = None,
    task: str | None = None,
) -> Any:
    """Return a MOABB data set over a local BIDS folder.

    Sessions and runs keep their BIDS names where MOABB allows them (a number, perhaps followed
    by letters); others get their place in alphabetical order before the name: ``post``, ``pre``
    become ``0post``, ``1pre``. A recording without session or run is session or run ``0``.

    Parameters
    ----------
    folder : Path or str
        Root of the BIDS data set.
    subjects : "all" or sequence of str, default "all"
        Labels without ``sub-``.
    events : mapping or sequence of str
        Class name to the ``trial_type`` in events.tsv, e.g. ``{"left_hand": "left"}``; a
        sequence means that both are the same.
    interval : (float, float)
        Limits of a trial in seconds after the event.
    paradigm : str
        MOABB paradigm: "imagery", "ssvep", "p300", "cvep" or "rstate".
    datatype : "eeg", "meg" or None, default None
        None takes the one that the folder has, EEG first.
    task : str or None, default None
        Only recordings of this task; None takes all, of which no two may share session and run.

    Returns
    -------
    moabb.datasets.base.LocalBIDSDataset

    Raises
    ------
    DataFault
        If the folder, a subject, an event or the recordings are not there; an unknown event is
        answered with the names found and the nearest one.
    """
    folder = Path(folder)
    labels = _check_subjects(folder, subjects)
    names = dict(events) if isinstance(events, Mapping) else {name: name for name in events}
    _check_events(names, bids_events(folder, labels), folder)
    dataset = _local_dataset(
        folder,
        datatype or _datatype(folder, labels),
        subjects=list(labels),
        events={name: code for code, name in enumerate(names, start=1)},
        interval=list(interval),
        paradigm=paradigm,
    )
    renamed = {trial_type: name for name, trial_type in names.items()}
    # On the object, not in a subclass: MOABB needs no import until here.
    dataset._get_single_subject_data = partial(_read_subject, dataset, renamed, task)
    return dataset


def _local_dataset(folder: Path, datatype: Literal["eeg", "meg"], **settings: Any) -> Any:
    from moabb.datasets.base import LocalBIDSDataset

    return LocalBIDSDataset(
        folder,
        {"datatypes": datatype, "suffixes": datatype},
        sessions_per_subject=min(_count_sessions(folder, s) for s in settings["subjects"]),
        code=f"LocalBIDSDataset-{re.sub('[^a-zA-Z0-9]', '-', folder.resolve().name)}",
        return_all_modalities=False if datatype == "eeg" else {"meg": True},
        **settings,
    )


def _check_subjects(folder: Path, subjects: Literal["all"] | Sequence[str]) -> tuple[str, ...]:
    valid = bids_subjects(folder)
    if subjects == "all":
        return valid
    chosen = tuple(str(label).removeprefix("sub-") for label in subjects)
    for label in chosen:
        if label not in valid:
            guess = nearest(label, valid)
            hint = f"did you mean '{guess}'?" if guess else f"it has {', '.join(valid[:10])}"
            raise DataFault(f"no subject '{label}'", where=str(folder), fix=hint)
    return chosen


def _check_events(names: Mapping[str, str], found: Mapping[str, int], folder: Path) -> None:
    for name, trial_type in names.items():
        if trial_type not in found:
            shown = ", ".join(f"{key} ({count})" for key, count in sorted(found.items()))
            guess = nearest(trial_type, found)
            hint = f"did you mean '{guess}'?" if guess else f"give the trial_type of '{name}'"
            raise DataFault(f"no event '{trial_type}', found: {shown}", where=str(folder), fix=hint)


def _datatype(folder: Path, labels: Iterable[str]) -> Literal["eeg", "meg"]:
    for kind in ("eeg", "meg"):
        if any(any(Path(folder, f"sub-{label}").rglob(f"*_{kind}.*")) for label in labels):
            return kind
    raise DataFault("no EEG or MEG recording", where=str(folder))


def _count_sessions(folder: Path, label: str) -> int:
    return max(1, sum(path.is_dir() for path in Path(folder, f"sub-{label}").glob("ses-*")))


def _read_subject(
    dataset: Any, renamed: Mapping[str, str], task: str | None, subject: str
) -> dict[str, Any]:
    """Read a subject's recordings as ``{session: {run: raw}}`` with class names as events."""
    import mne_bids

    every = [path for path in dataset.bids_paths(subject) if path.split in (None, "01")]
    paths = [path for path in every if task in (None, path.task)]
    if not paths:
        what = f"no recording of subject '{subject}'" + (f" with task '{task}'" if task else "")
        tasks = ", ".join(sorted({path.task for path in every if path.task}))
        fix = f"it has the tasks {tasks}" if tasks else ""
        raise DataFault(what, where=str(dataset.bids_root), fix=fix)
    sessions = _moabb_keys(path.session for path in paths)
    runs = _moabb_keys(path.run for path in paths)
    data: dict[str, Any] = {}
    for path in paths:
        raw = mne_bids.read_raw_bids(path, verbose="ERROR").load_data(verbose="ERROR")
        raw.annotations.rename(
            {k: v for k, v in renamed.items() if k in raw.annotations.description}
        )
        session = data.setdefault(sessions[path.session], {})
        if runs[path.run] in session:
            raise DataFault(
                f"two recordings of subject '{subject}' share session and run",
                where=str(path.fpath),
                fix="choose one task, data.task=NAME",
            )
        session[runs[path.run]] = raw
    return data


def _moabb_keys(names: Iterator[str | None]) -> dict[str | None, str]:
    """Return MOABB's spelling of session or run names: unique, and starting with their place."""
    found = sorted(set(names), key=str)
    numbers = [name for name in found if name and _MOABB_KEY.fullmatch(name)]
    places = [re.match("[0-9]+", name)[0].lstrip("0") for name in numbers]  # type: ignore[index]
    if len(numbers) == len(found) and len(set(places)) == len(found):
        return {name: str(name) for name in found}
    return {
        name: f"{place}{re.sub('[^a-zA-Z0-9]', '', name or '')}" if _letters(name) else str(place)
        for place, name in enumerate(found)
    }


def _letters(name: str | None) -> bool:
    return bool(name) and name[0].isalpha()  # type: ignore[index]
