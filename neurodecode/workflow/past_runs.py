"""The runs of a folder as their ``run.json`` tell, also those that are broken or went wrong."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from neurodecode.artefacts import read_json
from neurodecode.faults import DataFault
from neurodecode.workflow.lock import HOLDER

CURRENT = ("complete", "until report")


class Score(BaseModel):
    """A run's main number, as ``headline`` of its ``run.json`` (see ``report.model.Headline``).

    What does not exist, as the interval of a single subject, is None.
    """

    model_config = ConfigDict(frozen=True)

    metric: str
    value: FiniteFloat
    label: str = ""
    ci_low: FiniteFloat | None = None
    ci_high: FiniteFloat | None = None
    chance: FiniteFloat | None = None
    ceiling: FiniteFloat | None = None
    p_value: FiniteFloat | None = None
    n: int | None = None
    unit: str = ""
    spread: str = "95 % interval"
    baseline: str = "chance"

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both bounds, or None where one is missing, or both are the only value there is."""
        if self.ci_low is None or self.ci_high is None or self.n == 1:
            return None
        return self.ci_low, self.ci_high

    @property
    def text(self) -> str:
        """The value with its interval: "0.631 [0.565, 0.700]", "0.631, no interval"."""
        if self.interval is None:
            return f"{self.value:.3f}, no interval"
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}]"

    @property
    def numbers(self) -> list[float]:
        """Every number that a drawing of this score must hold."""
        known = (self.value, self.ci_low, self.ci_high, self.chance, self.ceiling)
        return [number for number in known if number is not None]


class Record(BaseModel):
    """What the list of runs takes from ``run.json``; other entries are passed over."""

    model_config = ConfigDict(frozen=True)

    pipeline: str
    experiment: str
    status: str
    started: str
    dataset: str = ""
    wall_s: FiniteFloat | None = None
    peak_memory_mb: FiniteFloat | None = None
    headline: Score | None = None


@dataclass(frozen=True)
class PastRun:
    """One run folder.

    Attributes
    ----------
    folder : Path
    name : str
        Its place below the folder of all runs, with forward slashes.
    record : Record or None
        None where ``run.json`` cannot be read.
    problem : str
        Why it cannot.
    """

    folder: Path
    name: str
    record: Record | None
    problem: str = ""

    @property
    def status(self) -> str:
        """As recorded; a run that is marked as running but whose process ended: interrupted."""
        if self.record is None:
            return "unreadable"
        if self.record.status == "running" and not _at_work(self.folder):
            return "interrupted"
        return self.record.status

    @property
    def score(self) -> Score | None:
        """The main number of the run's report."""
        return None if self.record is None else self.record.headline

    @property
    def is_current(self) -> bool:
        """Whether the score is of this run, not of an earlier one in the same folder."""
        return self.status in CURRENT

    @property
    def has_report(self) -> bool:
        """Whether there is a report to open."""
        return (self.folder / "report.html").is_file()


def past_runs(reports: Path) -> list[PastRun]:
    """Return every folder below ``reports`` that has a ``run.json``, newest run first.

    One whose ``run.json`` is broken, or lacks what this version needs, comes last, with the reason.
    """
    found = [past_run(path.parent, reports) for path in sorted(reports.glob("**/run.json"))]
    return sorted(found, key=lambda run: run.record.started if run.record else "", reverse=True)


def past_run(folder: Path, reports: Path) -> PastRun:
    """Return the run of a folder below ``reports``, with the reason where it cannot be read."""
    name = folder.relative_to(reports).as_posix()
    try:
        record = Record.model_validate(_content(folder / "run.json"))
    except DataFault as fault:
        return PastRun(folder, name, None, fault.what)
    except ValidationError as error:
        return PastRun(folder, name, None, _wording(error))
    return PastRun(folder, name, record)


def _content(path: Path) -> Any:
    try:
        return read_json(path)
    except OSError as error:
        raise DataFault(f"run.json cannot be read: {error.strerror or error}") from error


def _wording(error: ValidationError) -> str:
    """Name the first entry that is not as this version writes it."""
    first = error.errors(include_url=False)[0]
    entry = ".".join(map(str, first["loc"]))
    if not entry:
        return "run.json of another form: no table of entries"
    return f"run.json of another form: entry '{entry}': {first['msg'].lower()}"


def _at_work(folder: Path) -> bool:
    """Return whether the run's process lives; one on another computer is taken to."""
    try:
        holder = read_json(folder / HOLDER)
        pid, host = int(holder["pid"]), str(holder["host"])
    except (DataFault, OSError, KeyError, TypeError, ValueError):
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's process
    return True
