"""Prepare listeners: one store per recording, its windows, and a scaler fitted on training ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import write_json, write_parquet
from neurodecode.contrastive.scaling import fit_scaler
from neurodecode.contrastive.speech.windows import align_to_story, make_windows
from neurodecode.evaluation.sentences import add_blocks, mark_repeats, story_table
from neurodecode.faults import DataFault
from neurodecode.signals.continuous import read_continuous, require_window
from neurodecode.signals.store import Store, write_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from neurodecode.contrastive.speech.config import SentenceSplit
    from neurodecode.datasets.listening.recording import Listening
    from neurodecode.signals.continuous import ContinuousSection

STORY = "story.parquet"


def write_story(path: Path, recordings: Iterable[Listening], split: SentenceSplit) -> pd.DataFrame:
    """Write the words of every sound with block and part, once for all recordings."""
    words = story_table([recording.words for recording in recordings])
    story = add_blocks(words, min_duration=split.min_duration, test=split.test, valid=split.valid)
    if missing := {"train", "valid", "test"} - set(story["part"]):
        raise DataFault(
            f"{story['block'].nunique()} blocks of sentences, none of them in: "
            f"{', '.join(sorted(missing))}",
            fix="more sounds, or other shares in split",
        )
    story = mark_repeats(story)
    write_parquet(path, story)
    return story


def prepare_listener(
    folder: Path,
    recordings: Sequence[Listening],
    story: pd.DataFrame,
    settings: ContinuousSection,
    *,
    seed: int,
) -> list[Store]:
    """Write the stores of one participant below ``folder``, and ``store.json`` that lists them.

    Raises
    ------
    DataFault
        See :func:`read_continuous`; also if a recording is shorter than a window, or has none to
        train on.
    """
    stores = [_prepare(folder, r, story, settings, seed) for r in recordings]
    if not stores:
        raise DataFault("no recording", where=folder.name)
    counts = pd.concat([store.trials["part"] for store in stores]).value_counts()
    summary = {
        "recordings": [store.folder.name for store in stores],
        "channels": sorted({name for store in stores for name in store.info["channels"]}),
        "sfreq": settings.sfreq,
        "windows": {part: int(n) for part, n in counts.items()},
        "shape": [int(counts.sum()), max(store.info["shape"][0] for store in stores),
                  settings.n_samples],
        "mended": {store.folder.name: lines for store in stores if (lines := _remarks(store))},
    }  # fmt: skip
    write_json(folder / "store.json", summary)
    return stores


def _remarks(store: Store) -> list[str]:
    """Say, for the report, what was changed or left out of a recording."""
    info = store.info
    lines = [*info["mended"]]
    lines += [f"{name}: unknown to the layout, without influence"
              for name in info["without_position"]]  # fmt: skip
    if info["words_not_in_story"]:
        lines.append(f"{info['words_not_in_story']} words are not in the story, left out")
    return lines


def _prepare(
    folder: Path, recording: Listening, story: pd.DataFrame, settings: ContinuousSection, seed: int
) -> Store:
    name = recording.name
    place = f"subject {recording.subject}, {name}"
    read = read_continuous(recording.raw, settings, where=place)
    require_window(read, settings, where=place)
    words = align_to_story(recording.words, story, where=name)
    windows = make_windows(words, story, read.signals.shape[1], settings)
    scaler = fit_scaler(read.signals, windows, settings, seed=seed, where=name)
    info: dict[str, Any] = {
        **read.info,
        "subject": recording.subject,
        "recording": name,
        "channels": read.channels,
        "positions": read.positions.tolist(),
        "sfreq": settings.sfreq,
        "scaler": scaler.to_dict(),
        "words_not_in_story": len(recording.words) - len(words),
    }
    return write_store(folder / name, read.signals, windows, info, continuous=True)
