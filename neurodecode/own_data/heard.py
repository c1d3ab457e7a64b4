"""A BIDS folder for the pipeline ``speech``: words that were heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig, SpeechEvaluation
from neurodecode.contrastive.speech.windows import align_to_story, make_windows
from neurodecode.datasets.listening.bids import read_recordings
from neurodecode.evaluation.sentences import PARTS, add_blocks, mark_repeats, story_table
from neurodecode.faults import DataFault
from neurodecode.own_data.recordings import read_headers
from neurodecode.own_data.survey import Study, Survey, attempt, counted, refused
from neurodecode.own_data.windows import fitting_k, read_everybody, survey_of_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.datasets.listening.recording import Listening

SPLIT = "sentence_hash"


def survey(study: Study) -> Survey:
    """Look through a study for ``speech``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    tree = study.with_data(dataset="local", task=recordings.task)
    config = validate(SpeechConfig, tree)
    heard, faults = read_everybody(study, recordings, config, read_recordings)
    words = [one.words for one in heard]
    laid = pd.DataFrame(columns=["part", "segment"])

    def lay() -> str:
        nonlocal laid
        laid = _windows(heard, config)
        return _said(laid, config)

    splits = [attempt(SPLIT, lay, chosen=True)]
    tree, scored = _scored(tree, laid.loc[laid["part"] == "test", "segment"].nunique())
    return survey_of_windows(
        "speech", study, recordings, config, tree=tree,
        n_windows=int((laid["part"] == "train").sum()),
        found=[("words", f"{sum(map(len, words))} in {len(_sounds(words))} sounds")],
        faults=[*faults, *(refused(splits) if heard else [])],
        notes=[*scored, *(note for one in heard for note in one.notes)],
        splits=splits,
    )  # fmt: skip


def _sounds(words: list[pd.DataFrame]) -> set[str]:
    return {str(sound) for table in words for sound in table["sound"].unique()}


def _windows(heard: Sequence[Listening], config: SpeechConfig) -> pd.DataFrame:
    """Return the windows of all recordings as ``prepare`` will lay them, with ``block``."""
    split, signals = config.split, config.signals
    words = story_table([one.words for one in heard])
    story = mark_repeats(add_blocks(words, min_duration=split.min_duration, test=split.test,
                                    valid=split.valid))  # fmt: skip
    tables = []
    for one in heard:
        n_samples = round(one.raw.n_times / one.raw.info["sfreq"] * signals.sfreq)
        aligned = align_to_story(one.words, story, where=one.name)
        tables.append(make_windows(aligned, story, n_samples, signals))
    return pd.concat(tables, ignore_index=True)


def _said(windows: pd.DataFrame, config: SpeechConfig) -> str:
    """Word how many windows each part gets: blocks alone say little where they are short."""
    counts = windows["part"].value_counts()
    shown = counted({part: int(counts.get(part, 0)) for part in PARTS})
    if set(PARTS) <= set(counts.index):
        return f"windows: {shown}, in {windows['block'].nunique()} blocks of sentences"
    length = config.signals.n_samples / config.signals.sfreq
    what = f"windows of {length:.3g} s that lie in one block of sentences: {shown}"
    fix = "more speech, longer blocks (split.min_duration), other shares (split.test, .valid)"
    raise DataFault(what, fix=fix)


def _scored(tree: Mapping[str, Any], n_segments: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings with a headline that fits so many candidates, where none is given."""
    given, usual = tree.get("evaluation", {}), SpeechEvaluation()
    k = fitting_k(usual.top_k, usual.headline_k, n_segments)
    if not n_segments or k == usual.headline_k or given.keys() & {"headline_k", "top_k"}:
        return dict(tree), ()
    note = f"{n_segments} test segments: the score is the top-{k} accuracy among them"
    return {**tree, "evaluation": {**given, "headline_k": k}}, (note,)
