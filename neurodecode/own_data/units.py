"""NWB files or arrays of spikes for the pipeline ``spikes``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.config import validate
from neurodecode.datasets.bids import bids_subjects
from neurodecode.datasets.spiking import nwb_files, spiking_loader
from neurodecode.evaluation.spike_splits import SPIKE_PROTOCOLS, split_spikes
from neurodecode.evaluation.spike_windows import window_table
from neurodecode.faults import ConfigFault, DataFault, Fault, nearest, unknown
from neurodecode.own_data.costs import START_S, program_size
from neurodecode.own_data.duration import product_rate
from neurodecode.own_data.survey import (
    Duration,
    Listing,
    Size,
    Study,
    Survey,
    attempt,
    counted,
    refused,
    require_folder,
    shortened,
)
from neurodecode.spikes.config import SpikesConfig
from neurodecode.spikes.variants import GLM, NETWORKS

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.datasets.spiking.recording import SpikeSession


BACKWARD = 3
"""Forward and backward together, in forward passes."""
WRITE_S, RIVAL_S = 0.005, 10.0
"""Assumed of a step of writing spikes, for a batch; of a rival that is no network."""


def survey(study: Study) -> Survey:
    """Look through a study for ``spikes``; parameters and faults as :func:`imagery.survey`."""
    subjects = _subjects(study)
    tree = study.with_data(dataset="local")
    config = validate(SpikesConfig, tree)
    sessions: list[SpikeSession] = []
    faults: list[Fault] = []
    for subject in subjects:
        try:
            sessions += spiking_loader("local")(study.folder, subject, **config.data.options)
        except Fault as fault:
            faults.append(fault)
    if not sessions:
        raise faults[0]
    splits = [
        attempt(name, partial(_folds, sessions, config, name),
                chosen=name == config.protocol)
        for name in SPIKE_PROTOCOLS
    ]  # fmt: skip
    faults += refused(splits) + _targets(config, sessions)
    files = [path for subject in subjects for path in nwb_files(study.folder, subject)]
    largest = max(sessions, key=lambda one: len(one.times))
    sizes = [
        program_size("spikes"),
        Size("spikes of the largest session, time and unit", (len(largest.times), 2), "float64"),
        Size("its counts in bins", (largest.n_units, round(largest.duration / config.windows.dt)),
             "int64"),
        _attention(config),
    ]  # fmt: skip
    disk = sum(12 * len(one.times) for one in sessions)
    return Survey(
        "spikes", study.folder,
        found=_found(sessions, files), listings=_listings(sessions), faults=faults,
        notes=_notes(sessions, files), splits=splits, sizes=sizes, disk=disk,
        duration=_duration(config, sessions),
        settings={} if faults else tree,
    )  # fmt: skip


def series_of(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the time series of an NWB file that could be behaviour: their shapes by name.

    Raises
    ------
    Fault
        As :func:`~neurodecode.datasets.spiking.nwb.open_nwb`.
    """
    from neurodecode.datasets.spiking.nwb import open_nwb

    with open_nwb(path) as content:
        series = [e for e in content.objects.values() if hasattr(e, "starting_time")]
        shapes = {str(entry.name): getattr(entry.data, "shape", None) for entry in series}
    return {name: tuple(shape) for name, shape in shapes.items() if shape}


def _subjects(study: Study) -> tuple[str, ...]:
    require_folder(study.folder)
    stray = [path.name for path in study.folder.glob("*.nwb") if not path.name.startswith("sub-")]
    if stray and not any(study.folder.glob("sub-*")):
        raise DataFault(f"{len(stray)} NWB files do not say whose they are",
                        where=f"{study.folder}: {shortened(stray, 5)}",
                        fix="rename them to sub-LABEL_ses-LABEL.nwb")  # fmt: skip
    labels = bids_subjects(study.folder)
    wanted = study.data.get("subjects", "all")
    chosen = labels if wanted in ("all", None) else tuple(map(str, wanted))
    for label in chosen:
        if label not in labels:
            guess = nearest(label, labels)
            raise ConfigFault(unknown("subject", label, labels), where=str(study.folder),
                              fix=f"did you mean '{guess}'?" if guess else "")  # fmt: skip
    return chosen


def _folds(sessions: Sequence[SpikeSession], config: SpikesConfig, protocol: str) -> str:
    tables = [_windows(session, config, protocol) for session in sessions]
    settings = config.split.settings(config.seed)
    folds = sum(len(split_spikes(table, protocol, settings)) for table in tables)
    return f"{sum(map(len, tables)):,} windows in {folds} folds of {len(sessions)} sessions"


def _windows(session: SpikeSession, config: SpikesConfig, protocol: str) -> pd.DataFrame:
    if protocol == "trial_wise" and session.trials is None:
        raise DataFault("the session has no trials", where=session.label)
    return window_table(
        session.subject, session.session, session.limits,
        session.trials if protocol == "trial_wise" else None,
        current_s=config.windows.current, past_s=config.windows.past,
        step_s=config.step_seconds,
    )  # fmt: skip


