"""A BIDS folder for the pipeline ``emotion``: clips that were rated."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.channels import canonical_name
from neurodecode.config import validate
from neurodecode.datasets.loaders import local_options
from neurodecode.datasets.montage import standard_sites
from neurodecode.datasets.rated.bids import CLIP_COLUMNS, trials_of_events
from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.emotion.config import ACROSS, EmotionConfig
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.networks import NETWORKS, OPTIONS
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS, split_rated
from neurodecode.evaluation.stretches import whole_trials
from neurodecode.faults import ConfigFault, DataFault, Fault, unknown
from neurodecode.own_data.duration import past_duration
from neurodecode.own_data.recordings import (
    channel_listing,
    common_sites,
    rate_listing,
    read_headers,
    without_events,
)
from neurodecode.own_data.survey import Size, SplitRow, Study, Survey, attempt, counted, refused
from neurodecode.own_data.trial_types import trial_types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.own_data.recordings import Header

_OF_EVENTS = ("ratings", "clip", "trial_type", "skip_unrated", "round_ratings")
"""Options of the loader that say which events are trials."""
_SCALES = ((0, 1), (1, 5), (1, 7), (1, 9), (0, 10), (0, 100))
"""Scales that are proposed for ratings outside the usual one; the first that holds them."""
N_REGIONS = 4
"""Of a montage without the EPOC's channels, for HiSTN: as many as the published G0 has."""


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
    splits = _splits(config, trials, scales) if not trials.empty else []
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
        listings=[t for t in (rate_listing(headers), channel_listing(headers)) if t is not None],
        faults=faults, notes=[*recordings.notes, *notes, *changes], splits=splits,
        sizes=[read, stored] if known else [read],
        disk=stored.n_bytes,
        duration=past_duration("emotion", stored.n_bytes) if known else None,
        settings={} if faults else tree,
    )  # fmt: skip


def fitted_to_channels(
    tree: Mapping[str, Any], headers: Sequence[Header]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings with channels that all recordings have, and regions that HiSTN can use.

    The published regions are those of the EPOC's fourteen channels. Where one is missing, regions
    are cut from the electrodes' places in the 10-05 system; where fewer electrodes than regions
    are known to it, the networks with regions are left out.

    Parameters
    ----------
    tree : mapping
        Settings; what they say of channels, regions and decoders is kept.
    headers : sequence of Header

    Returns
    -------
    tree : dict
    notes : tuple of str
        What was changed.
    """
    notes: list[str] = []
    signals, common = dict(tree.get("signals", {})), common_sites(headers)
    if signals.get("channels") is None and any(len(h.channels) > len(common) for h in headers):
        signals["channels"] = common
        notes.append(f"channels differ, the {len(common)} that all recordings have are taken")
    changed = {**tree, "signals": signals}
    names = {canonical_name(name) for name in signals.get("channels") or common}
    given = tree.get("network", {})
    if {canonical_name(name) for name in CHANNELS} <= names or given.keys() & _REGIONS:
        return changed, tuple(notes)
    placed = [name for name in names if name in standard_sites()]
    if len(placed) >= 2 * N_REGIONS:
        lost = len(names) - len(placed)
        notes.append(
            f"regions of HiSTN: {N_REGIONS}, cut from the places of {len(placed)} electrodes, not "
            f"the published ones of the EPOC's channels{f'; {lost} have no place' * bool(lost)}"
        )
        return {**changed, "network": {**given, "n_regions": N_REGIONS}}, tuple(notes)
    return _without_regions(changed, notes)


_REGIONS = {"hierarchy", "n_regions"}
"""Settings of ``network`` that say which regions there are."""


def _without_regions(
    tree: dict[str, Any], notes: list[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    models = tree.get("models", EmotionConfig.model_fields["models"].default)
    kept = [name for name in models if not _has_regions(name)]
    dropped = [name for name in models if _has_regions(name)]
    if not kept or not dropped:
        return tree, tuple(notes)
    notes.append(f"left out, the channels' names say no places to cut regions from: "
                 f"{', '.join(dropped)}; rename channels as in the 10-05 system, or give "
                 f"network.hierarchy")  # fmt: skip
    return {**tree, "models": kept}, tuple(notes)


def _has_regions(name: str) -> bool:
    decoder = decoder_of(name)
    return not decoder.classical and "graph" in OPTIONS[NETWORKS[decoder.family].family]


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
        faults.append(DataFault("ratings that are no whole numbers",
                                fix="--set data.options.round_ratings=true rounds them"))  # fmt: skip
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
        levels = counted(
            {f"{level:g}": n for level, n in trials[label].value_counts().sort_index().items()}
        )
        return f"{n_folds} folds; levels of {label}: {levels}"

    return [
        attempt(name, partial(divided, name), chosen=name in config.protocols)
        for name in RATED_PROTOCOLS
    ]
