"""The EEG and MEG recordings of a BIDS folder: their headers and their events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.channels import canonical_name
from neurodecode.datasets.bids_recordings import events_file, find_recordings, read_raw
from neurodecode.datasets.bids_tables import read_events
from neurodecode.faults import DataFault, Fault
from neurodecode.own_data.survey import Listing, Study, counted, shortened
from neurodecode.own_data.tree import choose_task, description_note, subjects_of

UNKNOWN = "0"
"""Session or run that a file name does not state."""


@dataclass(frozen=True)
class Header:
    """What is known of one recording without reading its samples.

    Attributes
    ----------
    file : Path
    subject, session, run : str
        Labels; "0" where the name has none.
    task : str
    channels : tuple of str
        EEG or MEG.
    sfreq : float
        Hz.
    n_times : int
        Samples.
    events : DataFrame or None
        ``events.tsv``; None: there is none.
    table : Path
        Of the events, where there is one.
    """

    file: Path
    subject: str
    session: str
    run: str
    task: str
    channels: tuple[str, ...]
    sfreq: float
    n_times: int
    events: pd.DataFrame | None = None
    table: Path = Path()

    @property
    def seconds(self) -> float:
        """Length in s."""
        return self.n_times / self.sfreq

    @property
    def names(self) -> Counter[str]:
        """Events by ``trial_type``; empty without such a column."""
        if self.events is None or "trial_type" not in self.events:
            return Counter()
        return Counter(map(str, self.events["trial_type"].dropna()))


@dataclass(frozen=True)
class Recordings:
    """The recordings that are meant, and what is wrong with others.

    Attributes
    ----------
    headers : tuple of Header
    task : str or None
        The chosen task; None: the folder has one.
    faults : tuple of Fault
        Of files that cannot be read, subjects without a recording.
    notes : tuple of str
    """

    headers: tuple[Header, ...]
    task: str | None = None
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def subjects(self) -> dict[str, list[Header]]:
        """Headers by subject."""
        found: dict[str, list[Header]] = {}
        for header in self.headers:
            found.setdefault(header.subject, []).append(header)
        return found

    @property
    def counts(self) -> Counter[str]:
        """Events by ``trial_type``, over all recordings."""
        return sum((header.names for header in self.headers), Counter())

    @property
    def found(self) -> list[tuple[str, str]]:
        """What there is, by kind, for a table."""
        subjects = self.subjects
        sessions = {(h.subject, h.session) for h in self.headers}
        rates = sorted({f"{h.sfreq:g} Hz" for h in self.headers})
        numbers = sorted({len(h.channels) for h in self.headers})
        minutes = sum(h.seconds for h in self.headers) / 60
        return [
            ("subjects", f"{len(subjects)}: {shortened(list(subjects))}"),
            ("sessions", f"{len(sessions)}, {_each(subjects.values())}"),
            ("tasks", counted(Counter(h.task for h in self.headers))),
            ("recordings", f"{len(self.headers)} of {minutes:.1f} min together"),
            ("channels", " or ".join(map(str, numbers))),
            ("sampling rates", ", ".join(rates)),
            ("events", counted(dict(self.counts.most_common())) or "none with a trial_type"),
        ]


def read_headers(study: Study) -> Recordings:
    """Return the headers of the task's recordings, of the subjects that are meant.

    Raises
    ------
    DataFault
        If the folder is no BIDS data set or has no recording.
    ConfigFault
        If there are several tasks and none is chosen.
    """
    paths: list[Any] = []
    faults: list[Fault] = []
    options = study.options
    for subject in subjects_of(study):
        try:
            paths += find_recordings(
                study.folder, subject, session=options.get("session"),
                datatype=options.get("datatype"),
            )  # fmt: skip
        except DataFault as fault:
            faults.append(fault)
    if not paths:
        raise faults[0]
    task = choose_task(study, Counter(path.task or "" for path in paths))
    headers = []
    for path in paths:
        if task in (None, path.task):
            try:
                headers.append(_header(path))
            except DataFault as fault:
                faults.append(fault)
    if not headers:
        raise faults[0]
    return Recordings(tuple(headers), task, tuple(faults), description_note(study.folder))


def listings(headers: Sequence[Header]) -> list[Listing]:
    """Return the tables of sampling rates and of channels, each where they differ."""
    found = (_rate_listing(headers), channel_listing(headers))
    return [listing for listing in found if listing is not None]


def _rate_listing(headers: Sequence[Header]) -> Listing | None:
    """Return the table of files and sampling rates, where they differ."""
    if len({header.sfreq for header in headers}) < 2:
        return None
    rows = tuple((header.file.name, f"{header.sfreq:g} Hz") for header in headers)
    return Listing("sampling rates differ", ("file", "rate"), rows)


def channel_listing(headers: Sequence[Header]) -> Listing | None:
    """Return which channels each file lacks of those that others have, where they differ."""
    sites = [{canonical_name(name): name for name in header.channels} for header in headers]
    every = {site: name for names in sites for site, name in names.items()}
    if all(len(names) == len(every) for names in sites):
        return None
    lacks = [[every[site] for site in every if site not in names] for names in sites]
    rows = tuple(
        (header.file.name, str(len(names)), shortened(absent) or "-")
        for header, names, absent in zip(headers, sites, lacks, strict=True)
    )
    return Listing("channels differ", ("file", "channels", "lacks"), rows)


def common_sites(headers: Iterable[Header]) -> list[str]:
    """Return the channels that all recordings have, as the first spells them; maybe none."""
    sites = [{canonical_name(name): name for name in header.channels} for header in headers]
    return [name for site, name in sites[0].items() if all(site in other for other in sites)]


def without_events(headers: Sequence[Header]) -> list[Fault]:
    """Return a fault for the recordings that have no ``events.tsv``, all in one line."""
    bare = [header.file for header in headers if header.events is None]
    if not bare:
        return []
    return [DataFault(
        f"no events.tsv beside {len(bare)} of {len(headers)} recordings",
        where=shortened([str(path) for path in bare], 5),
        fix="write one beside each, with onset, duration and trial_type",
    )]  # fmt: skip


def _header(path: Any) -> Header:
    raw = read_raw(path)
    header = Header(
        Path(path.fpath), path.subject, path.session or UNKNOWN, path.run or UNKNOWN,
        path.task or "", tuple(raw.ch_names), float(raw.info["sfreq"]), int(raw.n_times),
    )  # fmt: skip
    if path.find_matching_sidecar(suffix="events", extension=".tsv", on_error="ignore") is None:
        return header
    table = events_file(path)
    return replace(header, events=read_events(table), table=table)


def _each(groups: Iterable[Sequence[Header]]) -> str:
    """Word how many sessions a subject has: "1 each", "1 to 3 each"."""
    numbers = sorted({len({header.session for header in group}) for group in groups})
    return f"{numbers[0]}{f' to {numbers[-1]}' if len(numbers) > 1 else ''} each"
