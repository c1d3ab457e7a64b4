"""One finished smoke run, shared by all tests and worker processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

REPOSITORY = Path(__file__).parents[2]


def call(*arguments, cwd=REPOSITORY, timeout=300, **environment):
    """Run the ``neurodecode`` command and return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "neurodecode", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="session")
def command():
    """Return the function that calls ``neurodecode`` as a user does."""
    return call


def run_jobs(pipeline, study, folder, *settings):
    """Do the jobs of ``run PIPELINE --bids STUDY`` in this process, which imports once."""
    from neurodecode.config import validate
    from neurodecode.workflow.own_data import survey_for
    from neurodecode.workflow.plan import make_plan
    from neurodecode.workflow.project import find_project
    from neurodecode.workflow.record import finish_record, start_record
    from neurodecode.workflow.step import run_step

    project = find_project()
    chosen = project.pipeline(pipeline)
    found = survey_for(chosen, study, None, settings)
    found.require_runnable()
    config = validate(chosen.config_model, found.settings)
    plan = make_plan(project, chosen, study.name, config)
    plan.write(folder, config)
    record = start_record(folder, plan, project.root)
    jobs = {"fetch": [plan.dataset], "prepare": plan.stores, "train": plan.units,
            "evaluate": plan.units, "report": ["all"]}  # fmt: skip
    for rule, names in jobs.items():
        for name in names:
            assert run_step(folder, rule, name) == 0, (rule, name)
    finish_record(folder, record, "complete", 0.0)
    return found


@pytest.fixture(scope="session")
def own_run():
    """Return ``own_run(pipeline, study, folder, *settings)``, which returns the survey."""
    return run_jobs


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """Return the folder of a finished ``acm smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "acm-smoke"
    with FileLock(base / "acm-smoke.lock"):
        if not (folder / "done").exists():
            result = call("run", "acm", "smoke", "--out", folder)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture
def run_copy(finished, tmp_path):
    """Return a copy of the finished run that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def project_copy(tmp_path):
    """Return a folder with an editable copy of the package and its pipelines."""
    folder = tmp_path / "project"
    for name in ("neurodecode", "pipelines", "configs", "data/catalog"):
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder
