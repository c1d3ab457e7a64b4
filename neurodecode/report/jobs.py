"""Time and memory of a run's finished jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurodecode.artefacts import read_json


def job_records(folder: Path) -> list[dict[str, Any]]:
    """Return the records of all finished jobs of the run's present plan, oldest first.

    Jobs that a changed setting took out of the plan are left out.
    """
    plan = read_json(folder / "plan.json")
    names = {
        "fetch": {plan["dataset"]},
        "prepare": set(plan["stores"]),
        "train": set(plan["units"]),
        "evaluate": set(plan["units"]),
        "report": {"all"},
    }
    found = [read_json(path) for path in (folder / "timings").glob("*/*.json")]
    present = [job for job in found if job["name"] in names[job["rule"]]]
    return sorted(present, key=lambda job: job["finished"])
