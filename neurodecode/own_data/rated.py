"""A BIDS folder for the pipeline ``emotion``: clips that were rated."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.config import validate
from neurodecode.datasets.rated.bids import trials_of_events
from neurodecode.emotion.config import ACROSS, EmotionConfig
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS, split_rated
from neurodecode.evaluation.stretches import whole_trials
from neurodecode.faults import ConfigFault, DataFault, Fault, unknown
from neurodecode.own_data.duration import past_duration
from neurodecode.own_data.recordings import (
    common_sites,
    listings,
    read_headers,
    without_events,
)
from neurodecode.own_data.survey import Size, SplitRow, Study, Survey, attempt, counted, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.own_data.recordings import Header

_OF_EVENTS = ("ratings", "clip", "trial_type", "skip_unrated", "round_ratings")
"""Options of the loader that say which events are trials."""


def survey(study: Study) -> Survey:
    """Look through a study for ``emotion``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    headers = recordings.headers
    faults = [*recordings.faults, *without_events(headers)]
    trials, scales = _trials(headers, study.options, faults)
    tree = study.with_data(dataset="local", task=recordings.task)
    if not trials.empty:
        tree = _suited(tree, trials, scales)
    config = validate(EmotionConfig, tree)
    if not trials.empty:
        faults += _rating_faults(config, scales)
    splits = _splits(config, trials, scales) if not trials.empty else []
    faults += refused(splits)
    n_channels = len(config.signals.channels or common_sites(headers))
    n_samples = round(config.signals.seconds * config.signals.sampling_rate)
    stored = Size("trials of everybody", (len(trials), n_channels, n_samples))
    longest = max(headers, key=lambda header: header.n_times)
    return Survey(
        "emotion", study.folder,
        found=[*recordings.found, *_found(trials, scales)],
        listings=listings(headers),
        faults=faults, notes=list(recordings.notes), splits=splits,
        sizes=[Size("the longest recording, as read", (len(longest.channels), longest.n_times),
                    "float64"), stored],
        disk=stored.n_bytes,
        duration=past_duration("emotion", stored.n_bytes),
        settings={} if faults else tree,
    )  # fmt: skip


def _trials(
    headers: tuple[Header, ...], options: Mapping[str, Any], faults: list[Fault]
) -> tuple[pd.DataFrame, dict[str, tuple[int, int]]]:
    """Return the rated trials of all recordings; what is wrong with one joins the faults."""
    tables, scales = [], {}
    chosen = {name: options[name] for name in _OF_EVENTS if name in options}
    for header in headers:
        if header.events is None:
            continue
        try:
            table, found = trials_of_events(header.events, header.file, **chosen)
        except Fault as fault:
            faults.append(fault)
            continue
        scales.update(found)
        tables.append(table.assign(subject=header.subject, session=header.session))
    if not tables:
        return pd.DataFrame(), scales
    joined = pd.concat(tables, ignore_index=True)
    return joined.assign(trial=np.arange(1, len(joined) + 1)), scales


def _suited(
    tree: Mapping[str, Any], trials: pd.DataFrame, scales: Mapping[str, tuple[int, int]]
) -> dict[str, Any]:
    """Return the settings with ratings and seconds of clips as they are, where none are given."""
    shortest = float(np.floor(trials["duration"].min()))
    usual = EmotionConfig.model_fields["signals"].default.seconds
    signals = {"seconds": min(usual, max(shortest, 1.0)), **tree.get("signals", {})}
    return {"labels": list(scales), **tree, "signals": signals}


def _rating_faults(config: EmotionConfig, scales: Mapping[str, tuple[int, int]]) -> list[Fault]:
    return [
        ConfigFault(unknown("rating", label, scales), where="labels")
        for label in config.labels
        if label not in scales
    ]


def _found(trials: pd.DataFrame, scales: Mapping[str, tuple[int, int]]) -> list[tuple[str, str]]:
    if trials.empty:
        return []
    seconds = trials["duration"]
    shown = ", ".join(f"{name} ({low} to {high})" for name, (low, high) in scales.items())
    return [
        ("clips", f"{trials['clip'].nunique()}, {len(trials)} trials of {seconds.min():g} to "
                  f"{seconds.max():g} s"),
        ("ratings", shown),
    ]  # fmt: skip


def _splits(
    config: EmotionConfig, trials: pd.DataFrame, scales: Mapping[str, tuple[int, int]]
) -> list[SplitRow]:
    """Try every protocol with the first rating, as ``train`` will divide it."""
    label = config.labels[0]
    if label not in scales:
        return []
    rate = config.signals.sampling_rate
    n_samples = round(config.signals.seconds * rate)
    settings = config.split.settings(rate, config.window_samples, config.seed)

    def divided(protocol: str) -> str:
        people = [whole_trials(one, n_samples, label, scales[label])
                  for _, one in trials.groupby("subject")]  # fmt: skip
        together = [pd.concat(people, ignore_index=True)] if protocol in ACROSS else people
        if protocol in ACROSS and len(people) < 2:
            raise DataFault("it trains on other people, there is one")
        n_folds = sum(len(split_rated(part, protocol, settings)[1]) for part in together)
        levels = counted(trials[label].value_counts().to_dict())
        return f"{n_folds} folds; levels of {label}: {levels}"

    return [
        attempt(name, partial(divided, name), chosen=name in config.protocols)
        for name in RATED_PROTOCOLS
    ]
