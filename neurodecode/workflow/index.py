"""``reports/index.html``: all runs of a folder on one page, to filter and to compare."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

import neurodecode.report
from neurodecode.artefacts import write_text
from neurodecode.report.axis import Axis
from neurodecode.report.render import render_page
from neurodecode.workflow.past_runs import PastRun, past_runs

SCRIPT = Path(neurodecode.report.__path__[0]) / "index.js"


@dataclass(frozen=True)
class Group:
    """Runs of one pipeline whose scores mean the same, on one axis.

    Attributes
    ----------
    metric, spread, baseline : str
        What the scores, their bounds and their ``chance`` are; all empty for runs without a score.
    """

    metric: str
    spread: str
    baseline: str
    runs: Sequence[PastRun]

    @property
    def caption(self) -> str:
        """What is drawn, in words."""
        if not self.metric:
            return "no score"
        scores = [run.score for run in self.runs if run.score is not None]
        drawn = [f"line: {self.spread}"] if any(score.interval for score in scores) else []
        if any(score.chance is not None for score in scores):
            drawn.append(f"dashed: {self.baseline}")
        if any(score.ceiling is not None for score in scores):
            drawn.append("dotted: best possible")
        return "; ".join([self.metric, *drawn])

    @cached_property
    def axis(self) -> Axis:
        """The axis that holds all scores, intervals, chance levels and best possible scores."""
        return Axis.over(n for run in self.runs if run.score for n in run.score.numbers)


def write_index(reports: Path) -> Path:
    """Write ``index.html`` over every ``run.json`` below ``reports``; return its path.

    The page is one file with nothing from outside. Without its script it is a table per pipeline
    and metric; with it, runs are filtered and chosen ones compared on an axis of their own, and
    the address keeps the choice: ``index.html#pipeline=mci&q=demo&run=mci/demo&run=mci/oasis1``.
    """
    runs = past_runs(reports)
    script = SCRIPT.read_text(encoding="utf-8")
    page = render_page(
        "index.html.j2",
        folder=reports.resolve().name,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        pipelines=_by_pipeline(runs),
        unreadable=[run for run in runs if run.record is None],
        n_runs=len(runs),
        link=_link,
        script=Markup(script),  # noqa: S704 (our own file)
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    write_text(reports / "index.html", page)
    return reports / "index.html"


def _by_pipeline(runs: Sequence[PastRun]) -> dict[str, list[Group]]:
    """Sort the readable runs into pipelines and groups, those without a score last."""
    found: dict[str, dict[tuple[str, str, str], list[PastRun]]] = {}
    for run in runs:
        if run.record is None:
            continue
        score = run.score
        key = (score.metric, score.spread, score.baseline) if score else ("", "", "")
        found.setdefault(run.record.pipeline, defaultdict(list))[key].append(run)
    return {
        pipeline: [Group(*key, groups[key]) for key in sorted(groups, key=lambda k: (not k[0], k))]
        for pipeline, groups in sorted(found.items())
    }


def _link(run: PastRun) -> str:
    """Return the address of a run's report, seen from the index."""
    return quote(f"{run.name}/report.html")
