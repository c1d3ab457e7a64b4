"""Sections of the cross-subject report: retrieval, new subjects, synthesis, stimuli, models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.mindbridge.models import VARIANTS
from neurodecode.mindbridge.study import DESCRIPTION
from neurodecode.report.lines import line_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.render import p_text
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.mindbridge.config import MindBridgeConfig
    from neurodecode.workflow.step import Job


MANY = 12
"""Subjects above which pairs are summed up."""


def retrieval_section(
    rows: pd.DataFrame, metrics: Sequence[str], config: MindBridgeConfig
) -> Section:
    """Both directions of every model."""
    group = rows[rows["level"] == "group"]
    found = [
        (row.model, row.metric, f3(row.value), interval(row.ci_low, row.ci_high),
         f"{row.chance:.4f}", f3(row.ceiling), p_text(row.p_value).removeprefix("= "))
        for row in group.itertuples()
    ]  # fmt: skip
    columns = ("model", "score", "mean", "95 % interval", "chance", "best possible", "p")
    text = (
        f"{metrics[0].capitalize()}: the picture found from the decoded signal. "
        f"{metrics[1].capitalize()}: the decoded signal found from the picture."
    )
    blocks: list[Block] = [text, Table(columns, found, "Both directions", folded=True)]
    if len(config.seeds) > 1:
        blocks.insert(1, f"Averaged over the seeds {', '.join(map(str, config.seeds))}.")
    return Section("Retrieval", blocks)


def possible_section(rows: pd.DataFrame, main: str) -> list[Section]:
    """What the main model reaches of the best possible score; nothing where that is unknown.

    Parameters
    ----------
    rows : DataFrame
        Metric rows of image retrieval, per subject and of the group.
    main : str
        The main model.
    """
    mine = rows[(rows["model"] == main) & rows["ceiling"].notna()]
    if mine.empty:
        return []
    values, best, chance = (mine[name].to_numpy(float) for name in ("value", "ceiling", "chance"))
    who = mine["subject"].where(mine["level"] == "subject", "all subjects")
    shares = np.divide(values - chance, best - chance, out=np.full(len(mine), np.nan),
                       where=best > chance)  # fmt: skip
    found = list(zip(who, map(f3, values), map(f3, best), map(f3, chance), map(f3, shares),
                     strict=True))  # fmt: skip
    reached = [f"{value} of a possible {most} ({name})" for name, value, most, *_ in found]
    text = (
        f"{main} reaches {'; '.join(reached)}. The optimal decoder "
        "knows each voxel's mean response to every picture and the noise, and sees all voxels "
        "before they are pooled. How well the picture tells the signal has no such bound here."
    )
    columns = ("subject", main, "best possible", "chance", "share of what is above chance")
    return [Section("Best possible", [text, Table(columns, found)])]


def tuning_table(tuning: pd.DataFrame) -> pd.DataFrame:
    """Return the score of each way of training for a new subject, by number of stimuli.

    Intervals are over test stimuli, averaged over seeds and new subjects; ``seeds_low`` and
    ``seeds_high`` are over seeds, NaN of a single one.
    """
    rows = []
    for (model, length), part in tuning.groupby(["model", "length"], sort=False):
        values = part.groupby(["subject", "stimulus"])["hit"].mean()
        ci = mean_ci(values, random_state=0, unit="stimulus")
        by_seed = part.groupby("seed")["hit"].mean()
        seeds = mean_ci(by_seed, random_state=0, unit="seed", expand=True)
        rows.append((model, length, ci.estimate, ci.low, ci.high, seeds.low, seeds.high,
                     part["chance"].iloc[0]))  # fmt: skip
    columns = ["model", "length", "value", "ci_low", "ci_high", "seeds_low", "seeds_high", "chance"]
    return pd.DataFrame(rows, columns=columns)


def tuning_section(tuning: pd.DataFrame) -> list[Section]:
    """Learning curve of new subjects; nothing where there is none."""
    if tuning.empty:
        return []
    table = tuning_table(tuning)
    lines = table.rename(columns={"model": "line", "length": "x", "value": "y"})
    chance = table.drop_duplicates("length").assign(
        line="chance", x=lambda rows: rows["length"], y=lambda rows: rows["chance"]
    )
    figure = line_figure(
        pd.concat([lines, chance], ignore_index=True), xlabel="training stimuli of the new subject",
        ylabel="image retrieval, top-1", name="tuning", log_x=True, dashed=("chance",),
    )  # fmt: skip
    rows = [
        (row.model, f"{row.length:.0f}", f3(row.value), interval(row.ci_low, row.ci_high),
         interval(row.seeds_low, row.seeds_high), f"{row.chance:.3f}")
        for row in table.itertuples()
    ]  # fmt: skip
    columns = ("way", "stimuli", "accuracy", "95 % interval over stimuli", "over seeds",
               "chance")  # fmt: skip
    n = tuning["subject"].nunique()
    new = "One new subject" if n == 1 else f"{n} new subjects, each"
    text = (
        f"{new} left out of the shared model. Reset: fresh embedder and builder, "
        "all else frozen. Full: the same start, everything trained. Scratch: a model of the new "
        "subject alone. Without the cycle, reset-tuning lacks its pseudo-data."
    )
    return [Section("A new subject", [text, figure, Table(columns, rows)])]


def synthesis_section(synthesis: pd.DataFrame) -> list[Section]:
    """Decoded signals that were synthesised for one subject from another's; sources as rows."""
    if synthesis.empty:
        return []
    text = (
        "Test signals of subject A through A's embedder and B's builder are what B would have "
        "shown; B's embedder and the shared translator decode them. Image retrieval, top-1, chance "
        f"{synthesis['chance'].iloc[0]:.3f}."
    )
    return [Section("Synthesised signals", [text, _pairs_table(synthesis)])]


