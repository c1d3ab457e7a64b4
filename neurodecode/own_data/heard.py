"""A BIDS folder for the pipeline ``speech``: words that were heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.datasets.listening.bids import read_recordings
from neurodecode.datasets.loaders import local_options
from neurodecode.evaluation.sentences import PARTS, add_blocks, story_table
from neurodecode.faults import DataFault, Fault
from neurodecode.own_data.recordings import channel_listing, rate_listing, read_headers
from neurodecode.own_data.survey import Study, Survey, attempt, counted, refused
from neurodecode.own_data.windows import (
    memory_faults,
    recording_sizes,
    store_bytes,
    training_duration,
)

if TYPE_CHECKING:
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
    splits = [attempt(SPLIT, lambda: _blocks(words, config), chosen=True)]
    faults += refused(splits) if heard else []
    faults += memory_faults(headers, config.signals)
    n_words = sum(map(len, words))
    subjects = list(recordings.subjects)
    return Survey(
        "speech", study.folder,
        found=[*recordings.found, ("words", f"{n_words} in {len(_sounds(words))} sounds")],
        listings=[t for t in (rate_listing(headers), channel_listing(headers)) if t is not None],
        faults=faults,
        notes=[*recordings.notes, *dict.fromkeys(note for one in heard for note in one.notes)],
        splits=splits,
        sizes=recording_sizes(headers, config.signals),
        disk=store_bytes(headers, config.signals),
        duration=training_duration(
            config.brain, config.signals.n_samples, len(headers[0].channels), n_windows=n_words,
            n_epochs=config.trainer.max_epochs, n_models=len(config.units(subjects)),
            n_jobs=2 * len(config.units(subjects)) + len(subjects) + 2,
        ),
        settings={} if faults else tree,
    )  # fmt: skip


def _sounds(words: list[pd.DataFrame]) -> set[str]:
    return {str(sound) for table in words for sound in table["sound"].unique()}


def _blocks(words: list[pd.DataFrame], config: SpeechConfig) -> str:
    """Word how many blocks of sentences each part gets, as ``fetch`` will draw them."""
    split = config.split
    story = add_blocks(story_table(words), min_duration=split.min_duration, test=split.test,
                       valid=split.valid)  # fmt: skip
    counts = story.groupby("part")["block"].nunique().to_dict()
    if missing := [part for part in PARTS if part not in counts]:
        raise DataFault(f"{story['block'].nunique()} blocks of sentences, none of them in "
                        f"{', '.join(missing)}")  # fmt: skip
    return f"blocks of sentences: {counted({part: counts[part] for part in PARTS})}"
