"""A BIDS folder for the pipeline ``acm``: imagined movement, SSVEP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from neurodecode.config import validate
from neurodecode.evaluation.protocols import make_folds
from neurodecode.faults import ConfigFault, DataFault, Fault
from neurodecode.own_data.classes import choose_classes, trial_interval, trial_table
from neurodecode.own_data.costs import program_size
from neurodecode.own_data.duration import JOB_S, decomposition_seconds
from neurodecode.own_data.recordings import (
    Recordings,
    channel_listing,
    common_sites,
    listings,
    read_headers,
    without_events,
)
from neurodecode.own_data.survey import (
    Duration,
    Size,
    SplitRow,
    Study,
    Survey,
    attempt,
    counted,
)
from neurodecode.riemann.config import ACMConfig, Protocol
from neurodecode.signals.checks import check_bands, check_sampling_rates
from neurodecode.signals.memory import require_memory
from neurodecode.signals.trials import trials_shape, window

if TYPE_CHECKING:
    import pandas as pd

PROTOCOLS: tuple[Protocol, ...] = ("within_session", "cross_run", "cross_session", "cross_subject")
HELD_OUT: tuple[Protocol, ...] = ("cross_session", "cross_run")
"""Beside the first, the harder one of these that is possible."""
MEAN_ITERATIONS = 10
"""Assumed decompositions per trial until a Riemannian mean stands; not measured."""


def survey(study: Study) -> Survey:
    """Look through a study for ``acm``.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Survey

    Raises
    ------
    Fault
        Where so little is there, or so much, that nothing else can be said: no BIDS folder,
        several tasks, no event that fits.
    """
    recordings = read_headers(study)
    headers = recordings.headers
    faults = [*recordings.faults, *without_events(headers), *_doubles(recordings)]
    events = choose_classes(recordings, _listed(study.data.get("events")))
    with_cues = tuple(h for h in headers if any(name in h.names for name in events))
    interval = tuple(study.data.get("interval") or trial_interval(with_cues, events))
    tree = study.with_data(
        dataset="local", events=list(events), interval=list(interval), task=recordings.task
    )
    config = validate(ACMConfig, tree)
    used = Recordings(with_cues)
    table, lost = trial_table(with_cues, events, window(interval, config.signals)[1])
    splits, chosen = _splits(config, table, study.tree)
    if not chosen:
        faults.append(_no_split(splits))
    tree = {**tree, "evaluation": {**study.tree.get("evaluation", {}), "protocols": list(chosen)}}
    faults += _signal_faults(used, config, table)
    return Survey(
        "acm", study.folder,
        found=[*recordings.found, ("trials", counted(table["label"].value_counts().to_dict()))],
        listings=listings(used.headers),
        faults=faults,
        notes=[*recordings.notes, *_notes(recordings, events, interval, study, lost)],
        splits=splits,
        sizes=[program_size("acm"), *_sizes(used, config, table)],
        disk=_size("", _shapes(used, config, table)[0], "float32").n_bytes if len(table) else 0,
        duration=_duration(used, config.model_copy(update={"evaluation":
            config.evaluation.model_copy(update={"protocols": chosen})}), table),
        settings={} if faults else tree,
    )  # fmt: skip


def _listed(value: Any) -> list[str] | None:
    return [value] if isinstance(value, str) else list(value) if value is not None else None


def _doubles(recordings: Recordings) -> list[Fault]:
    """Return a fault where two recordings of a subject share session and run."""
    for subject, headers in recordings.subjects.items():
        places = [(header.session, header.run) for header in headers]
        if len(set(places)) < len(places):
            return [DataFault(
                f"two recordings of subject {subject} share session and run",
                where=", ".join(header.file.name for header in headers),
                fix="give them the entity run",
            )]  # fmt: skip
    return []


def _signal_faults(used: Recordings, config: ACMConfig, table: pd.DataFrame) -> list[Fault]:
    """Return what the preparation would refuse: rates, band edges, channels, memory."""
    faults: list[Fault] = []
    rates = {header.file.name: header.sfreq for header in used.headers}
    checks: list[Callable[[], object]] = [
        partial(check_sampling_rates, rates, config.signals),
        *(partial(check_bands, config.signals, h.sfreq, where=h.file.name) for h in used.headers),
        partial(
            require_memory, _shapes(used, config, table)[0], dtype="float64",
            limit_gib=config.signals.memory_limit_gib, what="trials of a subject",
            fix="shorten signals.tmax, or lower signals.resample",
        ),
    ]  # fmt: skip
    for check in checks:
        try:
            check()
        except DataFault as fault:
            faults.append(fault)
    for subject, headers in used.subjects.items():
        listing = channel_listing(headers)
        if listing is not None and config.signals.channels is None:
            common = common_sites(headers)
            what = f"channels differ between the recordings of subject {subject}"
            fix = f'--set "signals.channels=[{", ".join(common)}]"' if common else "leave one out"
            odd = ", ".join(f"{file} lacks {lacks}" for file, _, lacks in listing.rows)
            faults.append(DataFault(what, where=odd, fix=fix))
    return faults


def _splits(
    config: ACMConfig, table: pd.DataFrame, tree: Mapping[str, Any]
) -> tuple[list[SplitRow], tuple[Protocol, ...]]:
    """Return every protocol with why it is possible or not, and those that would run."""
    found = {protocol: _split(config, table, protocol) for protocol in PROTOCOLS}
    possible = [protocol for protocol in PROTOCOLS if found[protocol].possible]
    wanted = tree.get("evaluation", {}).get("protocols")
    if wanted:
        chosen = config.evaluation.protocols
        chosen = chosen if all(found[name].possible for name in chosen) else ()
    else:
        held_out = [p for p in HELD_OUT if p in possible][:1]
        first = [p for p in possible if p == "within_session"]
        chosen = tuple([*first, *held_out] or possible[:1])
    rows = [
        SplitRow(row.name, row.possible, row.why, protocol in chosen)
        for protocol, row in found.items()
    ]
    return rows, chosen


def _split(config: ACMConfig, table: pd.DataFrame, protocol: Protocol) -> SplitRow:
    """Make the folds of a protocol from the events alone, as the run will from its trials."""
    n_splits = config.evaluation.n_splits
    options = {"n_splits": n_splits} if protocol == "within_session" else {}
    parts = [table] if protocol == "cross_subject" else [t for _, t in table.groupby("subject")]

    def folds() -> str:
        if table.empty:
            raise DataFault("no trial fits into its recording")
        n_folds = sum(len(make_folds(protocol, part, **options)) for part in parts)
        return f"{n_folds} folds, subjects: {table['subject'].nunique()}"

    return attempt(protocol, folds)


def _no_split(splits: Sequence[SplitRow]) -> ConfigFault:
    possible = ", ".join(row.name for row in splits if row.possible)
    if possible:
        fix = f'--set "evaluation.protocols=[{possible}]"'
        return ConfigFault("the chosen splits are not possible here", fix=fix)
    first = splits[0]
    fix = "record more trials, or lower evaluation.n_splits"
    return ConfigFault(f"no split is possible; {first.name}: {first.why}", fix=fix)


def _shapes(used: Recordings, config: ACMConfig, table: pd.DataFrame) -> list[tuple[int, int, int]]:
    """Return the shape of each subject's trials, the largest first."""
    trials = table.groupby("subject").size()
    shapes = []
    for subject, headers in used.subjects.items():
        n_channels = len(config.signals.channels or common_sites(headers))
        assert config.data.interval is not None
        shapes.append(
            trials_shape(
                int(trials.get(subject, 0)), n_channels, min(h.sfreq for h in headers),
                config.data.interval, config.signals,
            )
        )  # fmt: skip
    return sorted(shapes, key=lambda shape: -shape[0] * shape[1] * shape[2])


