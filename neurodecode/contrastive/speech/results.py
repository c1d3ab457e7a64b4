"""The report of the ``speech`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.contrastive.speech.accuracy import metric_names
from neurodecode.contrastive.speech.claims import MEL, speech_claims
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.contrastive.speech.curves import adaptation_section, curve_section, curve_table
from neurodecode.contrastive.speech.decoders import DECODERS, SHUFFLED
from neurodecode.contrastive.speech.recordings import DESCRIPTION
from neurodecode.contrastive.speech.word_features import explain_probabilities
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.control import control_at_chance
from neurodecode.evaluation.group_scores import group_rows, over_seeds
from neurodecode.evaluation.metric_row import metric_frame
from neurodecode.evaluation.sentences import repeated_sentences
from neurodecode.report.model import Block, Report, Section, Table
from neurodecode.report.render import p_text
from neurodecode.report.sections import (
    audit_section,
    claims_section,
    comparison_section,
    data_section,
    f3,
    headline,
    interval,
    provenance_section,
    scores_section,
)
from neurodecode.report.sensors import sensor_figure

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.workflow.step import Job

SPLIT = "sentence_hash"


@dataclass(frozen=True)
class Evaluations:
    """What all units' ``evaluate`` jobs left.

    Attributes
    ----------
    predictions : DataFrame
        One row per query, model and seed.
    subjects, group : DataFrame
        Metric rows of the decoders: per participant and seed; over participants.
    audit : DataFrame
    """

    predictions: pd.DataFrame
    subjects: pd.DataFrame
    group: pd.DataFrame
    audit: pd.DataFrame


def load_evaluations(folders: list[Path], config: SpeechConfig) -> Evaluations:
    """Read the evaluation folders of a run; the first one's ceiling holds for all decoders."""
    predictions = pd.concat(
        [pd.read_parquet(folder / "predictions.parquet") for folder in folders], ignore_index=True
    )
    contents = [read_json(folder / "metrics.json") for folder in folders]
    kinds = [pd.read_parquet(f / "predictions.parquet", columns=["kind"])["kind"].iloc[0]
             for f in folders]  # fmt: skip
    rows = pd.DataFrame(
        [row for content, kind in zip(contents, kinds, strict=True) if kind == "decoder"
         for row in content["rows"]]
    )  # fmt: skip
    known = rows.dropna(subset="ceiling").drop_duplicates(["metric", "subject"])
    ceilings = known.set_index(["metric", "subject"])["ceiling"]
    keys = pd.MultiIndex.from_frame(rows[["metric", "subject"]])
    rows["ceiling"] = ceilings.reindex(keys).to_numpy(float) if len(ceilings) else np.nan
    group = group_rows(rows, n_resamples=config.evaluation.n_bootstrap, seed=config.seed)
    audit = pd.DataFrame(contents[0]["audit"])
    return Evaluations(predictions, rows, metric_frame(group), audit)


def _kind(store: Path) -> Literal["eeg", "meg"]:
    """Return the kind of a participant's first recording, that of all."""
    first = read_json(store / "store.json")["recordings"][0]
    kind: Literal["eeg", "meg"] = read_json(store / first / "store.json")["kind"]
    return kind


