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
