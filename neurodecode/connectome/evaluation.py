"""Diagnose the test parts, score the answers, and look into the main model."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path, read_json, write_json, write_parquet
from neurodecode.connectome.baselines import BASELINES
from neurodecode.connectome.loading import (
    answers_of,
    baseline_input,
    fold_folder,
    load_baseline,
    load_maps,
)
from neurodecode.evaluation.adhd200 import DIAGNOSES
from neurodecode.evaluation.diagnosis_scores import (
    DiagnosisSettings,
    p_within_sites,
    score_diagnoses,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.decoders import Decoder
    from neurodecode.connectome.map_model import MapModel
    from neurodecode.connectome.study import Study
    from neurodecode.connectome.units import Unit
    from neurodecode.datasets.simulate.resting_optimal import Knowledge
    from neurodecode.evaluation.folds import Fold

CHOSEN = "chosen"
"""Kind of the answers that count: of the threshold that was chosen inside the training part."""
INSIDE = "inside.npz"


@dataclass
class Result:
    """What ``evaluate`` finds for one unit.

    Attributes
    ----------
    predictions : DataFrame
        A row per model, test person and kind ("chosen", or a threshold of the sweep):
        ``subject, site, fold, y_true, y_pred, score, dx, dx_pred, model, split, kind``.
    rows : list of dict
        Metric rows with ``site`` (None: all) and ``p_site``.
    inside : dict of str to ndarray
        Of the main model: ``difference``, ``selected``, ``weights`` (n_values,).
    choices : list of dict
        What was chosen in each fold: ``model, fold, threshold, mask, n_components, inner_auc``.
    """

    predictions: pd.DataFrame
    rows: list[dict[str, Any]]
    inside: dict[str, NDArray[Any]] = field(default_factory=dict)
    choices: list[dict[str, Any]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The first score in words."""
        first = self.rows[0]
        value, chance = first["value"], first["chance"]
        return f"{first['model']}: {first['metric']} {value:.3f}, chance {chance:.2f}"

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet``, ``metrics.json`` and ``inside.npz``."""
        write_parquet(folder / "predictions.parquet", self.predictions)
        with atomic_path(folder / INSIDE) as path, path.open("wb") as file:
            np.savez(file, **self.inside)  # type: ignore[arg-type]
        write_json(folder / "metrics.json", {"rows": self.rows, "choices": self.choices})


def evaluate_unit(study: Study, unit: Unit, folder: Path, simulated: Path | None = None) -> Result:
    """Diagnose the test part of every fold with a unit's models, and score the answers.

    ``simulated``: root of a simulated data set, whose best possible scores are noted.
    """
    folds = study.split(unit.protocol)
    main = study.config.decoders[0]
    tables, choices = [], []
    inside: dict[str, NDArray[Any]] = {}
    for decoder in unit.decoders:
        if decoder.baseline:
            tables.append(_baseline_answers(study, unit, decoder, folds, folder))
            continue
        maps = study.inputs(decoder)
        found, models = [], []
        for place, fold in enumerate(folds):
            fitted, said = load_maps(fold_folder(folder, decoder, place))
            found.append(_map_answers(study, fold, maps, fitted, said["threshold"]))
            models.append((fitted, said["threshold"]))
            keys = ("threshold", "mask", "n_components", "inner_auc")
            choices.append({"model": decoder.name, "split": unit.protocol, "fold": fold.name,
                            **{key: said[key] for key in keys}})  # fmt: skip
        named = {"model": decoder.name, "split": unit.protocol}
        tables.append(pd.concat(found, ignore_index=True).assign(**named))
        if decoder == main:
            inside = _inside(study, maps, models)
    predictions = pd.concat(tables, ignore_index=True)
    rows = score(predictions, study)
    if simulated is not None:
        _note_ceilings(rows, unit, simulated)
    return Result(predictions, rows, inside, choices)


def _note_ceilings(rows: list[dict[str, Any]], unit: Unit, root: Path) -> None:
    """Add the best score of anybody who knows of a person what a model can see."""
    from neurodecode.datasets.simulate.resting_optimal import optimal_accuracy

    decoders = {decoder.name: decoder for decoder in unit.decoders}
    known_site = () if unit.protocol == "leave_one_site_out" else ("site",)
    for row in rows:
        informed = decoders[row["model"]].family != "all control"
        if informed and row["site"] is None and row["metric"] in ("accuracy", "balanced_accuracy"):
            seen = [*_visible(decoders[row["model"]]), *known_site]
            row["ceiling"] = optimal_accuracy(
                root, knows=list(dict.fromkeys(seen)), balanced=row["metric"] != "accuracy"
            )


def _visible(decoder: Decoder) -> tuple[Knowledge, ...]:
    """Return what a model's input tells of a person, apart from the site."""
    if decoder.adjustment is not None:
        return ("regions",)
    table: dict[str, tuple[Knowledge, ...]] = {
        "phenotype": ("phenotype",), "motion": ("motion",), "site": (),
    }  # fmt: skip
    return table.get(decoder.family, ("regions", "motion"))


