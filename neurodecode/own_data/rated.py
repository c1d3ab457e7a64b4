"""A BIDS folder for the pipeline ``emotion``: clips that were rated."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.config import validate
from neurodecode.datasets.loaders import local_options
from neurodecode.datasets.rated.bids import CLIP_COLUMNS, trials_of_events
from neurodecode.emotion.config import ACROSS, EmotionConfig
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS, split_rated
from neurodecode.evaluation.stretches import whole_trials
from neurodecode.faults import ConfigFault, DataFault, Fault, unknown
from neurodecode.own_data.costs import program_size
from neurodecode.own_data.rated_duration import rated_duration
from neurodecode.own_data.recordings import (
    common_sites,
    listings,
    read_headers,
    without_events,
)
from neurodecode.own_data.regions import fitted_to_channels
from neurodecode.own_data.survey import Size, SplitRow, Study, Survey, attempt, counted, refused
from neurodecode.own_data.trial_types import trial_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.own_data.recordings import Header

_OF_EVENTS = ("ratings", "clip", "trial_type", "skip_unrated", "round_ratings")
"""Options of the loader that say which events are trials."""
_SCALES = ((0, 1), (1, 5), (1, 7), (1, 9), (0, 10), (0, 100))
"""Scales that are proposed for ratings outside the usual one; the first that holds them."""


def survey(study: Study) -> Survey:
    """Look through a study for ``emotion``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    headers = recordings.headers
    faults = [*recordings.faults, *without_events(headers)]
    events, notes = trial_types(study, headers, CLIP_COLUMNS)
    tree = study.with_data(dataset="local", task=recordings.task, events=events)
    options = local_options(validate(EmotionConfig, tree).data)
    trials, scales = _trials(headers, options, faults)
    if not trials.empty:
        tree = _suited(tree, trials, scales)
    tree, changes = fitted_to_channels(tree, headers)
    config = validate(EmotionConfig, tree)
    if not trials.empty:
        faults += [*_rating_faults(config, trials, scales), *_clip_faults(config, trials)]
    folds: dict[str, int] = {}
    splits = _splits(config, trials, scales, folds) if not trials.empty else []
    faults += refused(splits) if not faults else []
    n_samples = round(config.signals.seconds * config.signals.sampling_rate)
    n_channels = len(config.signals.channels or common_sites(headers))
    stored = Size("trials of everybody", (len(trials), n_channels, n_samples))
    longest = max(headers, key=lambda header: header.n_times)
    read = Size("the longest recording, as read", (len(longest.channels), longest.n_times),
                "float64")  # fmt: skip
    known = not trials.empty
    return Survey(
        "emotion", study.folder,
        found=[*recordings.found, *_found(trials, scales)],
        listings=listings(headers),
        faults=faults, notes=[*recordings.notes, *notes, *changes], splits=splits,
        sizes=[program_size("emotion"), read, *([stored] if known else [])],
        disk=stored.n_bytes,
        duration=rated_duration(config, stored, folds, len(recordings.subjects))
        if known and not faults else None,
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
            table, found = trials_of_events(header.events, header.table, **chosen)
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


def _clip_faults(config: EmotionConfig, trials: pd.DataFrame) -> list[Fault]:
    """Return the fault of clips that are shorter than what is decoded of them."""
    wanted = config.signals.seconds
    short = trials[trials["duration"] < wanted]
    if short.empty:
        return []
    return [DataFault(
        f"{len(short)} of {len(trials)} clips last {short['duration'].min():g} s to "
        f"{short['duration'].max():g} s by their events, less than the {wanted:g} s to decode",
        where="column duration",
        fix="write how long each clip played, or lower signals.seconds and window_seconds",
    )]  # fmt: skip


def _rating_faults(
    config: EmotionConfig, trials: pd.DataFrame, scales: Mapping[str, tuple[int, int]]
) -> list[Fault]:
    """Return the faults of ratings that are not there, not on their scale, or no whole numbers."""
    faults: list[Fault] = [
        ConfigFault(unknown("rating", label, scales), where="labels")
        for label in config.labels
        if label not in scales
    ]
    values = trials[[label for label in config.labels if label in scales]]
    outside = [n for n in values if not values[n].dropna().between(*scales[str(n)]).all()]
    if outside:
        low, high = values[outside].min().min(), values[outside].max().max()
        fits = ((a, b) for a, b in _SCALES if a <= low and high <= b)
        a, b = next(fits, (int(np.floor(low)), int(np.ceil(high))))
        shown = ", ".join(f"{name}: [{a}, {b}]" for name in outside)
        told = ", ".join(f"{n} {scales[str(n)][0]} to {scales[str(n)][1]}" for n in outside)
        faults.append(DataFault(
            f"ratings from {low:g} to {high:g}, outside the scale ({told})",
            fix=f'state the scale, as --set "data.options.ratings={{{shown}}}"',
        ))  # fmt: skip
    if (values != values.round())[values.notna()].to_numpy(bool, na_value=False).any():
        fix = "--set data.options.round_ratings=true rounds them"
        faults.append(DataFault("ratings that are no whole numbers", fix=fix))
    return faults


def _found(trials: pd.DataFrame, scales: Mapping[str, tuple[int, int]]) -> list[tuple[str, str]]:
    if trials.empty:
        return []
    shortest, longest = trials["duration"].min(), trials["duration"].max()
    seconds = f"{shortest:g}" + (f" to {longest:g}" if longest > shortest else "")
    shown = ", ".join(f"{name} ({low} to {high})" for name, (low, high) in scales.items())
    return [
        ("clips", f"{trials['clip'].nunique()}, {len(trials)} trials of {seconds} s"),
        ("ratings", shown),
    ]


def _splits(
    config: EmotionConfig,
    trials: pd.DataFrame,
    scales: Mapping[str, tuple[int, int]],
    folds: dict[str, int],
) -> list[SplitRow]:
    """Try every protocol with the first rating, as ``train`` will divide it.

    ``folds`` takes how many each has that a run would train: of a subject, ``split.max_folds``.
    """
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
        found = [fold for part in together for fold in split_rated(part, protocol, settings)[1]]
        each, most = Counter(fold.subject for fold in found), config.split.max_folds
        n_folds = sum(n if most is None else min(n, most) for n in each.values())
        folds[protocol] = n_folds
        levels = counted(
            {f"{level:g}": n for level, n in trials[label].value_counts().sort_index().items()}
        )
        return f"{n_folds} folds; levels of {label}: {levels}"

    return [
        attempt(name, partial(divided, name), chosen=name in config.protocols)
        for name in RATED_PROTOCOLS
    ]
