"""``run.json``: what a run was made with and how it went."""

from __future__ import annotations

import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from neurodecode import __version__
from neurodecode.artefacts import read_json, write_json
from neurodecode.faults import DataFault
from neurodecode.report.jobs import job_records
from neurodecode.workflow.plan import Plan

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "mne", "moabb", "pyriemann", "nilearn",
            "torch", "lightning", "snakemake")  # fmt: skip


def start_record(folder: Path, plan: Plan, project: Path) -> dict[str, Any]:
    """Write and return the record of a run that begins now."""
    record = {
        "pipeline": plan.pipeline,
        "experiment": plan.experiment,
        "dataset": plan.dataset,
        "subjects": plan.subjects,
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "neurodecode": __version__,
        "git_commit": git_commit(project),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": package_versions(),
        "fingerprints": plan.fingerprints,
        "seed": _seed(folder),
    }
    write_json(folder / "run.json", record)
    return record


def finish_record(folder: Path, record: dict[str, Any], status: str, began: float) -> None:
    """Complete ``run.json``: status, time of this call and of all jobs, peak memory, score."""
    jobs = job_records(folder)
    record |= {
        "status": status,
        "wall_s": time.perf_counter() - began,
        "jobs": len(jobs),
        "jobs_wall_s": sum(job["wall_s"] for job in jobs),
        "jobs_cpu_s": sum(job["cpu_s"] for job in jobs),
        "peak_memory_mb": max((job["peak_memory_mb"] for job in jobs), default=None),
        "input_sha256": _inputs(folder),
        "headline": _headline(folder),
    }
    write_json(folder / "run.json", record)


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that results depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_commit(folder: Path) -> str | None:
    """Return the commit of a checkout, marked ``+`` when files differ from it."""
    if not (folder / ".git").exists():
        return None
    try:
        commit = _git(folder, "rev-parse", "--short", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _seed(folder: Path) -> int | None:
    seed: int | None = yaml.safe_load((folder / "config.yaml").read_text()).get("seed")
    return seed


def _inputs(folder: Path) -> dict[str, str]:
    """Sha256 of every input file, from the manifests."""
    return {
        name: entry["sha256"]
        for path in sorted((folder / "fetch").glob("*.json"))
        for name, entry in read_json(path)["files"].items()
    }


def _headline(folder: Path) -> Any:
    if not (folder / "report.json").exists():
        return None
    try:
        return read_json(folder / "report.json")["headline"]
    except (DataFault, KeyError):
        return None
