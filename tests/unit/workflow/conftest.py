"""A folder of runs as they are found: finished, failed, interrupted, running, broken, old."""

from __future__ import annotations

import json
import os
import socket

import pytest

HEADLINE = {
    "label": "main", "metric": "AROC", "value": 0.63, "ci_low": 0.56, "ci_high": 0.7,
    "chance": 0.5, "p_value": 0.02, "n": 207, "unit": "subject", "ceiling": 0.86,
    "spread": "95 % interval", "baseline": "chance",
}  # fmt: skip


@pytest.fixture
def write_run(tmp_path):
    """Return a writer of run folders: ``write_run(name, report=False, headline={}, **entries)``."""

    def write(name, *, report=True, headline=HEADLINE, **entries):
        folder = tmp_path / "reports" / name
        folder.mkdir(parents=True)
        record = {
            "pipeline": name.split("/")[0], "experiment": name.split("/")[-1],
            "dataset": "simulated", "status": "complete", "started": "2026-01-02T03:04:05+00:00",
            "wall_s": 12.0, "peak_memory_mb": 300.0, "headline": headline, **entries,
        }  # fmt: skip
        (folder / "run.json").write_text(json.dumps(record))
        if report:
            (folder / "report.html").write_text("<p>report")
        return folder

    return write


@pytest.fixture
def reports(tmp_path, write_run):
    """Return the folder of several runs of every kind."""
    write_run("mci/demo", started="2026-01-03")
    high = {**HEADLINE, "value": 0.75, "ci_low": 0.7, "ci_high": 0.8}
    write_run("mci/better", headline=high, started="2026-01-04")
    write_run("mci/alone", headline={**HEADLINE, "ci_low": None, "ci_high": None})
    write_run("mci/failed", status="failed", headline=None, report=False)
    write_run("acm/again", status="failed", headline={**HEADLINE, "metric": "ROC-AUC"})
    write_run("acm/killed", status="running", headline=None, report=False)
    living = write_run("acm/now", status="running", headline=None, report=False)
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "started": "2026-01-01"}
    (living / "run.lock.json").write_text(json.dumps(holder))
    (write_run("old/torn") / "run.json").write_text('{"pipeline": "acm"')
    (write_run("old/<b>form</b>") / "run.json").write_text('{"pipeline": "acm", "score": 0.5}')
    return tmp_path / "reports"
