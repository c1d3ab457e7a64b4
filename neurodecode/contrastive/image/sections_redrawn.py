"""The section of redrawn pictures: best, median and worst beside what was seen, and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.contrastive.image.accuracy import nearest_average
from neurodecode.contrastive.image.generation import PICTURES
from neurodecode.evaluation.display import best_median_worst
from neurodecode.report.gallery import gallery_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.sections import f3, interval
from neurodecode.stimuli.pictures.files import read_picture, resize_picture

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.image.config import ImageConfig
    from neurodecode.report.model import Figure
    from neurodecode.workflow.step import Job

N_SHOWN = 4
SHOWN_SIZE = 96


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
    blocks.append(_score_table(group))
    people = rows[rows["level"] == "subject"]
    if len(people) and len(group) < len(rows):
        each = [(row.subject, row.model, row.metric, f3(row.value), f3(row.chance))
                for row in people.itertuples()]  # fmt: skip
        titles = ("participant", "from", "score", "value", "chance")
        blocks.append(Table(titles, each, "Every participant", folded=True))
    return [Section("Redrawn pictures", blocks)]


def _score_table(rows: pd.DataFrame) -> Table:
    """A row per part of the window and average, a column per score: value, interval, chance."""
    metrics = list(dict.fromkeys(rows["metric"]))
    found = []
    for (model, split), part in rows.groupby(["model", "split"], sort=False):
        by_metric = part.drop_duplicates("metric").set_index("metric")
        cells = [
            f"{f3(row['value'])} ({interval(row['ci_low'], row['ci_high'])}), {f3(row['chance'])}"
            for _, row in by_metric.loc[metrics].iterrows()
        ]
        found.append((model, str(split).removeprefix("redrawn, "), *cells))
    caption = "Each score with its 95 % interval over pictures, then its chance level"
    return Table(("from", "average", *metrics), found, caption)


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
    redrawn = np.load(
        job.folder / "evaluate" / "generation.full" / PICTURES, allow_pickle=False, mmap_mode="r"
    )
    shown = nearest_average(config.generation.averages[0], set(table["average"]))
    first = table["average"] == shown
    score = f"{config.generation.identification[0]} two-way"
    mine = table[first]
    n_shown = min(N_SHOWN, max(1, len(mine) // 3))
    chosen = best_median_worst(mine[score].to_numpy(float), n_shown)
    seen, made, titles = [], [], []
    for kind, places in chosen.items():
        for place in places.tolist():
            row: Any = mine.iloc[place]
            seen.append(_small(read_picture(pictures / row["image"])))
            made.append(_small(np.asarray(redrawn[mine.index[place]])))
            titles.append(f"{kind}\n{row[score]:.2f}")
    return gallery_figure(
        [("seen", seen), ("redrawn", made)], titles, name="gallery",
        alt=f"Seen and redrawn pictures, best, median and worst {n_shown}: {score} identification",
        caption=f"Best, median and worst by {score} identification (0.5: chance).",
    )  # fmt: skip


def _small(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return resize_picture(picture, min(SHOWN_SIZE, *picture.shape[:2]))
