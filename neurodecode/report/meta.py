"""One decoder against every other across the data sets of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.artefacts import read_json, write_text
from neurodecode.evaluation.meta import ALL, meta_analysis
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.report.figures import difference_figure
from neurodecode.report.model import Block, Headline, Report, Section, Table
from neurodecode.report.render import p_text, render
from neurodecode.report.sections import interval

CONTROLS = ("time shuffled", "labels shuffled")


def write_meta(runs: Sequence[Path], out: Path, model: str | None = None) -> Path:
    """Write a page that combines the subjects' scores of several runs.

    Parameters
    ----------
    runs : sequence of Path
        Finished run folders; data sets are told apart by the runs' experiments.
    out : Path
        The HTML file.
    model : str, optional
        The decoder compared with every other; default: the first run's main one.

    Raises
    ------
    ConfigFault
        If a run has no report, or none has the decoder.
    DataFault
        If no run has the decoder and another one under the same split.
    """
    contents = [_content(run) for run in runs]
    main = model or contents[0]["main"]
    scores = pd.concat([_scores(run, c) for run, c in zip(runs, contents, strict=True)])
    if main not in set(scores["model"]):
        raise ConfigFault(unknown("decoder", main, scores["model"].unique()))
    sections = [
        section
        for split in dict.fromkeys(scores["split"])
        for section in _sections(scores[scores["split"] == split], main, str(split))
    ]
    if not sections:
        raise DataFault(f"no run compares '{main}' with another decoder")
    text = f"{main} against every other decoder, {len(runs)} runs"
    report = Report(
        "Across data sets", text, _headline(scores, main, _first_rival(scores, main)), sections
    )
    write_text(out, render(report))
    return out


def _rivals(scores: pd.DataFrame, main: str) -> list[str]:
    """Every other decoder, without the controls."""
    names = map(str, dict.fromkeys(scores["model"]))
    return [name for name in names if name != main and not name.endswith(CONTROLS)]


def _first_rival(scores: pd.DataFrame, main: str) -> str:
    """The decoder of the headline: the main one's without augmentation where there is one."""
    first = scores[scores["split"] == scores["split"].iloc[0]]
    rivals = [r for r in _rivals(first, main) if _compared(first, main, r) is not None]
    plain = main.removeprefix("ACM+")
    return plain if plain in rivals else rivals[0]


def _content(run: Path) -> dict[str, Any]:
    if not (run / "report.json").exists():
        raise ConfigFault("no report here", where=str(run), fix="finish the run first")
    content: dict[str, Any] = read_json(run / "report.json")
    return content


def _scores(run: Path, content: dict[str, Any]) -> pd.DataFrame:
    rows = pd.DataFrame(content["metrics"])
    record = read_json(run / "run.json")
    subjects = rows[rows["level"] == "subject"]
    name = f"{record['dataset']}, {record['experiment']}"
    return subjects[["split", "model", "subject", "value", "metric", "chance"]].assign(dataset=name)


def _sections(scores: pd.DataFrame, main: str, split: str) -> list[Section]:
    blocks: list[Block] = []
    for number, other in enumerate(_rivals(scores, main)):
        table = _compared(scores, main, other)
        if table is None:
            continue
        labelled = table.assign(label=table["dataset"])
        figure = difference_figure(
            labelled.dropna(subset=["ci_low"]), metric="score", name=f"meta-{split}-{number}"
        )
        rows = [
            (r.dataset, r.n, f"{r.difference:+z.3f}", interval(r.ci_low, r.ci_high, signed=True),
             p_text(r.p).removeprefix("= "), p_text(r.p_less).removeprefix("= "))
            for r in table.itertuples()
        ]  # fmt: skip
        columns = ("data set", "subjects", "difference", "95 % interval", "p, better", "p, worse")
        blocks += [figure, Table(columns, rows, f"{main} minus {other}")]
    text = "Paired per subject; sign-flip tests, combined by Stouffer's method with root-n weights."
    return [Section(split.replace("_", " "), [text, *blocks])] if blocks else []


def _compared(scores: pd.DataFrame, main: str, other: str) -> pd.DataFrame | None:
    pairs = scores[scores["model"].isin((main, other))].pivot_table(
        index=["dataset", "subject"], columns="model", values="value", sort=False
    )
    if main not in pairs or other not in pairs:
        return None
    gaps = (pairs[main] - pairs[other]).dropna()
    if gaps.empty:
        return None
    by_set = {str(name): part.to_numpy() for name, part in gaps.groupby(level=0, sort=False)}
    return meta_analysis(by_set)


def _headline(scores: pd.DataFrame, main: str, other: str) -> Headline:
    """The combined difference to one decoder; scores themselves may differ in metric."""
    split = scores["split"].iloc[0]
    table = _compared(scores[scores["split"] == split], main, other)
    assert table is not None
    row: Any = table.set_index("dataset").loc[ALL]
    return Headline(
        label=f"{main} minus {other}, {str(split).replace('_', ' ')}",
        metric="difference in score",
        value=float(row["difference"]),
        ci_low=float(row["ci_low"]),
        ci_high=float(row["ci_high"]),
        chance=0.0,
        p_value=min(1.0, 2 * min(float(row["p"]), float(row["p_less"]))),
        n=int(row["n"]),
        unit="subject",
    )
