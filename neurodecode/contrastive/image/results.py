"""The report of the ``image`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.contrastive.image.accuracy import headline_label, metric_names, metric_rows
from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.contrastive.image.claims import Evidence, image_claims
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.contrasts import Contrast, courses, times_better
from neurodecode.contrastive.image.decoders import SHUFFLED, parse_decoder
from neurodecode.contrastive.image.recordings import read_audit, read_seen
from neurodecode.contrastive.image.replay import LATENCY
from neurodecode.contrastive.image.sections import (
    aggregation_section,
    attention_section,
    decoder_section,
    factor_blocks,
    k_way_section,
    latency_section,
    pictures_section,
    reference_section,
    retrieval_section,
    time_section,
)
from neurodecode.contrastive.image.sections_redrawn import redrawn_sections
from neurodecode.contrastive.image.time_course import time_course
from neurodecode.evaluation.audit import audit_frame
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.control import control_at_chance
from neurodecode.evaluation.group_scores import group_rows, over_seeds
from neurodecode.evaluation.metric_row import metric_frame
from neurodecode.report.model import Block, Report, Section
from neurodecode.report.sections import (
    audit_section,
    claims_section,
    comparison_section,
    data_section,
    headline,
    provenance_section,
    scores_section,
)

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.workflow.step import Job


@dataclass(frozen=True)
class Evaluations:
    """What all units' ``evaluate`` jobs left.

    Attributes
    ----------
    predictions : DataFrame
        One row per query, model, seed and unit; redrawn pictures are rows of kind "generation".
    rows : DataFrame
        Metric rows of the decoders, per participant and seed.
    together : DataFrame
        Of estimates averaged over participants, the scores of a picture averaged over seeds.
    group : DataFrame
        Over participants.
    redrawn : DataFrame
        Metric rows of redrawn pictures, with ``unit``.
    """

    predictions: pd.DataFrame
    rows: pd.DataFrame
    together: pd.DataFrame
    group: pd.DataFrame
    redrawn: pd.DataFrame

    @property
    def all_rows(self) -> pd.DataFrame:
        """Subject rows averaged over seeds, rows over participants, rows of their averages."""
        averaged = over_seeds(self.rows).assign(level="subject", chance_95=np.nan, n=1)
        return pd.concat([self.group, averaged, self.together], ignore_index=True)


def load_evaluations(folders: list[Path], config: ImageConfig) -> Evaluations:
    """Read the evaluation folders of a run; the first one's ceiling holds for all decoders."""
    tables = [pd.read_parquet(folder / "predictions.parquet") for folder in folders]
    contents = [read_json(folder / "metrics.json")["rows"] for folder in folders]
    rows: list[dict[str, Any]] = []
    redrawn: list[dict[str, Any]] = []
    for table, content in zip(tables, contents, strict=True):
        kind, unit = table["kind"].iloc[0], table["unit"].iloc[0]
        described = [{**row, "unit_name": unit} for row in content]
        if kind == "decoder":
            rows += described
        elif kind == "generation":
            redrawn += described
    predictions = pd.concat(tables, ignore_index=True)
    everybody = predictions[
        (predictions["kind"] == "decoder") & (predictions["participant"] == EVERYBODY)
    ]
    together = metric_rows(everybody, config.evaluation, seed=config.seed)
    scores = _with_ceilings(pd.DataFrame([*rows, *map(asdict, together)]))
    subjects = scores[scores["level"] == "subject"]
    group = metric_frame(
        group_rows(subjects, n_resamples=config.evaluation.n_bootstrap, seed=config.seed)
    )
    return Evaluations(
        predictions, subjects, scores.tail(len(together)), group, pd.DataFrame(redrawn)
    )


