"""Decode the test windows of every fold, and score the answers of one subject."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.emotion.loading import CALIBRATED, SOURCES, WEIGHTS, answer, fold_folder
from neurodecode.emotion.windows import WindowSource, all_windows, balanced_crops, places_of
from neurodecode.evaluation.ordinal import ORDINAL_METRICS, ordinal_score
from neurodecode.evaluation.ordinal_scores import ScoreSettings, score_ratings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from neurodecode.emotion.decoders import Decoder
    from neurodecode.emotion.study import Study
    from neurodecode.emotion.units import Unit
    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.evaluation.rated_folds import RatedFold

WINDOWS, CROPS = "windows", "balanced crops"
"""What is scored: every test window once; random ones with equal levels per fold, as published."""
NEW_CLIPS = ("leave_clips_out", "zero_shot_unseen_clips")
"""Protocols that test clips of which nothing was trained on."""
BEFORE = "before_calibration"
"""Split of the answers that networks of ``calibrated`` give before they see the target."""
CROP_METRICS = ("f1_weighted", "accuracy", "top2_accuracy", "tri_p", "seq2hr")
"""Scores of balanced crops; averaged over folds, as published."""


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` finds for one unit.

    Attributes
    ----------
    predictions : DataFrame
        A row per decoder and test window: the columns that
        :func:`~neurodecode.evaluation.ordinal_scores.score_ratings` asks for, ``label``, ``kind``
        ("windows" or "balanced crops") and ``start`` (sample).
    rows : list of dict
        Metric rows of level "subject", with ``label`` and ``kind``.
    summary : str
    """

    predictions: pd.DataFrame
    rows: list[dict[str, Any]]
    summary: str

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and ``metrics.json``."""
        write_parquet(folder / "predictions.parquet", self.predictions)
        write_json(folder / "metrics.json", {"rows": self.rows})


def evaluate_unit(study: Study, unit: Unit, folder: Path, simulated: Path | None = None) -> Result:
    """Decode and score a unit's decoders on the test part of every fold.

    Parameters
    ----------
    study : Study
    unit : Unit
    folder : Path
        Of its trained decoders.
    simulated : Path, optional
        Root of a simulated data set, whose best possible scores are noted where clips are new.
    """
    tables, rows = [], []
    for label in study.config.labels:
        found = _decoded(study, unit, label, folder)
        tables.append(found.assign(label=label))
        best = {} if simulated is None else best_possible(study, unit, label, simulated)
        rows += [
            {**row, "label": label, "ceiling": best.get(row["metric"])}
            for row in score(found, study)
        ]
    first = rows[0]
    summary = f"{first['model']}, {first['label']}: {first['metric']} {first['value']:.3f}"
    return Result(
        pd.concat(tables, ignore_index=True), rows, f"{summary}, chance {first['chance']:.3f}"
    )


def best_possible(study: Study, unit: Unit, label: str, root: Path) -> dict[str, float]:
    """Return the scores of a decoder that knows the simulation, on clips that nobody has seen.

    None where the test clips were seen in training: knowing a clip can beat it.
    """
    if unit.protocol not in NEW_CLIPS:
        return {}
    from neurodecode.datasets.simulate.rated_optimal import optimal_probabilities

    asked, size = study.config.evaluation, study.config.window_samples
    probabilities, ratings = optimal_probabilities(
        root, unit.subject, label, n_windows=asked.n_optimal, n_samples=size,
        random_state=study.config.seed,
    )  # fmt: skip
    levels = ratings - study.scale(label)[0]
    return {name: ordinal_score(name, probabilities, levels) for name in ORDINAL_METRICS}


def score(predictions: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    """Return the subject's metric rows of both kinds of windows."""
    asked = study.config.evaluation
    settings = ScoreSettings(
        n_resamples=asked.n_resamples, n_permutations=asked.n_permutations, seed=study.config.seed
    )
    rows: list[dict[str, Any]] = []
    for kind, part in predictions.groupby("kind", sort=False):
        published = kind == CROPS
        how = replace(settings, over="folds", n_permutations=0) if published else settings
        metrics = CROP_METRICS if published else tuple(ORDINAL_METRICS)
        scored: list[MetricRow] = score_ratings(part, how, metrics=metrics)
        rows += [{**asdict(row), "kind": kind} for row in scored if row.level == "subject"]
    return rows


def _decoded(study: Study, unit: Unit, label: str, folder: Path) -> pd.DataFrame:
    """Return the answers of every decoder to the test windows of every fold."""
    stretches, folds = study.split(unit.protocol, label, unit.subject)
    source = WindowSource(
        {unit.subject: study.stores[unit.subject].signals}, study.config.window_samples
    )
    tables = []
    for fold in folds:
        shown = _shown(study, stretches, fold)
        windows = source.read(places_of(shown, source.subjects))
        for decoder in unit.decoders:
            place = fold_folder(folder, decoder, label, fold.fold)
            tables += answers_of(study, unit, decoder, label, fold, place, shown, windows)
    return pd.concat(tables, ignore_index=True).drop(columns="row")


def answers_of(
    study: Study, unit: Unit, decoder: Decoder, label: str, fold: RatedFold, place: Path,
    shown: pd.DataFrame, windows: NDArray[np.float32],
) -> list[pd.DataFrame]:  # fmt: skip
    """Return a table of answers for each split of :func:`stages`, the fold's own first.

    Parameters
    ----------
    place : Path
        Of the trained fold.
    shown : DataFrame
        Of the windows, columns :data:`~neurodecode.emotion.windows.OF_WINDOW`.
    windows : ndarray, shape (n, n_channels, n_samples)
    """
    tables = []
    for split, weights in stages(unit, fold):
        found = answer(study, decoder, label, place, windows, weights=weights, across=unit.across)
        named = pd.DataFrame(found, columns=[f"p_{k}" for k in range(found.shape[1])])
        labels = {"model": decoder.name, "split": split, "fold": fold.fold}
        tables.append(pd.concat([shown, named], axis=1).assign(**labels))
    return tables


def stages(unit: Unit, fold: RatedFold) -> list[tuple[str, str]]:
    """Return the splits that a fold answers for, and the name of the weights of each."""
    if not unit.across:
        return [(unit.protocol, WEIGHTS)]
    if not fold.calibrate.size:
        return [(unit.protocol, SOURCES)]
    before = [(BEFORE, SOURCES)] if fold.train.size else []
    return [(unit.protocol, CALIBRATED), *before]


def _shown(study: Study, stretches: pd.DataFrame, fold: RatedFold) -> pd.DataFrame:
    """Return the test windows: all of them once, and the published random draw."""
    tested, size = stretches.iloc[fold.test], study.config.window_samples
    tables = [all_windows(tested, size).assign(kind=WINDOWS)]
    n_crops = study.config.evaluation.n_crops
    if n_crops:
        drawn = balanced_crops(tested, size, n_crops, seed=study.config.seed)
        tables.append(drawn.assign(kind=CROPS))
    return pd.concat(tables, ignore_index=True)


def read_unit(folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return what :meth:`Result.save` wrote."""
    rows: list[dict[str, Any]] = read_json(folder / "metrics.json")["rows"]
    return pd.read_parquet(folder / "predictions.parquet"), rows
