"""One line per job: what it does, how long it took, and why it failed."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.markup import escape

from neurodecode.artefacts import read_json
from neurodecode.faults import DataFault
from neurodecode.workflow.step import FAULT_PREFIX


@dataclass
class Progress:
    """Collects Snakemake's events and prints them as one line per job."""

    console: Console
    folder: Path
    total: int = 0
    done: int = 0
    faults: list[str] = field(default_factory=list)
    planned: list[tuple[str, str, str]] = field(default_factory=list)
    _jobs: dict[int, tuple[str, str, float]] = field(default_factory=dict)

    def handle(self, event: str, record: logging.LogRecord) -> None:
        """Take one event of Snakemake's logger."""
        method = getattr(self, f"_on_{event}", None)
        if method is not None:
            method(record.__dict__)

    def _on_run_info(self, info: dict[str, Any]) -> None:
        stats = info.get("stats") or {}
        self.total = sum(n for rule, n in stats.items() if rule not in ("all", "total"))

    def _on_job_info(self, info: dict[str, Any]) -> None:
        name = " ".join(map(str, dict(info.get("wildcards") or {}).values()))
        rule = str(info.get("rule_name"))
        if rule == "all":
            return
        self._jobs[int(info["jobid"])] = (rule, name, time.perf_counter())
        self.planned.append((rule, name, str(info.get("reason") or "")))

    def _on_job_started(self, info: dict[str, Any]) -> None:
        for jobid in info.get("jobs") or info.get("job_ids") or []:
            rule, name, _ = self._jobs.get(int(jobid), ("", "", 0.0))
            self._jobs[int(jobid)] = (rule, name, time.perf_counter())
            if rule and self.console.is_terminal:
                self.console.print(f"  [dim]...   {rule:<9} {escape(name)}[/dim]", highlight=False)

    def _on_job_finished(self, info: dict[str, Any]) -> None:
        rule, name, start = self._jobs.get(int(info["job_id"]), ("", "", time.perf_counter()))
        if not rule:
            return
        self.done += 1
        summary = _summary(self.folder, rule, name)
        count = f"{self.done}/{self.total}" if self.total else str(self.done)
        self.console.print(
            f"  [green]done[/green] {count:>6}  {rule:<9}[bold]{escape(name)}[/bold]  "
            f"{escape(summary)}  [dim]{time.perf_counter() - start:.1f} s[/dim]",
            highlight=False,
            soft_wrap=True,
        )

    def _on_job_error(self, info: dict[str, Any]) -> None:
        job = self._jobs.pop(int(info.get("jobid", -1)), None)
        if job is None:  # Snakemake tells of each failure twice
            return
        rule, name, _ = job
        logs = [self.folder / log for log in info.get("log") or []]
        tail, fault = read_log(logs[0]) if logs else ([], "")
        where = f"{rule} {name}".strip()
        self.console.print(f"  [red]FAILED[/red]  {escape(where)}", highlight=False)
        for line in tail:
            self.console.print(f"      [dim]{escape(line)}[/dim]", highlight=False, soft_wrap=True)
        if fault:
            self.faults.append(f"{where}: {fault}")
        if logs:
            self.console.print(f"      [dim]full log: {escape(str(logs[0]))}[/dim]", soft_wrap=True)


def read_log(path: Path, lines: int = 5) -> tuple[list[str], str]:
    """Return the last lines of a job's log without any traceback, and its fault line."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], "the job left no log"
    fault = next((line for line in reversed(text) if line.startswith(FAULT_PREFIX)), "")
    starts = [i for i, line in enumerate(text) if line.startswith("Traceback (most recent")]
    kept = text[: starts[0]] if starts else text
    tail = [line for line in kept if line.strip() and not line.startswith(FAULT_PREFIX)]
    ended = "the job ended without a word (killed, or out of memory)"
    return tail[-lines:], fault.removeprefix(FAULT_PREFIX) or ended


def _summary(folder: Path, rule: str, name: str) -> str:
    name = name or "all"
    try:
        return str(read_json(folder / "timings" / rule / f"{name}.json")["summary"])
    except DataFault:
        return ""


def logger_plugin(progress: Progress) -> ModuleType:
    """Return a Snakemake logger plugin that hands every event to ``progress``."""
    from snakemake_interface_logger_plugins.base import LogHandlerBase

    class LogHandler(LogHandlerBase):
        writes_to_stream = True
        writes_to_file = False
        has_filter = True
        has_formatter = True
        needs_rulegraph = False

        def emit(self, record: logging.LogRecord) -> None:
            event = getattr(record, "event", None)
            if event is not None:
                progress.handle(str(getattr(event, "value", event)), record)
            elif record.levelno >= logging.ERROR and not progress.faults:
                progress.faults.append(_first_line(record.getMessage()))

    module = ModuleType("snakemake_logger_plugin_neurodecode")
    module.LogHandler = LogHandler  # type: ignore[attr-defined]
    return module


def _first_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[0] if lines else ""