def _size(what: str, shape: tuple[int, ...], dtype: str = "float64") -> Size:
    return Size(what, shape, dtype)


def _sizes(used: Recordings, config: ACMConfig, table: pd.DataFrame) -> list[Size]:
    """Return what ``prepare`` and ``train`` hold of the largest subject."""
    headers = max(used.subjects.values(), key=lambda group: sum(h.n_times for h in group))
    samples = sum(header.n_times for header in headers)
    n, rows, n_samples = _shapes(used, config, table)[0]
    everybody = "cross_subject" in config.evaluation.protocols
    n_all = len(table) if everybody else n
    side = rows * max(config.model.order, 1)
    return [
        _size("recordings of a subject, as read and filtered", (2, len(headers[0].channels),
                                                               samples)),
        _size("trials of a subject", (n, rows, n_samples)),
        _size(f"covariances of order {config.model.order}", (n_all, side, side)),
    ]  # fmt: skip


def _duration(used: Recordings, config: ACMConfig, table: pd.DataFrame) -> Duration:
    """Estimate by the decompositions of the means: the rest is small beside them."""
    if table.empty or not config.evaluation.protocols:
        return Duration(None, "no trial")
    rows = _shapes(used, config, table)[0][1]
    order = config.model.order
    sides = [rows * order if "ACM" in name else rows for name in config.decoders]
    each = {side: decomposition_seconds(side) for side in set(sides)}
    seconds = 0.0
    for protocol in config.evaluation.protocols:
        n_folds, n_train = _work(table, protocol, config.evaluation.n_splits)
        seconds += n_folds * n_train * MEAN_ITERATIONS * sum(each[side] for side in sides)
    jobs = 3 * table["subject"].nunique() + 2
    largest = max(each)
    basis = (
        f"one decomposition of a {largest} x {largest} matrix takes {1000 * each[largest]:.1f} ms "
        f"here, assumed {MEAN_ITERATIONS} per training trial, fold and decoder; {jobs} jobs of "
        f"{JOB_S:g} s to start"
    )
    if any(name.endswith(", grid") for name in config.decoders):
        basis += "; searches multiply that by their grid"
    return Duration(seconds + jobs * JOB_S, basis)


