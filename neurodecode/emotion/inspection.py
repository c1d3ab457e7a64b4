"""What a run keeps of its networks beside their scores: interpretations, and how fast they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import write_parquet
from neurodecode.emotion.decoders import ONE_HOT, Decoder, decoder_of
from neurodecode.emotion.evaluation import stages
from neurodecode.emotion.histn import HiSTN
from neurodecode.emotion.interpreted import Interpretation, interpret
from neurodecode.emotion.loading import build_network, build_target, fold_folder, load_network
from neurodecode.emotion.windows import WindowSource, all_windows, places_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neurodecode.emotion.config import EmotionConfig
    from neurodecode.emotion.study import Study
    from neurodecode.emotion.units import Unit

INTERPRETED, THROUGHPUT = "interpreted", "throughput.parquet"
REFERENCE = "EEGNet"


def interpreted_protocol(config: EmotionConfig) -> str:
    """Return the protocol whose networks are interpreted: one that calibrates, if there is one."""
    wanted = ("calibrated", "time_blocks")
    return next((name for name in wanted if name in config.protocols), config.protocols[0])


def inspected(config: EmotionConfig) -> list[Decoder]:
    """Return the decoders that are interpreted: the main one's network with both kinds of ratings.

    Empty if the main decoder is no network with regions.
    """
    main = decoder_of(config.models[0])
    if not main.family.startswith("HiSTN G"):
        return []
    names = [main.name, f"{main.family}, {ONE_HOT}"]
    trained = config.models_of(interpreted_protocol(config))
    return [decoder_of(name) for name in names if name in trained]


def interpret_unit(study: Study, unit: Unit, folder: Path, out: Path) -> None:
    """Interpret a unit's networks on test windows of the first rating and fold, and write that.

    Nothing where the unit has none to interpret, or its test part lacks two levels of two trials.

    Parameters
    ----------
    folder : Path
        Of the trained decoders.
    out : Path
        Of the evaluation; ``interpreted/DECODER/SPLIT`` is written below it.
    """
    chosen = [decoder for decoder in inspected(study.config) if decoder in unit.decoders]
    if unit.protocol != interpreted_protocol(study.config) or not chosen:
        return
    label = study.config.labels[0]
    stretches, folds = study.split(unit.protocol, label, unit.subject)
    fold = folds[0]
    shown = all_windows(stretches.iloc[fold.test], study.config.window_samples)
    trials = shown.drop_duplicates("row")["level"].value_counts()
    if (trials > 1).sum() < 2:
        return  # no trial of two levels could be held out of the plane
    signals = {unit.subject: study.stores[unit.subject].signals}
    source = WindowSource(signals, study.config.window_samples)
    windows = torch.from_numpy(source.read(places_of(shown, source.subjects)))
    for decoder in chosen:
        place = fold_folder(folder, decoder, label, fold.fold)
        for split, weights in stages(unit, fold):
            network = load_network(
                study, decoder, label, place, weights=weights, across=unit.across
            )
            assert isinstance(network, HiSTN)
            found = interpret(
                network, windows, shown["level"], groups=shown["row"],
                sampling_rate=float(study.first.info["sfreq"]),
            )  # fmt: skip
            found.save(out / INTERPRETED / decoder.slug / split)


def read_interpretations(
    folders: Sequence[Path], config: EmotionConfig
) -> Iterator[tuple[str, str, Interpretation]]:
    """Yield decoder, split and interpretation of every unit that has one, unit by unit."""
    for folder in folders:
        for decoder in inspected(config):
            for place in sorted((folder / INTERPRETED / decoder.slug).glob("*")):
                yield decoder.name, place.name, Interpretation.read(place)


def orders_of(folders: Sequence[Path], config: EmotionConfig) -> dict[str, list[float]]:
    """Return how well features keep the levels in order, by decoder, one number per subject.

    Only of the protocol itself, not before a calibration; subjects of whom a decoder has none are
    left out of all.
    """
    protocol = interpreted_protocol(config)
    found: dict[str, dict[str, float]] = {}
    for folder in folders:
        subject = folder.name.rpartition(".sub-")[2]
        for name, split, each in read_interpretations([folder], config):
            if split == protocol:
                found.setdefault(name, {})[subject] = each.embedding.path.order
    table = pd.DataFrame({name: pd.Series(values) for name, values in found.items()}).dropna()
    return {str(name): table[name].tolist() for name in table} if len(table) > 1 else {}


def write_throughput(study: Study, out: Path) -> None:
    """Measure the networks of the run beside EEGNet, on windows of its size, and write that."""
    from neurodecode.emotion.throughput import measure_throughput

    config, label = study.config, study.config.labels[0]
    families = [decoder_of(name) for name in config.models]
    names = dict.fromkeys([*(d.family for d in families if not d.classical), REFERENCE])
    networks = {
        name: build_network(study, decoder_of(name), label, seed=config.seed) for name in names
    }
    table = measure_throughput(
        networks, len(study.first.info["channels"]), config.window_samples, reference=REFERENCE,
        target=build_target(study, decoder_of(REFERENCE), label), seed=config.seed,
    )  # fmt: skip
    write_parquet(out / THROUGHPUT, table.replace({np.nan: None}))