def build_report(job: Job) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, SpeechConfig)
    found = load_evaluations(job.evaluations, config)
    story = pd.read_parquet(job.folder / "story" / "story.parquet")
    main, metric = config.decoders[0], metric_names(config.evaluation)[0]
    rows = pd.concat([found.group, _averaged(found.subjects)], ignore_index=True)
    headline_rows = rows[rows["metric"] == metric]
    comparisons = _compare(headline_rows, main)
    curve = curve_table(found.predictions, config, metric)
    features = explain_probabilities(_of(found.predictions, main, config), story)
    claims = speech_claims(
        comparisons,
        _compare(headline_rows, MEL) if MEL in config.decoders else None,
        {str(r["model"]): r for _, r in found.group[found.group["metric"] == metric].iterrows()},
        curve,
        features,
        main=main,
        kind=_kind(job.stores[0]),
        evidence="simulated" if config.simulated_subjects() else "real",
    )
    n = int(found.predictions["n_candidates"].iloc[0])
    control = control_at_chance(headline_rows, SHUFFLED, SPLIT, "on targets in random order")
    notes = [f"Every accuracy is among {n} candidate segments; chance is k / {n}."]
    notes += [control] if control else []
    sections: list[Section] = [scores_section(headline_rows, SPLIT, main, notes)]
    if len(comparisons):
        sections.append(comparison_section(comparisons, SPLIT, main, metric))
    sections += [
        _all_scores(found.group, config),
        *curve_section(curve, metric),
        *adaptation_section(found.predictions, config, metric),
        *_feature_section(features),
        *_attention_section(job, config),
        claims_section(claims),
        audit_section(found.audit),
        _story_section(job, story),
        *_reference_section(config),
        _decoder_section(job, config),
        data_section(job.folder, [job.store(subject) for subject in job.plan.subjects]),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": rows.to_dict("records"),
        "comparisons": {SPLIT: comparisons.to_dict("records")},
        "claims": [asdict(claim) for claim in claims],
        "audit": found.audit.to_dict("records"),
        "main": main,
        "n_candidates": n,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    return Report(title, config.description, headline(headline_rows, main, SPLIT), sections, data)


def _averaged(subjects: pd.DataFrame) -> pd.DataFrame:
    """Rows of each participant, averaged over seeds."""
    return over_seeds(subjects).assign(level="subject", chance_95=np.nan, n=1)


def _compare(rows: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Compare a decoder with the others over participants; empty with one decoder."""
    subjects = rows[(rows["level"] == "subject") & (rows["model"] != SHUFFLED)]
    if set(subjects["model"]) <= {reference}:
        return pd.DataFrame()
    return compare_reference(subjects, reference, random_state=0, unit="participant")


def _of(predictions: pd.DataFrame, model: str, config: SpeechConfig) -> pd.DataFrame:
    """The first seed's queries of one decoder."""
    mine = (predictions["kind"] == "decoder") & (predictions["model"] == model)
    return predictions[mine & (predictions["seed"] == config.seeds[0])]


def _all_scores(group: pd.DataFrame, config: SpeechConfig) -> Section:
    """Every metric of every decoder, segment and word level."""
    rows = [
        (row.model, row.metric, f3(row.value), interval(row.ci_low, row.ci_high),
         f"{row.chance:.4f}", f3(row.ceiling), p_text(row.p_value).removeprefix("= "))
        for row in group.itertuples()
    ]  # fmt: skip
    columns = ("decoder", "score", "mean", "95 % interval", "chance", "best possible", "p")
    text = (
        "Segment level: the true segment among the k best. Word level: probabilities of segments "
        "that begin at the same word are added first."
    )
    blocks: list[Block] = [text, Table(columns, rows, "All scores", folded=True)]
    if len(config.seeds) > 1:
        blocks.insert(1, f"Averaged over the seeds {', '.join(map(str, config.seeds))}.")
    return Section("All scores", blocks)


def _feature_section(features: pd.DataFrame) -> list[Section]:
    if features.empty:
        return []
    rows = [
        (r.features, r.n_columns, f3(r.r), interval(r.ci_low, r.ci_high, signed=True),
         p_text(r.p).removeprefix("= "), r.n)
        for r in features.itertuples()
    ]  # fmt: skip
    text = (
        "Correlation between the probability the decoder gives the true word (its logarithm) and "
        "what a ridge regression on features of the word predicts, cross-validated over sentences."
    )
    columns = ("features of the word", "columns", "r", "95 % interval", "p", "participants")
    return [Section("What the decoder uses", [text, Table(columns, rows)])]


def _attention_section(job: Job, config: SpeechConfig) -> list[Section]:
    """Mean attention per sensor over the virtual channels, first layout."""
    from neurodecode.contrastive.attention_map import mean_attention

    decoder, unit = config.main, next(iter(job.plan.units))
    section = config.brain.model_copy(update=decoder.brain)
    if decoder.objective == "ridge" or not section.spatial_attention:
        return []
    names, positions, weights = mean_attention(job.model_of(unit), section)
    figure = sensor_figure(positions, weights, names, label="mean attention", name="attention")
    text = "Mean weight of each sensor over the virtual channels of the spatial attention."
    return [Section("Sensors", [text, figure])]


def _story_section(job: Job, story: pd.DataFrame) -> Section:
    blocks = story.drop_duplicates("block")
    rows = [
        (part, int((blocks["part"] == part).sum()), int((story["part"] == part).sum()),
         story.loc[story["part"] == part, "sentence"].nunique(),
         story.loc[story["part"] == part, "word"].str.lower().nunique())
        for part in ("train", "valid", "test")
    ]  # fmt: skip
    found: list[Block] = [
        "Blocks of whole sentences, drawn by a hash of their text: the same for everybody.",
        Table(("part", "blocks", "words", "distinct sentences", "distinct words"), rows),
    ]
    repeats = repeated_sentences(story)
    if len(repeats):
        found.append(
            Table(("sentence", "parts"), repeats.to_numpy().tolist(),
                  "Sentences said in several parts; windows that touch one are kept in the last "
                  "of train, valid and test only", folded=True)
        )  # fmt: skip
    notes = read_json(job.folder / "story" / DESCRIPTION)["notes"]
    return Section("Story", [*found, *notes])


def _reference_section(config: SpeechConfig) -> list[Section]:
    if not config.references:
        return []
    rows = [(name, f"{value:.3f}") for name, value in config.references.items()]
    text = "Published figures on this data set, as context; numbers of candidates differ."
    return [Section("Reference figures", [text, Table(("who", "score"), rows)])]


def _decoder_section(job: Job, config: SpeechConfig) -> Section:
    rows = []
    for unit in job.plan.units:
        info: dict[str, Any] = read_json(job.model_of(unit) / "model.json")
        fit = info.get("fit", {})
        note = "; ".join(filter(None, [fit.get("note", "")]))
        rows.append((unit, f"{info['n_parameters']:,}", info["n_training_windows"],
                     fit.get("epochs", "-"), f3(fit.get("best_loss")), note))  # fmt: skip
    described = [(name, DECODERS[name].description) for name in config.decoders]
    columns = ("job", "parameters", "training windows", "epochs", "validation loss", "note")
    return Section(
        "Decoders",
        [Table(("name", "what it is"), described), Table(columns, rows, "Trainings", folded=True)],
    )