def _work(table: pd.DataFrame, protocol: str, n_splits: int) -> tuple[int, float]:
    """Return the number of folds, and of training trials in one."""
    if protocol == "cross_subject":
        n = table["subject"].nunique()
        return n, len(table) * (n - 1) / n
    keys = ["subject", "session"]
    n_sessions = table.groupby(keys).ngroups
    per_session = len(table) / n_sessions
    if protocol == "within_session":
        return n_sessions * n_splits, per_session * (n_splits - 1) / n_splits
    if protocol == "cross_run":
        n_runs = table.groupby([*keys, "run"]).ngroups
        return n_runs, per_session - len(table) / n_runs
    per_subject = len(table) / table["subject"].nunique()
    return n_sessions, per_subject - per_session


def _notes(
    recordings: Recordings,
    events: Sequence[str],
    interval: Sequence[float],
    study: Study,
    lost: int,
) -> list[str]:
    notes = []
    others = {name: n for name, n in recordings.counts.items() if name not in events}
    if study.data.get("events") is None:
        left_out = f", left out: {counted(others)}" if others else ""
        notes.append(f"classes: the two events that fit, {' and '.join(events)}{left_out}; "
                     "data.events changes that")  # fmt: skip
    if study.data.get("interval") is None:
        notes.append(f"trials: {interval[0]:g} to {interval[1]:g} s after the event, its usual "
                     "duration; data.interval changes that")  # fmt: skip
    if lost:
        notes.append(f"{lost} trials are cut by the end of their recording and left out")
    without = [h for h in recordings.headers if not any(name in h.names for name in events)]
    if without:
        notes.append(f"{len(without)} recordings without any of the classes are left out")
    return notes
