"""Sections of the ``emotion`` report: protocols side by side, ordinal scores, smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.emotion.config_model import HierarchySection
from neurodecode.emotion.decoders import ONE_HOT, decoder_of
from neurodecode.emotion.evaluation import BEFORE, CROPS, WINDOWS
from neurodecode.emotion.inspection import (
    interpreted_protocol,
    read_interpretations,
)
from neurodecode.emotion.loading import network_section
from neurodecode.emotion.scores import F1, SEQ2HR
from neurodecode.emotion.sections_interpreted import interpreted_sections
from neurodecode.evaluation.paired import paired_test
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS, missing_levels
from neurodecode.report.figures import confusion_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from neurodecode.emotion.config import EmotionConfig
    from neurodecode.emotion.interpreted import Interpretation
    from neurodecode.emotion.scores import Scores
    from neurodecode.emotion.study import Study

COMPANIONS = ("macro F1", "top-1", "top-2", "Tri-P", SEQ2HR, "adjacent and first right", "adjacent",
              "quadratic kappa")  # fmt: skip


def protocols_section(
    scores: Scores, config: EmotionConfig, sizes: Mapping[str, int | None]
) -> Section:
    """Put each decoder's scores under all protocols side by side, what leaks named.

    ``sizes`` are parameters by decoder, None of a classical one.
    """
    blocks: list[Block] = [
        "Weighted F1, mean over subjects, of the same decoders on the same recordings. Every test "
        "window counts once.",
        _side_by_side(scores, config, WINDOWS, sizes),
        _side_by_side(scores, config, CROPS, sizes),
        Table(("protocol", "what is tested", "leaks"), _described(config, _splits(scores))),
    ]
    return Section("Protocols side by side", blocks)


def _side_by_side(
    scores: Scores, config: EmotionConfig, kind: str, sizes: Mapping[str, int | None]
) -> Table:
    splits = _splits(scores)
    names = dict.fromkeys([*config.models, *(config.models_across or ())])
    rows = [
        (name, sizes[name] or "-", label,
         *(_cell(scores, label, split, name, kind) for split in splits))
        for label in config.labels for name in names
    ]  # fmt: skip
    columns = ("decoder", "parameters", "rating", *(split.replace("_", " ") for split in splits))
    said = "Random windows with equal levels, scored by fold and averaged, as published"
    return Table(columns, rows, said if kind == CROPS else "", folded=kind == CROPS)


def _splits(scores: Scores) -> list[str]:
    return [str(name) for name in dict.fromkeys(scores.rows["protocol"])]


def ordinal_section(
    scores: Scores, label: str, protocol: str, main: str, *, lowest: int = 1
) -> Section:
    """All scores of a rating under one protocol: the main decoder with chance, others beside.

    ``lowest`` is the lowest value of the rating's scale, by which confusions are named.
    """
    models = list(dict.fromkeys(scores.part(label, protocol)["model"]))
    rows: list[tuple[str, ...]] = []
    for metric in (F1, *COMPANIONS):
        part = scores.part(label, protocol, metric)
        group = part[part["level"] == "group"].set_index("model")
        mine = group.loc[main]
        values = [f3(group.loc[model, "value"]) for model in models if model != main]
        rows.append((metric, f3(mine["value"]), interval(mine["ci_low"], mine["ci_high"]),
                     f3(mine["chance"]), f3(mine["ceiling"]), *values))  # fmt: skip
    others = [model for model in models if model != main]
    columns = ("score", main, "95 % interval", "chance", "best possible", *others)
    title = f"{label.capitalize()}, {protocol.replace('_', ' ')}"
    text = (
        "Tri-P: at most one level away. Seq2HR: the two most probable levels are neighbours and "
        "one of them is right; its companions: neighbours and the first right, neighbours at all. "
        "Chance: the better of shuffled answers and the best constant answer."
    )
    blocks: list[Block] = [text, Table(columns, rows)]
    confusion = _confusion(scores.predictions, label, protocol, main, lowest)
    if confusion is not None:
        name = f"confusion-{label}-{protocol}"
        blocks.append(confusion_figure(confusion, name=name, unit="windows"))
    return Section(title, blocks)


def smoothing_section(scores: Scores, config: EmotionConfig) -> list[Section]:
    """Smoothed against one-hot ratings, subject by subject; nothing where one is missing."""
    family = decoder_of(config.models[0]).family
    pair = (family, f"{family}, {ONE_HOT}")
    rows = []
    for label in config.labels:
        for protocol in dict.fromkeys(scores.rows["protocol"]):
            for metric in (SEQ2HR, F1):
                found = _paired(scores.part(label, str(protocol), metric), pair)
                if found is not None:
                    rows.append((label, str(protocol).replace("_", " "), metric, *found))
    if not rows:
        return []
    text = (
        f"{family} trained on smoothed (sigma {config.sigma:g}) and on one-hot ratings, paired "
        "over subjects, one-sided, as published: does smoothing raise the score?"
    )
    columns = ("rating", "protocol", "score", "smoothed", "one-hot", "gain", "relative",
               "Wilcoxon p", "t test p", "subjects")  # fmt: skip
    return [Section("Smoothed ratings", [text, Table(columns, rows)])]


def inside_sections(folders: Sequence[Path], config: EmotionConfig, lowest: int) -> list[Section]:
    """Interpretations of one subject's networks, before and after the calibration if there is one.

    Empty where no network was interpreted.
    """
    of_subject: dict[tuple[str, str], Interpretation] = {}
    for name, split, found in read_interpretations(folders, config):
        of_subject.setdefault((name, split), found)
    main, protocol = config.models[0], interpreted_protocol(config)
    order = (BEFORE, protocol)
    titles = {BEFORE: "before calibration", "calibrated": "after calibration"}
    mine = {titles.get(split, split.replace("_", " ")): of_subject[main, split]
            for split in order if (main, split) in of_subject}  # fmt: skip
    planes = {name: found.embedding for (name, split), found in of_subject.items()
              if split == protocol}  # fmt: skip
    if not mine:
        return []
    return interpreted_sections(mine, planes, rating=config.labels[0], lowest=lowest)


def missing_section(study: Study) -> list[Section]:
    """List levels that were tested without training on them; nothing where there are none."""
    tables = []
    for protocol in study.config.protocols:
        for label in study.config.labels:
            for subject in study.subjects:
                found = missing_levels(*study.split(protocol, label, subject))
                lowest, _ = study.scale(label)
                tables.append(found.assign(label=label, protocol=protocol,
                                           value=found["level"] + lowest))  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        return []
    rows = [
        (row.label, str(row.protocol).replace("_", " "), row.fold, row.value, row.n_clips)
        for row in table.itertuples()
    ]
    text = "Ratings of the test part that the training part lacks: their windows count as errors."
    columns = ("rating", "protocol", "fold", "value", "clips")
    return [Section("Missing levels", [text, Table(columns, rows, f"{len(rows)} cases",
                                                   folded=len(rows) > 12)])]  # fmt: skip


def models_section(study: Study, sizes: Mapping[str, int | None]) -> Section:
    """Say what each decoder is, with its parameters; where regions are not the published ones."""
    config, label = study.config, study.config.labels[0]
    rows = [(name, n or "-", decoder_of(name).description) for name, n in sizes.items()]
    blocks: list[Block] = [
        f"Parameters are those of {len(study.first.info['channels'])} channels, "
        f"{config.window_samples} samples and {study.n_classes(label)} levels."
    ]
    over = next((one for one in map(decoder_of, sizes) if one.has_regions), None)
    graph = None if over is None else network_section(study, over).hierarchy
    if isinstance(graph, HierarchySection):
        shown = "; ".join(f"{name}: {', '.join(one.channels)}" for name, one in
                          graph.regions.items())  # fmt: skip
        blocks.append(f"Regions are not the published ones of the EPOC's channels: {shown}.")
    return Section("Decoders", [*blocks, Table(("decoder", "parameters", "what it is"), rows)])


def _described(config: EmotionConfig, splits: Sequence[str]) -> list[tuple[str, str, str]]:
    found = []
    for name in config.protocols:
        protocol = RATED_PROTOCOLS[name]
        found.append((name.replace("_", " "), protocol.description, protocol.leaks or "nothing"))
    if BEFORE in splits:
        what = "the networks of calibrated before their calibration; others saw the clips"
        found.append((BEFORE.replace("_", " "), what, "nothing"))
    return found


def _cell(scores: Scores, label: str, protocol: str, model: str, kind: str = WINDOWS) -> str:
    part = scores.part(label, protocol, F1, kind)
    mine = part[(part["level"] == "group") & (part["model"] == model)]
    return "-" if mine.empty else f3(mine["value"].iloc[0])


def _confusion(
    predictions: pd.DataFrame, label: str, protocol: str, model: str, lowest: int
) -> pd.DataFrame | None:
    """Return true and decoded ratings of every window."""
    chosen = predictions[
        (predictions["label"] == label)
        & (predictions["split"] == protocol)
        & (predictions["model"] == model)
        & (predictions["kind"] == WINDOWS)
    ]
    if chosen.empty:
        return None
    columns = [name for name in chosen if str(name).startswith("p_")]
    columns = [name for name in columns if chosen[name].notna().all()]
    decoded = chosen[columns].to_numpy(float).argmax(axis=1)
    return pd.DataFrame({"y_true": chosen["level"].to_numpy() + lowest, "y_pred": decoded + lowest})


def _paired(part: pd.DataFrame, pair: Sequence[str]) -> tuple[str, ...] | None:
    """Return the means of two decoders, gain, p-values and subjects; None where one is missing."""
    subjects = part[part["level"] == "subject"]
    wide = subjects.pivot_table(index="subject", columns="model", values="value")
    if not set(pair) <= set(wide):
        return None
    first, second = (wide[name].to_numpy(float) for name in pair)
    gain, base = float(np.mean(first - second)), float(second.mean())
    p_values = [
        paired_test(first, second, method=method, alternative="greater").p_value
        for method in ("wilcoxon", "t")
    ]
    shown = ["-" if np.isnan(p) else f"{p:.3f}" for p in p_values]
    relative = f"{100 * gain / base:+.0f} %" if base > 0 else "-"
    return (f3(first.mean()), f3(base), f"{gain:+.3f}", relative, *shown, str(first.size))