def build_report(job: Job) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, ImageConfig)
    found = load_evaluations(job.evaluations, config)
    trials, pictures = read_seen(job.folder / "seen")
    main, metric = config.decoders[0], metric_names(config.evaluation)[0]
    rows = found.all_rows
    label = headline_label(config.evaluation, set(rows["split"]))
    shown = rows[(rows["metric"] == metric) & (rows["split"] == label)]
    each = rows[(rows["metric"] == metric) & (rows["level"] == "subject")]
    paired = headline_label(config.evaluation, set(each["split"]))
    each = each[each["split"] == paired]  # what is averaged over participants cannot be compared
    comparisons = _compare(each, main)
    linear = _linear_of(main, config)
    factor = _factor(each, main, linear, config)
    course = time_course(found.predictions, config)
    latency = _latency(job)
    offset = float(trials["duration"].median())
    evidence = Evidence(
        kind="simulated" if config.simulated_subjects() else "real",
        group={str(r["model"]): r for _, r in shown[shown["level"] == "group"].iterrows()},
        comparisons=comparisons,
        factor=factor,
        linear=linear,
        courses=courses(found.predictions, config),
        course_table=course,
        offset=offset,
        redrawn=_redrawn(found.predictions),
        redrawn_rows=_full(found.redrawn),
        latency=latency[0],
        same_as_offline=latency[1],
        interval_s=_interval(trials),
    )
    claims = image_claims(evidence, config)
    audit = audit_frame(read_audit(job.folder / "seen"))
    control = control_at_chance(each, SHUFFLED, paired, "on pictures in random order")
    n = _n_candidates(found.predictions, main, config)
    notes = [f"Every accuracy is among {n} candidate pictures; chance is k / {n}."]
    notes += [control] if control else []
    notes += _reliability_note(job)
    sections: list[Section] = [scores_section(shown, label, main, notes)]
    if len(comparisons):
        compared = comparison_section(comparisons, paired, main, metric)
        blocks: list[Block] = [*compared.blocks, *factor_blocks(factor, main, linear)]
        sections.append(Section(compared.title, blocks))
    sections += [
        retrieval_section(rows, config),
        *k_way_section(found.predictions, config),
        *time_section(course, config, offset),
        *redrawn_sections(job, config, found.predictions, found.redrawn, pictures),
        *aggregation_section(job, config, offset),
        *attention_section(job, config),
        *latency_section(*latency, evidence.interval_s),
        claims_section(claims),
        audit_section(audit),
        pictures_section(job, trials, config),
        *reference_section(config),
        decoder_section(job, config),
        data_section(job.folder, [job.store(subject) for subject in job.plan.subjects]),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": rows.to_dict("records"),
        "redrawn": found.redrawn.to_dict("records"),
        "comparisons": {paired: comparisons.to_dict("records")},
        "time_course": course.to_dict("records"),
        "claims": [asdict(claim) for claim in claims],
        "audit": audit.to_dict("records"),
        "main": main,
        "n_candidates": n,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    return Report(title, config.description, headline(shown, main, label), sections, data)


def _reliability_note(job: Job) -> list[str]:
    """Say how reliable the signal itself is, where pictures were repeated."""
    found = read_json(job.evaluations[0] / "metrics.json")["reliability"]
    if found is None:
        return []
    bounds = ""
    if found["ci_low"] is not None:
        bounds = f" (95 % interval {found['ci_low']:.3f} to {found['ci_high']:.3f})"
    return [
        f"Reliability of the signal: one half of the repetitions of a picture tells the other half "
        f"with {found['metric']} {found['value']:.3f}{bounds}, chance {found['chance']:.3f}; no "
        "decoder is involved."
    ]


def _with_ceilings(rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["metric", "split", "level", "subject"]
    filled = rows.assign(subject=rows["subject"].fillna(""))
    known = filled.dropna(subset="ceiling").drop_duplicates(keys).set_index(keys)["ceiling"]
    wanted = pd.MultiIndex.from_frame(filled[keys])
    ceiling = known.reindex(wanted).to_numpy(float) if len(known) else np.nan
    return rows.assign(ceiling=ceiling)


def _compare(rows: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Compare a decoder with the others over participants; empty with one decoder."""
    subjects = rows[rows["model"] != SHUFFLED]
    if set(subjects["model"]) <= {reference}:
        return pd.DataFrame()
    return compare_reference(subjects, reference, random_state=0, unit="participant")


def _linear_of(main: str, config: ImageConfig) -> str | None:
    """Return the linear decoder with the main one's target."""
    target = parse_decoder(main).target
    for name in config.decoders:
        decoder = parse_decoder(name)
        if (decoder.objective, decoder.target, decoder.shuffled) == ("ridge", target, False):
            return name
    return None


def _factor(
    rows: pd.DataFrame, main: str, linear: str | None, config: ImageConfig
) -> Contrast | None:
    if linear is None:
        return None
    return times_better(rows, main, linear, config.seed)


def _redrawn(predictions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    mine = predictions[predictions["kind"] == "generation"]
    return {str(unit): part for unit, part in mine.groupby("unit", sort=False)}


def _full(redrawn: pd.DataFrame) -> pd.DataFrame:
    return redrawn[redrawn["unit_name"] == "generation.full"] if len(redrawn) else redrawn


def _latency(job: Job) -> tuple[pd.DataFrame | None, float | None]:
    for folder in job.evaluations:
        if (folder / LATENCY).is_file():
            content = read_json(folder / LATENCY)
            return pd.DataFrame(content["stages"]), float(content["same_as_offline"])
    return None, None


def _interval(trials: pd.DataFrame) -> float:
    """Return the median time between two pictures, s."""
    onsets = trials.sort_values("onset").groupby(["participant", "recording"])["onset"]
    return float(onsets.diff().median())


def _n_candidates(predictions: pd.DataFrame, main: str, config: ImageConfig) -> int:
    mine = predictions[(predictions["kind"] == "decoder") & (predictions["model"] == main)]
    wanted = mine[mine["set"] == config.evaluation.headline_set]
    return int((wanted if len(wanted) else mine)["n_candidates"].iloc[0])