def _pairs_table(synthesis: pd.DataFrame) -> Table:
    """Return every pair; of many subjects the means as A and as B."""
    wide = synthesis.pivot_table(index="source", columns="subject", values="hit", aggfunc="mean")
    if len(wide) > MANY:
        means = wide.mean(axis=1), wide.mean(axis=0).reindex(wide.index)
        rows = [(subject, f3(as_a), f3(as_b))
                for subject, as_a, as_b in zip(wide.index, *means, strict=True)]  # fmt: skip
        return Table(("subject", "as A", "as B"), rows, f"Means over {len(rows) - 1} others",
                     folded=True)  # fmt: skip
    cells = [
        (source, *("-" if np.isnan(value) else f"{value:.3f}" for value in values))
        for source, values in zip(wide.index, wide.to_numpy(float), strict=True)
    ]
    return Table(("from A \\ as B", *map(str, wide.columns)), cells)


def stimuli_section(job: Job, trials: pd.DataFrame, config: MindBridgeConfig) -> Section:
    """What was seen in each part, and by how many."""
    rows = [
        (part or "left out by the split", len(mine), mine["stimulus"].nunique(),
         mine["participant"].nunique(), _by_several(mine))
        for part, mine in trials.groupby("part")
    ]  # fmt: skip
    columns = ("part", "trials", "stimuli", "subjects", "seen by several")
    notes = read_json(job.folder / "seen" / DESCRIPTION)["notes"]
    text = f"Split: {config.split.protocol.replace('_', ' ')}."
    if config.split.trained_folds:
        text += f" The first of {len(config.split.trained_folds)} folds."
    return Section("Stimuli", [text, Table(columns, rows), *notes])


def _by_several(trials: pd.DataFrame) -> int:
    """Count the stimuli that several subjects saw."""
    once_each = trials.drop_duplicates(["stimulus", "participant"])
    return int((once_each["stimulus"].value_counts() > 1).sum())


def reference_section(config: MindBridgeConfig) -> list[Section]:
    """Published figures, as context."""
    if not config.references:
        return []
    rows = [(name, f"{value:.3f}") for name, value in config.references.items()]
    text = "Published figures, as context; data and protocols differ."
    return [Section("Reference figures", [text, Table(("who", "score"), rows)])]


def model_section(job: Job, config: MindBridgeConfig) -> Section:
    """What each model is, and how its training went."""
    rows = []
    for unit in job.plan.units:
        info: dict[str, Any] = read_json(job.model_of(unit) / "model.json")
        fit, alphas = info.get("fit", {}), info.get("alphas", [])
        said = fit.get("note", "") or ", ".join(f"{alpha:g}" for alpha in alphas)
        parameters = f"{info['n_parameters']:,}" if "n_parameters" in info else "-"
        rows.append((unit, parameters, fit.get("epochs", "-"), f3(fit.get("best_loss")), said))
    described = [(name, VARIANTS[name].description) for name in config.models]
    target = config.target
    text = (
        f"The image head's target is {target.image}, the second head's {target.text or 'absent'}."
    )
    voxels = [
        (subject, read_json(job.store(subject) / "store.json")["n_voxels"])
        for subject in job.plan.subjects
    ]
    columns = ("job", "parameters", "epochs", "validation loss", "penalties, notes")
    return Section(
        "Models",
        [text, Table(("name", "what it is"), described),
         Table(("subject", "voxels"), voxels, "Voxels", folded=True),
         Table(columns, rows, "Trainings", folded=True)],
    )  # fmt: skip
