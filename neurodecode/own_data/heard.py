"""A BIDS folder for the pipeline ``speech``: words that were heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.datasets.listening.bids import read_recordings
from neurodecode.evaluation.sentences import PARTS, add_blocks, story_table
from neurodecode.faults import DataFault
from neurodecode.own_data.recordings import read_headers
from neurodecode.own_data.survey import Study, Survey, attempt, counted, refused
from neurodecode.own_data.windows import read_everybody, survey_of_windows

if TYPE_CHECKING:
    import pandas as pd

SPLIT = "sentence_hash"


def survey(study: Study) -> Survey:
    """Look through a study for ``speech``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    tree = study.with_data(dataset="local", task=recordings.task)
    config = validate(SpeechConfig, tree)
    heard, faults = read_everybody(study, recordings, config.data.options, read_recordings)
    words = [one.words for one in heard]
    splits = [attempt(SPLIT, lambda: _blocks(words, config), chosen=True)]
    n_words = sum(map(len, words))
    return survey_of_windows(
        "speech", study, recordings, config, tree=tree, n_windows=n_words,
        found=[("words", f"{n_words} in {len(_sounds(words))} sounds")],
        faults=[*faults, *(refused(splits) if heard else [])],
        notes=[note for one in heard for note in one.notes],
        splits=splits,
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