def score(predictions: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    """Return metric rows of every model, over all sites and per site."""
    asked = study.config.evaluation
    settings = DiagnosisSettings(asked.n_resamples, asked.n_permutations, study.config.seed)
    alone = DiagnosisSettings(asked.n_resamples, 0, study.config.seed)
    rows: list[dict[str, Any]] = []
    chosen = predictions[predictions["kind"] == CHOSEN]
    for _, mine in chosen.groupby("model", sort=False):
        p_site = p_within_sites(mine, settings)
        rows += [{**asdict(row), "seed": settings.seed, "site": None, "p_site": p_site}
                 for row in score_diagnoses(mine, settings)]  # fmt: skip
        for site, part in mine.groupby("site", sort=True):
            rows += [{**asdict(row), "seed": settings.seed, "site": str(site), "p_site": None}
                     for row in score_diagnoses(part, alone)]  # fmt: skip
    return rows


def read_unit(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the predictions and the content of ``metrics.json``."""
    content: dict[str, Any] = read_json(folder / "metrics.json")
    return pd.read_parquet(folder / "predictions.parquet"), content


def read_inside(folder: Path) -> dict[str, NDArray[Any]]:
    """Return what :attr:`Result.inside` held; empty where the main model was not evaluated."""
    with np.load(folder / INSIDE, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _map_answers(
    study: Study, fold: Fold, maps: dict[str, NDArray[np.float32]], models: dict[str, MapModel],
    threshold: str,
) -> pd.DataFrame:  # fmt: skip
    """Return the answers of the chosen threshold, and of every one of a sweep."""
    people, tables = study.people.iloc[fold.test], []
    for name, model in models.items():
        probability = model.probability(maps[name][fold.test], people)
        table = _table(study, fold, probability, balanced=True)
        tables += [table.assign(kind=CHOSEN)] if name == threshold else []
        tables += [table.assign(kind=name)] if len(models) > 1 else []
    return pd.concat(tables, ignore_index=True)


def _baseline_answers(
    study: Study, unit: Unit, decoder: Decoder, folds: list[Fold], folder: Path
) -> pd.DataFrame:
    rows, tables = baseline_input(study, BASELINES[decoder.family].reads), []
    for place, fold in enumerate(folds):
        model = load_baseline(fold_folder(folder, decoder, place))
        probability = model.predict_proba(rows(fold.test))[:, 1]
        tables.append(_table(study, fold, probability, balanced=False))
    named = {"kind": CHOSEN, "model": decoder.name, "split": unit.protocol}
    return pd.concat(tables, ignore_index=True).assign(**named)


def _table(
    study: Study, fold: Fold, probability: NDArray[np.float64], *, balanced: bool
) -> pd.DataFrame:
    people, groups = study.people.iloc[fold.test], study.groups
    answers = answers_of(
        probability, groups[fold.train], study.config.search.priors, balanced=balanced
    )
    return pd.DataFrame({
        "subject": people["subject"].to_numpy(str), "site": people["site"].to_numpy(str),
        "fold": fold.name, "y_true": groups[fold.test], "y_pred": answers,
        "score": probability, **_subtypes(study, fold, answers),
    })  # fmt: skip


def _subtypes(study: Study, fold: Fold, answers: NDArray[np.intp]) -> dict[str, NDArray[np.intp]]:
    """Return codes of ADHD-200's diagnoses, true and answered; nothing where they are others.

    A case is answered with the subtype that is most frequent in the training part.
    """
    codes = subtype_codes(study.people)
    if codes is None:
        return {}
    trained = codes[fold.train]
    usual = Counter(trained[trained > 0].tolist()).most_common(1)[0][0]
    return {"dx": codes[fold.test], "dx_pred": np.where(answers == 1, usual, 0)}


def subtype_codes(people: pd.DataFrame) -> NDArray[np.intp] | None:
    """Return the codes of ADHD-200 where everybody has one and there are several subtypes."""
    codes = pd.to_numeric(people["dx"], errors="coerce")
    if codes.isna().any() or not codes.isin(list(DIAGNOSES)).all():
        return None
    found: NDArray[np.intp] = codes.to_numpy(np.intp)
    same = bool(((found > 0) == (people["group"].to_numpy() == 1)).all())
    return found if same and np.unique(found[found > 0]).size > 1 else None


def _inside(
    study: Study,
    maps: dict[str, NDArray[np.float32]],
    models: list[tuple[dict[str, MapModel], str]],
) -> dict[str, NDArray[Any]]:
    """Return mean difference, how often each voxel was selected, and mean weights.

    Weights of a fold count relative to their length; the difference is that of all people at the
    threshold most folds chose, and describes them: nothing is tested on it.
    """
    usual = Counter(threshold for _, threshold in models).most_common(1)[0][0]
    n_values = maps[usual].shape[1]
    cases = study.groups == 1
    difference = maps[usual][cases].mean(axis=0) - maps[usual][~cases].mean(axis=0)
    selected, weights = np.zeros(n_values), np.zeros(n_values)
    for fitted, threshold in models:
        model = fitted[threshold]
        selected += 1.0 if model.mask is None else model.mask
        mine = model.weights(n_values)
        weights += mine / max(float(np.linalg.norm(mine)), np.finfo(float).tiny)
    return {
        "difference": difference, "selected": selected / len(models),
        "weights": weights / len(models), "threshold": np.asarray(usual),
    }  # fmt: skip
