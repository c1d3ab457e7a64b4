"""The section of redrawn pictures: best, median and worst beside what was seen, and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.artefacts import read_json
from neurodecode.contrastive.image.accuracy import nearest_average
from neurodecode.evaluation.redrawn import open_pictures
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.redrawn import redrawn_gallery
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.image.config import ImageConfig
    from neurodecode.report.model import Figure
    from neurodecode.workflow.step import Job


def redrawn_sections(
    job: Job,
    config: ImageConfig,
    predictions: pd.DataFrame,
    rows: pd.DataFrame,
    pictures: Path | None,
) -> list[Section]:
    """Pictures and scores of everything that was redrawn; nothing without a generator."""
    if config.generation.generator is None or pictures is None:
        return []
    blocks: list[Block] = [_how(job, config)]
    table = predictions[predictions["unit"] == "generation.full"].reset_index(drop=True)
    blocks.append(_gallery(job, config, table, pictures))
    group = rows[rows["level"] == "group"] if (rows["level"] == "group").any() else rows
    blocks += _score_tables(group)
    people = rows[rows["level"] == "subject"]
    if len(people) and len(group) < len(rows):
        each = [(row.subject, row.model, row.metric, f3(row.value), f3(row.chance))
                for row in people.itertuples()]  # fmt: skip
        titles = ("participant", "from", "score", "value", "chance")
        blocks.append(Table(titles, each, "Every participant", folded=True))
    return [Section("Redrawn pictures", blocks)]


def _score_tables(rows: pd.DataFrame) -> list[Table]:
    """A table per average: a row per score, a column per part of the window."""
    tables = []
    for split, part in rows.groupby("split", sort=False):
        cells = part.assign(
            cell=[
                f"{f3(row.value)} ({interval(row.ci_low, row.ci_high)}), {f3(row.chance)}"
                for row in part.itertuples()
            ]
        )
        models = list(dict.fromkeys(part["model"]))
        wide = cells.drop_duplicates(["metric", "model"]).set_index(["metric", "model"])["cell"]
        found = [
            (metric, *(wide.get((metric, model), "-") for model in models))
            for metric in dict.fromkeys(part["metric"])
        ]
        what = str(split).removeprefix("redrawn, ")
        caption = f"{what.capitalize()}: score (95 % interval over pictures), chance"
        tables.append(Table(("score", *models), found, caption))
    return tables


def _how(job: Job, config: ImageConfig) -> str:
    """Say how latents became pictures."""
    settings = config.generation
    latents = read_json(job.model_of("generation.full") / "model.json")["latents"]
    chosen = "; ".join(
        f"{latent}: lambda {found['clip_weight']:g} (top-5 on validation pictures "
        + ", ".join(f"{w}: {score:.3f}" for w, score in found["validation_top5"].items())
        + ")"
        for latent, found in latents.items()
    )
    text = f"Generator: {settings.generator}. Predicted latents, {chosen}. "
    if settings.restandardise:
        text += (
            "Predicted features were given the mean and spread of the training targets over the "
            "whole test batch: transductive, as published. "
        )
    return text + "No choice among candidates was made: nothing looked at the true picture."


def _gallery(job: Job, config: ImageConfig, table: pd.DataFrame, pictures: Path) -> Figure:
    """Draw best, median and worst by two-way identification with the first encoder."""
    redrawn = open_pictures(job.folder / "evaluate" / "generation.full")
    shown = nearest_average(config.generation.averages[0], set(table["average"]))
    mine = table[table["average"] == shown]
    return redrawn_gallery(mine, pictures, redrawn, config.generation.identification[0])
