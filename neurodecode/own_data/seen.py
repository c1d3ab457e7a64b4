"""A BIDS folder for the pipeline ``image``: pictures that were seen, MEG or EEG."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.config import validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.datasets.loaders import local_options
from neurodecode.datasets.viewing.bids import IMAGE_COLUMNS, read_recordings
from neurodecode.evaluation.picture_splits import PICTURE_PROTOCOLS, split_pictures
from neurodecode.faults import Fault
from neurodecode.own_data.recordings import channel_listing, rate_listing, read_headers
from neurodecode.own_data.survey import SplitRow, Study, Survey, attempt, counted, refused
from neurodecode.own_data.trial_types import trial_types
from neurodecode.own_data.windows import (
    memory_faults,
    recording_sizes,
    store_bytes,
    training_duration,
)

if TYPE_CHECKING:
    from neurodecode.datasets.viewing.recording import Viewing


def survey(study: Study) -> Survey:
    """Look through a study for ``image``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    headers = recordings.headers
    events, chosen = trial_types(study, headers, IMAGE_COLUMNS)
    tree = study.with_data(dataset="local", task=recordings.task, events=events)
    config = validate(ImageConfig, tree)
    options = local_options(config.data)
    seen: list[Viewing] = []
    faults = list(recordings.faults)
    for subject in recordings.subjects:
        try:
            seen += read_recordings(study.folder, subject, **options)
        except Fault as fault:
            faults.append(fault)
    splits, trials = [], pd.DataFrame()
    if seen:
        tables = [r.trials.assign(participant=r.subject, recording=r.name) for r in seen]
        trials = pd.concat(tables, ignore_index=True)
        splits = [
            attempt(name, partial(_parts, trials, name, config)) for name in PICTURE_PROTOCOLS
        ]
        protocol = _protocol(study, splits) or config.split.protocol
        splits = [replace(row, chosen=row.name == protocol) for row in splits]
        tree = {**tree, "split": {**study.tree.get("split", {}), "protocol": protocol}}
        faults += refused(splits)
    faults += memory_faults(headers, config.signals)
    units = config.units(list(recordings.subjects))
    return Survey(
        "image", study.folder,
        found=[*recordings.found, *_pictures(trials)],
        listings=[t for t in (rate_listing(headers), channel_listing(headers)) if t is not None],
        faults=faults,
        notes=[*recordings.notes, *chosen, *dict.fromkeys(note for one in seen for note in one.notes)],
        splits=splits,
        sizes=recording_sizes(headers, config.signals),
        disk=store_bytes(headers, config.signals),
        duration=training_duration(
            config.brain, config.signals.n_samples, len(headers[0].channels),
            n_windows=len(trials), n_epochs=config.trainer.max_epochs, n_models=len(units),
            n_jobs=2 * len(units) + len(recordings.subjects) + 2,
        ),
        settings={} if faults else tree,
    )  # fmt: skip


def _protocol(study: Study, splits: list[SplitRow]) -> str | None:
    """Return the protocol of the settings, else the first honest one that is possible."""
    wanted = study.tree.get("split", {}).get("protocol")
    honest = (r.name for r in splits if r.possible and PICTURE_PROTOCOLS[r.name].leaks is None)
    return wanted or next(honest, None)


def _pictures(trials: pd.DataFrame) -> list[tuple[str, str]]:
    if trials.empty:
        return []
    known = trials.loc[trials["category"] != "", "category"].nunique()
    return [
        ("presentations", f"{len(trials)} of {trials['image'].nunique()} pictures"),
        ("categories", str(known) if known else "none named"),
    ]


def _parts(trials: pd.DataFrame, protocol: str, config: ImageConfig) -> str:
    """Word how many presentations each part gets, as ``fetch`` will draw them."""
    split = config.split
    done = split_pictures(trials, protocol, valid=split.valid, test=split.test, seed=config.seed)
    return (
        f"presentations: {counted(done.loc[done['part'] != '', 'part'].value_counts().to_dict())}"
    )
