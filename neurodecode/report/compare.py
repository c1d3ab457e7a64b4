"""Paired statistics between two runs, over the subjects that both have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.paired import cohens_dz, paired_test
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.report.render import p_text
from neurodecode.report.sections import METRIC_NAMES, f3, interval


@dataclass(frozen=True)
class Comparison:
    """A table of subjects and, per split, what the paired test says."""

    title: str
    rows: list[tuple[str, str, str]]
    lines: list[str]


def compare_runs(first: Path, second: Path, model: str | None = None) -> Comparison:
    """Compare one decoder of two runs.

    Parameters
    ----------
    first, second : Path
        Run folders with ``report.json``.
    model : str, optional
        Decoder in both runs; default: each run's main decoder.

    Raises
    ------
    ConfigFault
        If a run has no report or not this decoder.
    DataFault
        If metric or splits differ, or no subject is in both.
    """
    tables = [_subject_scores(folder, model) for folder in (first, second)]
    metrics = {table["metric"].iloc[0] for table in tables}
    if len(metrics) > 1:
        raise DataFault(f"the runs have different metrics: {', '.join(sorted(metrics))}")
    wide = tables[0].merge(tables[1], on=["split", "subject"], suffixes=("_a", "_b"))
    if wide.empty:
        raise DataFault("no subject and split in both runs", where=f"{first}, {second}")
    rows = [
        (f"{row.split}, subject {row.subject}", f3(row.value_a), f3(row.value_b))
        for row in wide.itertuples()
    ]
    lines = [_sentence(str(split), part) for split, part in wide.groupby("split", sort=False)]
    names = " against ".join(dict.fromkeys(str(t["model"].iloc[0]) for t in tables))
    metric = metrics.pop()
    return Comparison(f"{METRIC_NAMES.get(metric, metric)}, {names}", rows, lines)


def _subject_scores(folder: Path, model: str | None) -> pd.DataFrame:
    path = folder / "report.json"
    if not path.exists():
        raise ConfigFault("no report here", where=str(folder), fix="finish the run first")
    content = read_json(path)
    rows = pd.DataFrame(content["metrics"])
    wanted = model or content["main"]
    if wanted not in set(rows["model"]):
        raise ConfigFault(unknown("decoder", wanted, rows["model"].unique()), where=str(folder))
    return rows[(rows["level"] == "subject") & (rows["model"] == wanted)]


def _sentence(split: str, part: pd.DataFrame) -> str:
    a, b = part["value_a"].to_numpy(float), part["value_b"].to_numpy(float)
    text = f"{split}: {np.mean(a):.3f} against {np.mean(b):.3f}, difference {np.mean(a - b):+z.3f}"
    if len(part) < 2:
        return f"{text}; one subject in common, no test"
    test = paired_test(a, b, random_state=0)
    ci = mean_ci(a - b, expand=True, random_state=0, unit="subject")
    effect = f"Cohen's d_z {cohens_dz(a, b):+.2f}"
    p = p_text(test.p_value)
    note = f" ({test.note})" if test.note else ""
    limits = interval(ci.low, ci.high, signed=True)
    return f"{text} [{limits}], p {p} ({test.method}), {effect}, {len(part)} subjects{note}"
