"""The section of redrawn pictures: beside what was seen, and scores of every subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.evaluation.redrawn import open_pictures
from neurodecode.mindbridge.redraw import read_redrawn
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.redrawn import redrawn_gallery
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from neurodecode.mindbridge.config import MindBridgeConfig, RedrawSection
    from neurodecode.workflow.step import Job


def redrawn_section(job: Job, config: MindBridgeConfig, pictures: Path | None) -> list[Section]:
    """Pictures of the first subject and scores of all; nothing without a generator."""
    if config.redraw.generator is None or pictures is None:
        return []
    folder = _folder(job)
    table, rows, latents = read_redrawn(folder)
    first = table[table["subject"] == table["subject"].iloc[0]]
    gallery = redrawn_gallery(
        first, pictures, open_pictures(folder), config.redraw.identification[0]
    )
    group = [row for row in rows if row["level"] == "group"] or rows
    scores = [
        (row["metric"], f3(row["value"]), interval(row["ci_low"], row["ci_high"]),
         f3(row["chance"]))
        for row in group
    ]  # fmt: skip
    columns = ("score", "mean over subjects", "95 % interval over pictures", "chance")
    blocks: list[Block] = [
        how_redrawn(config.redraw, latents), *leak_note(config.redraw),
        f"Pictures of subject {first['subject'].iloc[0]}:", gallery, Table(columns, scores),
    ]  # fmt: skip
    each = [(row["subject"], row["metric"], f3(row["value"]), f3(row["chance"]))
            for row in rows if row["level"] == "subject"]  # fmt: skip
    titles = ("subject", "score", "value", "chance")
    blocks.append(Table(titles, each, "Every subject", folded=True))
    return [Section("Redrawn pictures", blocks)]


def redrawn_rows(job: Job, config: MindBridgeConfig) -> list[dict[str, Any]]:
    """Return the metric rows of redrawn pictures; none without a generator."""
    return [] if config.redraw.generator is None else read_redrawn(_folder(job))[1]


def how_redrawn(settings: RedrawSection, latents: Mapping[str, str]) -> str:
    """Say how estimates became pictures."""
    sources = ", ".join(f"{latent} from {source}" for latent, source in latents.items())
    text = f"Generator: {settings.generator}; {sources}. "
    if settings.restandardise:
        text += (
            "Estimates were given the mean and spread of the training targets over the whole test "
            "set: transductive, unlike the released code. "
        )
    if settings.candidates == 1:
        return text + "One picture per stimulus: nothing was chosen."
    return (
        text
        + f"Of {settings.candidates} candidates per stimulus one was kept: nearest to "
        + (
            "what the image head predicts; the true picture had no say."
            if settings.choice == "prediction"
            else "the true picture."
        )
    )


def leak_note(settings: RedrawSection) -> list[str]:
    """Return the warning of a choice that looked at the answer; nothing where none did."""
    if settings.choice != "truth" or settings.candidates == 1:
        return []
    return [
        "leaks: the candidate nearest to the true picture was kept, as the released code does, so "
        "the answer is part of these scores, and chance levels are too low. They may be compared "
        "with figures obtained in the same way, and with nothing else."
    ]


def _folder(job: Job) -> Path:
    """Where the first job left its pictures."""
    return job.folder / "evaluate" / next(iter(job.plan.units))
