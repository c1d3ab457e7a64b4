"""Sections of the ``spikes`` report: scores of spikes, decoders, models, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.report.figures import score_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.sections import f3, interval
from neurodecode.spikes.decoded import ACCURACY, ERROR, R2, R
from neurodecode.spikes.preparation import STORE
from neurodecode.spikes.variants import NETWORKS, RIVALS, SHUFFLED, generator_of
from neurodecode.spikes.written import BITS, METRICS, PSTH, PULSES, RATE_R

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.scores import Scores
    from neurodecode.spikes.study import Study


WIDER = 2.576 / 1.960
"""A 99 % interval against one of 95 %, of a normal estimate: controls are judged by it."""


def writing_section(scores: Scores, config: SpikesConfig) -> Section:
    """All scores of written spikes, model by model, and how well rates are calibrated."""
    names = [name for name in (*METRICS, BITS, RATE_R, PULSES, PSTH) if len(scores.part(name))]
    rows = []
    for model in config.models:
        found = [scores.group(name, model) for name in names]
        rows.append((model, *("-" if row is None else f3(row["value"]) for row in found)))
    chance = [scores.group(name, config.models[0]) for name in names]
    rows.append(("constant rates", *("-" if row is None else f3(row["chance"]) for row in chance)))
    ceiling = [None if row is None or row["ceiling"] is None else row["ceiling"] for row in chance]
    if any(value is not None and np.isfinite(float(value)) for value in ceiling):
        rows.append(("best possible", *("-" if value is None else f3(value)
                                           for value in ceiling)))  # fmt: skip
    asked = config.evaluation
    text = (
        f"Each test window is written {asked.n_draws} times, given its "
        f"{'real' if asked.past == 'teacher' else 'own generated'} past. Sets: which units fired "
        "in a window; windows in which nothing fired and nothing was written are left out. The "
        "released rule counts an overlap without false positive or without miss as 1. Bits per "
        "spike: calibrated expected counts against constant rates of the training part. Rate "
        f"correlation: counts in bins of {asked.rate_bin:g} s, mean over units. Pulse F1: overlap "
        f"of triangular pulses {1000 * asked.pulse_width:g} ms wide."
        + (
            " PSTH correlation: mean over written trials of a stimulus with the mean over half of "
            "the real ones; best possible: the other half."
            if PSTH in names
            else ""
        )
    )
    bits = scores.group(BITS, config.models[0])
    blocks: list[Block] = [text, Table(("model", *names), rows)]
    if bits is not None:
        blocks.append(f"{config.models[0]}: {BITS} {f3(bits['value'])} "
                      f"{interval(bits['ci_low'], bits['ci_high'])}.")  # fmt: skip
    written = scores.written()
    covered = [
        (model, f"{part['covered'].mean():.3f}", f"{part['dispersion'].iloc[0]:.3g}",
         f3(part["raw_gain"].sum() / (part["spikes"].sum() * np.log(2))),
         f"{part['written'].mean():.2f}", f"{part['spikes'].mean():.2f}")
        for model, part in written.groupby("model", sort=False)
    ]  # fmt: skip
    columns = ("model", "counts inside their 90 % interval", "dispersion",
               "bits per spike, not calibrated", "spikes written per window",
               "spikes that fired")  # fmt: skip
    caption = ("Calibrated on the validation windows: negative binomial around a power of the "
               "expected count; whole-number intervals cover at least their level.")  # fmt: skip
    blocks.append(Table(columns, covered, caption))
    return Section("Written spikes", blocks)


def decoding_sections(scores: Scores, config: SpikesConfig) -> list[Section]:
    """Behaviour decoded by networks and rivals; nothing where nothing is decoded."""
    found = []
    for target in config.targets:
        names = [f"{target} {metric}" for metric in (R, ACCURACY)]
        name = next((name for name in names if len(scores.part(name))), None)
        if name is not None:
            found.append(_decoding_section(scores, config, target, name))
    return found


def _decoding_section(scores: Scores, config: SpikesConfig, target: str, name: str) -> Section:
    part, errors = scores.part(name), scores.part(f"{target} {ERROR}")
    rows = []
    for model in config.decoders:
        row = scores.group(name, model)
        others = [scores.group(f"{target} {metric}", model) for metric in (R2, ERROR)]
        if row is not None:
            rows.append((model, f3(row["value"]), interval(row["ci_low"], row["ci_high"]),
                         f3(row["chance"]), *("-" if other is None else f"{other['value']:.3g}"
                                              for other in others),
                         (NETWORKS | RIVALS)[model]))  # fmt: skip
    text = (
        f"{target.capitalize()} decoded from held-out windows by models that saw all training "
        f"windows. The networks read {config.decoder_model.replace('+', ', ')}."
    )
    if len(errors):
        blind = errors["chance"].mean()
        text += f" Answering the training mean has an R2 of 0 and a median error of {blind:.3g}."
    blocks: list[Block] = [text, *_control(scores, target, name)]
    if config.decoders:
        blocks.append(score_figure(part, metric=name, name=f"decoded-{target}",
                                   main=config.decoders[0]))  # fmt: skip
    columns = ("decoder", name, "95 % interval", "chance", R2, "median error", "what it is")
    return Section(f"Decoded {target}", [*blocks, Table(columns, rows)])


def _control(scores: Scores, target: str, name: str) -> list[str]:
    """Say whether the control landed at chance: by R2, or by the balanced accuracy of classes.

    Pearson's r ignores the size of the answers. A network that learned only the chance correlation
    of the moved behaviour with the real one decodes a tiny share of it, of either sign, and has an
    r that is as large as that of a decoder.
    """
    classes = name.endswith(ACCURACY)
    row = scores.group(name if classes else f"{target} {R2}", SHUFFLED)
    if row is None:
        return []
    value, chance = float(row["value"]), float(row["chance"])
    low, high = (value + WIDER * (float(row[name]) - value) for name in ("ci_low", "ci_high"))
    verdict = ("at chance, as it must" if not low > chance
               else "NOT at chance: do not trust this run")  # fmt: skip
    why = "" if classes else (
        " It is judged by R2: r ignores the size of the answers, and the moved behaviour always "
        "has some correlation with the real one, of either sign."
    )  # fmt: skip
    bounds = f"99 % interval {low:.3f} to {high:.3f}"
    return [f"Control: trained on {target} of another time, the network has "
            f"{'a balanced accuracy' if classes else 'an R2'} of {value:.3f} ({bounds}): "
            f"{verdict}.{why}"]  # fmt: skip


def sessions_section(folder: Path, stores: Sequence[Path], study: Study) -> Section:
    """What was recorded, how it was cut into windows, and what the loader noted."""
    rows, notes = [], []
    for store in stores:
        for one in read_json(store / STORE)["described"]:
            mine = next(recorded for recorded in study.sessions(store.name)
                        if recorded.session.session == one["session"])  # fmt: skip
            rows.append((one["subject"], one["session"], one["units"], one["spikes"],
                         f"{one['seconds']:.0f}", f"{one['rate_hz']:.2f}", one["trials"] or "-",
                         ", ".join(one["behaviour"]) or "-", len(mine.windows),
                         mine.n_dropped))  # fmt: skip
            notes += [f"{one['subject']}: {note}." for note in one["notes"]]
    columns = ("subject", "session", "units", "spikes", "s", "Hz per unit", "trials", "behaviour",
               "windows", "left out: no behaviour")  # fmt: skip
    manifests = [read_json(path) for path in sorted((folder / "fetch").glob("*.json"))]
    files = [f"{each['dataset']}: {len(each['files'])} files with sha256 in run.json."
             for each in manifests]  # fmt: skip
    return Section("Data", [Table(columns, rows), *files, *dict.fromkeys(notes)])


def models_section(config: SpikesConfig, n_parameters: dict[str, int]) -> Section:
    """Say what each generative model reads, with its parameters."""
    rows = [
        (name, f"{n_parameters[name]:,}" if name in n_parameters else "-",
         generator_of(name).description)
        for name in config.models
    ]  # fmt: skip
    windows = config.windows
    text = (
        f"Windows of {1000 * windows.current:g} ms with {1000 * windows.past:g} ms of past, in "
        f"bins of {1000 * windows.dt:g} ms; {windows.block} and {windows.past_block} tokens. "
    )
    released = not any(config.network.corrections.model_dump().values())
    text += ("The released code's behaviour is kept as it is."
             if released else "What the released code gets wrong is corrected.")  # fmt: skip
    return Section("Models", [text, Table(("model", "parameters", "reads"), rows)])
