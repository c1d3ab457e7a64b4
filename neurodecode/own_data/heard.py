"""A BIDS folder for the pipeline ``speech``: words that were heard."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.contrastive.speech.windows import align_to_story, make_windows
from neurodecode.datasets.listening.bids import read_recordings
from neurodecode.datasets.loaders import local_options
from neurodecode.evaluation.sentences import PARTS, add_blocks, mark_repeats, story_table
from neurodecode.faults import DataFault, Fault
from neurodecode.own_data.recordings import channel_listing, rate_listing, read_headers
from neurodecode.own_data.survey import Study, Survey, attempt, counted, refused
from neurodecode.own_data.windows import (
    memory_faults,
    n_networks,
    recording_sizes,
    store_bytes,
    training_duration,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from neurodecode.datasets.listening.recording import Listening

SPLIT = "sentence_hash"


def survey(study: Study) -> Survey:
    """Look through a study for ``speech``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    headers = recordings.headers
    tree = study.with_data(dataset="local", task=recordings.task)
    config = validate(SpeechConfig, tree)
    options = local_options(config.data)
    heard: list[Listening] = []
    faults = list(recordings.faults)
    for subject in recordings.subjects:
        try:
            heard += read_recordings(study.folder, subject, **options)
        except Fault as fault:
            faults.append(fault)
    words = [one.words for one in heard]
    windows: Counter[str] = Counter()
    splits = [attempt(SPLIT, lambda: _windows(heard, config, windows), chosen=True)]
    faults += refused(splits) if heard else []
    faults += memory_faults(headers, config.signals)
    subjects = list(recordings.subjects)
    units = config.units(subjects)
    told = f"{sum(map(len, words))} in {len(_sounds(words))} sounds"
    return Survey(
        "speech", study.folder,
        found=[*recordings.found, ("words", told)],
        listings=[t for t in (rate_listing(headers), channel_listing(headers)) if t is not None],
        faults=faults,
        notes=[*recordings.notes, *dict.fromkeys(note for one in heard for note in one.notes)],
        splits=splits,
        sizes=recording_sizes(headers, config.signals),
        disk=store_bytes(headers, config.signals),
        duration=training_duration(
            config.brain, config.trainer, config.signals.n_samples, len(headers[0].channels),
            n_windows=windows["train"], n_models=n_networks(units),
            n_jobs=2 * len(units) + len(subjects) + 2,
        ) if windows["train"] else None,
        settings={} if faults else tree,
    )  # fmt: skip


def _sounds(words: list[pd.DataFrame]) -> set[str]:
    return {str(sound) for table in words for sound in table["sound"].unique()}


def _windows(heard: Sequence[Listening], config: SpeechConfig, counts: Counter[str]) -> str:
    """Word how many windows each part gets, as ``prepare`` will lay them; ``counts`` takes them.

    A window must lie in one block of sentences: blocks alone say little where they are short.
    """
    split, signals = config.split, config.signals
    words = story_table([one.words for one in heard])
    story = mark_repeats(add_blocks(words, min_duration=split.min_duration, test=split.test,
                                    valid=split.valid))  # fmt: skip
    for one in heard:
        n_samples = round(one.raw.n_times / one.raw.info["sfreq"] * signals.sfreq)
        table = make_windows(align_to_story(one.words, story, where=one.name), story, n_samples,
                             signals)  # fmt: skip
        counts.update(table["part"])
    shown = counted({part: counts[part] for part in PARTS})
    n_blocks = story["block"].nunique()
    if not all(counts[part] for part in PARTS):
        length = signals.n_samples / signals.sfreq
        what = f"{n_blocks} blocks of sentences; windows of {length:.3g} s that lie in one: {shown}"
        fix = "more speech, longer blocks (split.min_duration), other shares (split.test, .valid)"
        raise DataFault(what, fix=fix)
    return f"windows: {shown}, in {n_blocks} blocks of sentences"
