"""Sections of the image report: retrieval, time course, sensors, latency, pictures, decoders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json, slug
from neurodecode.contrastive.image.accuracy import k_way_accuracy
from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.contrastive.image.data import samples_of
from neurodecode.contrastive.image.decoders import parse_decoder
from neurodecode.contrastive.image.recordings import DESCRIPTION
from neurodecode.contrastive.image.time_course import PARTICIPANTS_TO_TEST, headline_set
from neurodecode.report.lines import line_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.render import p_text
from neurodecode.report.sections import f3, interval
from neurodecode.report.sensors import sensor_figure
from neurodecode.report.time_courses import time_course_figure

if TYPE_CHECKING:
    from neurodecode.contrastive.image.config import ImageConfig
    from neurodecode.contrastive.image.contrasts import Contrast
    from neurodecode.workflow.step import Job

STAGES = {
    "wait": "from the last sample that is needed to the end of its chunk",
    "filter": "causal resampling and filters",
    "cut": "cut the window out of the buffer, subtract the baseline",
    "scale": "scale and clamp",
    "rank": "rank the candidates",
    "filter delay": "delay of the causal filter (signal, no computing)",
}


def factor_blocks(factor: Contrast | None, main: str, linear: str | None) -> list[Block]:
    """Say how many times as often the main decoder finds the picture as the linear one."""
    if factor is None:
        return []
    return [
        f"{main} finds the picture {factor.estimate:.2f} times as often as {linear} (95 % interval "
        f"over {factor.n} participants {factor.low:.2f} to {factor.high:.2f})."
    ]


def retrieval_section(rows: pd.DataFrame, config: ImageConfig) -> Section:
    """Every score of every decoder, test set and average."""
    group = rows[rows["level"] == "group"]
    found = [
        (row.model, row.split, row.metric, f3(row.value), interval(row.ci_low, row.ci_high),
         f"{row.chance:.4f}", f3(row.ceiling), p_text(row.p_value).removeprefix("= "),
         f"{row.n} {row.unit}s")
        for row in group.itertuples()
    ]  # fmt: skip
    columns = ("decoder", "test set and average", "score", "value", "95 % interval", "chance",
               "best possible", "p", "interval over")  # fmt: skip
    text = (
        "Small set: one picture of each test category; large set: the other pictures of these "
        "categories. Estimates, not signals, are averaged. Relative ranks: 0 is best, 0.5 chance. "
        "Rows averaged over participants have intervals over pictures and say nothing of other "
        "people."
    )
    blocks: list[Block] = [text, Table(columns, found, "All scores", folded=True)]
    if len(config.seeds) > 1:
        blocks.insert(1, f"Averaged over the seeds {', '.join(map(str, config.seeds))}.")
    return Section("Retrieval", blocks)


def k_way_section(predictions: pd.DataFrame, config: ImageConfig) -> list[Section]:
    """Top-1 accuracy among k candidates, for every k."""
    mine = predictions[(predictions["kind"] == "decoder")]
    mine = mine[mine["set"] == headline_set(mine, config.evaluation.headline_set)]
    mine = mine[mine["participant"] != EVERYBODY]
    averages = [a for a in ("repetitions", "single") if (mine["average"] == a).any()]
    tables = []
    for model, part in mine[mine["average"] == averages[0]].groupby("model", sort=False):
        n = int(part["n_candidates"].iloc[0])
        ranks = part["rank"].to_numpy(float)
        steps = [k for k in (2, 3, 5, 10, 20, 50, 100, 200, 500, 1000) if k < n]
        tables += [(str(model), k, k_way_accuracy(ranks, n, k)) for k in [*steps, n]]
    table = pd.DataFrame(tables, columns=["line", "x", "y"])
    chance = table.drop_duplicates("x").assign(line="chance", y=lambda rows: 1 / rows["x"])
    figure = line_figure(
        pd.concat([table, chance], ignore_index=True), xlabel="candidates k",
        ylabel="top-1 accuracy", name="kway", log_x=True, dashed=("chance",),
    )  # fmt: skip
    text = (
        "Expected accuracy of the best of k candidates: the true picture and k - 1 others of the "
        "test set at random."
    )
    return [Section("Number of candidates", [text, figure])]


def time_section(course: pd.DataFrame, config: ImageConfig, offset: float) -> list[Section]:
    """Scores of sliding and growing windows."""
    if course.empty:
        return []
    k = config.evaluation.headline_k
    blocks: list[Block] = [
        f"A model is trained for each window. Clusters are tested on relative ranks, over "
        f"participants where there are {PARTICIPANTS_TO_TEST} or more, else over pictures."
    ]
    for kind, part in course.groupby("kind", sort=False):
        table = part.assign(time=part["stop"])
        blocks.append(
            time_course_figure(
                table, xlabel=f"end of the {kind} window, s", ylabel=f"top-{k} accuracy",
                events={"onset": 0.0, "offset": offset}, name=f"time-{kind}",
            )
        )  # fmt: skip
        rows = [
            (row.model, f"{row.start:g} to {row.stop:g}", f3(row.value),
             interval(row.ci_low, row.ci_high), f3(row.relative_rank),
             p_text(row.p_cluster).removeprefix("= "))
            for row in part.itertuples()
        ]  # fmt: skip
        columns = ("decoder", "window, s", f"top-{k} accuracy", "95 % interval",
                   "mean relative rank", "p of its cluster")  # fmt: skip
        blocks.append(Table(columns, rows, f"{str(kind).capitalize()} windows", folded=True))
    return [Section("Time course", blocks)]


def aggregation_section(job: Job, config: ImageConfig, offset: float) -> list[Section]:
    """Weights of the affine aggregation over time, of every network over the whole window."""
    if config.head.aggregation != "affine":
        return []
    from neurodecode.persistence import load_tensors

    start, rate = config.signals.tmin, config.signals.sfreq
    tables = []
    for name in config.decoders:
        decoder = parse_decoder(name)
        if decoder.objective == "ridge" or decoder.shuffled:
            continue
        folder = job.model_of(f"{slug(name)}.seed-{config.seeds[0]}") / slug(name)
        weights = load_tensors(folder)["aggregation.linear.weight"][0].numpy()
        samples = samples_of(None, config.signals)
        times = start + np.arange(samples.stop) / rate
        tables.append(pd.DataFrame({"line": name, "x": times, "y": weights}))
    if not tables:
        return []
    figure = line_figure(
        pd.concat(tables, ignore_index=True), xlabel="time after the onset, s",
        ylabel="weight", name="aggregation", events={"onset": 0.0, "offset": offset},
    )  # fmt: skip
    text = "Weights of the learned aggregation over time; a weight far from zero is a used moment."
    return [Section("Aggregation over time", [text, figure])]


def attention_section(job: Job, config: ImageConfig) -> list[Section]:
    """Mean attention per sensor over the virtual channels, first layout."""
    from neurodecode.contrastive.attention_map import mean_attention

    if config.main.objective == "ridge" or not config.brain.spatial_attention:
        return []
    folder = job.model_of(next(iter(job.plan.units))) / slug(config.decoders[0])
    names, positions, weights = mean_attention(folder, config.brain)
    figure = sensor_figure(positions, weights, names, label="mean attention", name="attention")
    text = "Mean weight of each sensor over the virtual channels of the spatial attention."
    return [Section("Sensors", [text, figure])]


def latency_section(
    latency: pd.DataFrame | None, same: float | None, interval_s: float
) -> list[Section]:
    """Latency of every stage of a replayed recording."""
    if latency is None or same is None:
        return []
    rows = [
        (STAGES.get(str(row.stage), str(row.stage)), f"{row.median_ms:.2f}", f"{row.p95_ms:.2f}",
         f"{row.max_ms:.2f}")
        for row in latency.itertuples()
    ]  # fmt: skip
    text = (
        "A test recording, replayed trial by trial through the causal chain of the streaming "
        f"decoder; {100 * same:.0f} % of the decisions are those of the same chain offline. A "
        f"picture came every {interval_s:.2f} s."
    )
    columns = ("stage", "median, ms", "95 % below, ms", "longest, ms")
    return [Section("Real time", [text, Table(columns, rows)])]


def pictures_section(job: Job, trials: pd.DataFrame, config: ImageConfig) -> Section:
    """What was seen in each part."""
    labels = trials["part"].where(trials["part"] != "test", "test, " + trials["test_set"] + " set")
    rows = [
        (part or "left out by the split", len(mine), mine["image"].nunique(),
         mine["category"].nunique(), mine["participant"].nunique())
        for part, mine in trials.groupby(labels, sort=True)
    ]  # fmt: skip
    columns = ("part", "trials", "pictures", "categories", "participants")
    notes = read_json(job.folder / "seen" / DESCRIPTION)["notes"]
    text = f"Split: {config.split.protocol.replace('_', ' ')}."
    return Section("Pictures", [text, Table(columns, rows), *notes])


def reference_section(config: ImageConfig) -> list[Section]:
    """Published figures, as context."""
    if not config.references:
        return []
    rows = [(name, f"{value:.3f}") for name, value in config.references.items()]
    text = "Published figures on this data set, as context; protocols differ."
    return [Section("Reference figures", [text, Table(("who", "score"), rows)])]


def decoder_section(job: Job, config: ImageConfig) -> Section:
    """What each decoder is, and how its training went."""
    rows = []
    for name in config.decoders:
        for unit in job.plan.units:
            if unit.split(".seed-")[0] != slug(name):
                continue
            info: dict[str, Any] = read_json(job.model_of(unit) / slug(name) / "model.json")
            fit, alphas = info.get("fit", {}), info.get("alphas", [])
            said = fit.get("note", "") or ", ".join(f"{alpha:g}" for alpha in alphas)
            rows.append((unit, f"{info['n_parameters']:,}", fit.get("epochs", "-"),
                         f3(fit.get("best_loss")), said))  # fmt: skip
    described = [(name, parse_decoder(name).description) for name in config.decoders]
    text = f"The experiment's target is {config.embedding.target}."
    columns = ("job", "parameters", "epochs", "validation loss", "penalties, notes")
    return Section(
        "Decoders",
        [text, Table(("name", "what it is"), described),
         Table(columns, rows, "Trainings", folded=True)],
    )  # fmt: skip