def _sizes(config: SpikesConfig) -> tuple[int, int]:
    """Return the tokens that a window has at most, and the layers of attention."""
    windows, network = config.windows, config.network
    return windows.block + windows.past_block, 2 * network.n_state_layers + network.n_past_layers


def _attention(config: SpikesConfig) -> Size:
    tokens, layers = _sizes(config)
    shape = (config.training.batch_size, config.network.n_heads, layers, tokens, tokens)
    return Size("attention in a batch, every pair of tokens", shape)


def _duration(config: SpikesConfig, sessions: Sequence[SpikeSession]) -> Duration:
    """Estimate trainings by their multiplications, and writing spikes one after the other."""
    windows, network, asked = config.windows, config.network, config.evaluation
    tokens, layers = _sizes(config)
    each = BACKWARD * layers * tokens * network.width * (24 * network.width + 4 * tokens)
    step = config.step_seconds or windows.current
    n_windows = round(sum(one.duration for one in sessions) / step)
    n_folds = config.split.n_folds if config.split.folds == "all" else len(config.split.folds)
    generative = sum(name != GLM for name in config.models)
    networks = n_folds * (generative + sum(name in NETWORKS for name in config.decoders))
    rate, epochs = product_rate(), config.training.trainer.max_epochs
    share = 1 - (2 - 1 / BACKWARD) / config.split.n_folds  # a fold tests, one only goes forward
    written = min(asked.n_windows or n_windows, n_windows) * asked.n_draws * len(sessions)
    writing = generative * n_folds * written / asked.batch_size * windows.block * WRITE_S
    rivals = n_folds * (len(config.models) + len(config.decoders)) - networks
    jobs = 2 + len({one.subject for one in sessions}) * (1 + 2 * (generative + 2))
    basis = (
        f"{each / 1e9:.2g} billion operations a window, {n_windows:,} windows, {epochs} epochs at "
        f"most, {networks} networks; a matrix product does {rate / 1e9:.0f} billion a second here; "
        f"{written:,} windows written in {writing:.0f} s, {jobs} jobs of {START_S['spikes']:g} s"
    )
    seconds = networks * epochs * share * n_windows * each / rate + writing
    return Duration(seconds + rivals * len(sessions) * RIVAL_S + jobs * START_S["spikes"], basis)


def _targets(config: SpikesConfig, sessions: Sequence[SpikeSession]) -> list[Fault]:
    known = list(dict.fromkeys(name for one in sessions for name in one.behaviour))
    return [
        ConfigFault(unknown("behaviour variable", name, known),
                    fix='name its series, --set "data.options.behaviour={NAME: SERIES}"')
        for name in config.targets
        if name not in known
    ]  # fmt: skip


def _found(sessions: Sequence[SpikeSession], files: Sequence[Path]) -> list[tuple[str, str]]:
    subjects = list(dict.fromkeys(one.subject for one in sessions))
    units = [one.n_units for one in sessions]
    behaviour = list(dict.fromkeys(name for one in sessions for name in one.behaviour))
    rows = [
        ("subjects", f"{len(subjects)}: {shortened(subjects)}"),
        ("sessions", f"{len(sessions)} of {sum(one.duration for one in sessions):.0f} s together"),
        ("units", f"{min(units)} to {max(units)} a session, {sum(len(o.times) for o in sessions):,}"
                  " spikes"),
        ("trials", counted({one.session: len(one.trials) for one in sessions
                            if one.trials is not None}) or "none"),
        ("behaviour read", ", ".join(behaviour) or "none"),
    ]  # fmt: skip
    if files:
        series = [f"{k} {' x '.join(map(str, shape))}" for k, shape in series_of(files[0]).items()]
        rows.append(("time series in the first file", shortened(series) or "none"))
    return rows


def _listings(sessions: Sequence[SpikeSession]) -> list[Listing]:
    rows = tuple(
        (one.subject, one.session, str(one.n_units), f"{one.duration:.0f} s",
         f"{len(one.times) / one.n_units / one.duration:.2f} Hz")
        for one in sessions
    )  # fmt: skip
    return [Listing("sessions", ("subject", "session", "units", "length", "mean rate"), rows)]


def _notes(sessions: Sequence[SpikeSession], files: Sequence[Path]) -> list[str]:
    notes = [f"{one.label}: {note}" for one in sessions for note in one.notes]
    if any(one.behaviour for one in sessions):
        return notes
    series = next(iter(series_of(files[0]).items()), None) if files else None
    name = "NAME" if series is None else series[0] + ":0" * (len(series[1]) > 1)
    return [*notes, f'no behaviour is decoded; --set "data.options.behaviour={{x: {name}}}" '
                    '--set targets=[x] --set "decoders=[joint, Lasso]" decodes it']  # fmt: skip
