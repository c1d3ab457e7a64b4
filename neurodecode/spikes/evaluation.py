"""Write, decode and score the test windows of one unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.spikes.decoded import decode_few_shot, decode_windows, decoding_rows
from neurodecode.spikes.loading import fold_folder
from neurodecode.spikes.written import write_windows, writing_rows

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.spikes.study import Study
    from neurodecode.spikes.units import Part, Unit


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` finds for one unit.

    Attributes
    ----------
    predictions : DataFrame
        Of a generative model a row per test window with its scores; of a decoder a row per test
        window and behaviour, with what was and what was decoded.
    rows : list of MetricRow
        Of level "subject".
    summary : str
    """

    predictions: pd.DataFrame
    rows: list[MetricRow]
    summary: str

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and ``metrics.json``."""
        write_parquet(folder / "predictions.parquet", self.predictions)
        write_json(folder / "metrics.json", {"rows": list(map(asdict, self.rows))})


def evaluate_unit(study: Study, unit: Unit, folder: Path, simulated: Path | None = None) -> Result:
    """Score a unit's model on the test windows of every session and fold.

    Parameters
    ----------
    study : Study
    unit : Unit
    folder : Path
        Of its trained models.
    simulated : Path, optional
        Folder of a simulated data set, whose best possible scores are then known.
    """
    tables, rows = [], []
    for part in unit.parts:
        if part.task == "wire":  # see neurodecode.spikes.wiring
            continue
        found = pd.concat(
            [_answers(study, part, subject, folder / part.slug, simulated)
             for subject in unit.subjects], ignore_index=True,
        )  # fmt: skip
        score = writing_rows if part.task == "generate" else decoding_rows
        for _, mine in found.groupby("subject", sort=False):
            rows += score(mine, study.config)
        tables.append(found)
    if not rows:
        return Result(pd.DataFrame(columns=["task"]), [], "")
    first = rows[0]
    summary = f"{first.model}: {first.metric} {first.value:.3f}, chance {first.chance:.3f}"
    return Result(pd.concat(tables, ignore_index=True), rows, summary)


def _answers(
    study: Study, part: Part, subject: str, folder: Path, simulated: Path | None
) -> pd.DataFrame:
    """Return what a model answers to the test windows of one subject, all sessions and folds."""
    tables = []
    for recorded in study.sessions(subject):
        for fold in study.folds(recorded):
            place = fold_folder(folder, recorded, fold)
            labels: dict[str, Any] = {"task": part.task, "model": part.model, "subject": subject,
                      "session": recorded.session.session, "fold": fold.name,
                      "split": study.config.protocol, "seed": part.seed}  # fmt: skip
            if part.task == "generate":
                found = write_windows(study.config, part, recorded, fold, place, simulated)
            elif part.task == "decode":
                found = decode_windows(study.config, part, recorded, fold, place, simulated)
            else:
                found = decode_few_shot(study.config, part, recorded, fold, place)
            new = {name: value for name, value in labels.items() if name not in found}
            tables.append(found.assign(**new))
    return pd.concat(tables, ignore_index=True)


def read_unit(folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return what :meth:`Result.save` wrote."""
    rows: list[dict[str, Any]] = read_json(folder / "metrics.json")["rows"]
    return pd.read_parquet(folder / "predictions.parquet"), rows
