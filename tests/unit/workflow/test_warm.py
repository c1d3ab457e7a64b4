"""Jobs that a warm process forks are as jobs of their own, and do without it where they must."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from neurodecode.workflow import warm_process as module
from neurodecode.workflow.plan import make_plan
from neurodecode.workflow.project import find_project
from neurodecode.workflow.warm import WARM, address, ask
from neurodecode.workflow.warm_process import load, serve, warm_process

REPOSITORY = Path(__file__).parents[3]
STEPS = """
import os, signal, sys

def prepare(job):
    before = "colorsys" in sys.modules
    import colorsys
    return f"{before} {os.getppid()}"

def train(job):
    os.kill(os.getpid(), signal.SIGKILL)

def evaluate(job):
    print("a word")
    raise ValueError("a mistake")

def report(job):
    import atexit, joblib
    atexit.register(print, "at the end")
    joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(n) for n in range(2))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="warm processes are for Linux")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a run folder whose pipeline has steps of nothing but what is asked of them here."""
    monkeypatch.chdir(REPOSITORY)
    project = find_project()
    pipeline = project.pipeline("acm")
    steps = tmp_path / "acm" / "steps.py"
    shutil.copytree(pipeline.folder, steps.parent)
    steps.write_text(STEPS)
    config = pipeline.load("smoke")
    plan = make_plan(project, pipeline, "smoke", config)
    (tmp_path / "run").mkdir()
    dataclasses.replace(plan, steps=str(steps)).write(tmp_path / "run", config)
    return tmp_path / "run"


def step(folder, rule, name="01", **variables):
    """Run one job as Snakemake does."""
    return subprocess.run(
        [sys.executable, "-m", "neurodecode", "step", rule, name],
        cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def prepared(folder):
    known, parent = json.loads((folder / "timings/prepare/01.json").read_text())["summary"].split()
    return known == "True", int(parent)


def test_what_one_job_loaded_the_next_one_finds_loaded(folder):
    with warm_process() as variables:
        first, second = [
            (step(folder, "prepare", **variables).returncode, *prepared(folder)) for _ in range(2)
        ]
    assert first[:2] == (0, False)
    assert second[:2] == (0, True)
    assert first[2] == second[2], "both are forks of one process"


def test_words_and_exit_code_are_those_of_a_job_of_its_own(folder):
    alone = step(folder, "evaluate")
    with warm_process() as variables:
        warm = step(folder, "evaluate", **variables)
        missing = step(folder.parent, "evaluate", **variables)
    assert warm.returncode == alone.returncode == 4
    assert warm.stdout == alone.stdout == "a word\n"
    assert warm.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]
    assert "a mistake" in warm.stderr
    assert missing.returncode == 3


def test_a_job_whose_workers_still_wait_ends_as_its_own_process_would(folder):
    with warm_process() as variables:
        ended = step(folder, "report", **variables)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "at the end\n", "")


def test_a_killed_job_fails_and_the_next_ones_go_on(folder):
    with warm_process() as variables:
        assert step(folder, "train", **variables).returncode == 137
        assert step(folder, "prepare", **variables).returncode == 0


def test_without_its_warm_process_a_job_loads_its_packages_itself(folder):
    with warm_process() as variables:
        pass
    assert step(folder, "prepare", **variables).returncode == 0
    assert prepared(folder) == (False, os.getpid())


def test_where_there_is_a_gpu_jobs_load_their_packages_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GPUS", (tmp_path,))
    with warm_process() as variables:
        assert variables == {}


def test_a_folder_too_deep_for_a_socket_is_done_without(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with warm_process() as variables:
        assert variables == {}


def test_a_job_of_another_session_as_of_a_cluster_is_left_alone(folder):
    with warm_process() as variables:
        alien = {WARM: variables[WARM] + "1"}
        assert step(folder, "prepare", **alien).returncode == 0
    assert prepared(folder) == (False, os.getpid())


@pytest.mark.parametrize(("answer", "code"), [(b"", None), (b"+", 137), (b"+3", 3)])
def test_an_answer_that_breaks_off_is_a_killed_job_once_it_had_started(
    tmp_path, monkeypatch, answer, code
):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "jobs"))
        listener.listen()

        def reply():
            connection, _ = listener.accept()
            with connection:
                for file in socket.recv_fds(connection, 3, 3)[1]:
                    os.close(file)
                connection.recv(1 << 20)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        monkeypatch.setenv(WARM, address(str(tmp_path / "jobs")))
        assert ask(["step", "prepare", "01"]) == code
        thread.join()
    assert ask(["run", "acm"]) is None


def test_a_module_that_cannot_be_loaded_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "broken_module_of_a_test.py").write_text("1 / 0")
    (tmp_path / "sound_module_of_a_test.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    load(["broken_module_of_a_test", "no_such_module", "sound_module_of_a_test"])
    assert "sound_module_of_a_test" in sys.modules
    assert "broken_module_of_a_test" not in sys.modules


def test_with_a_thread_beside_it_nothing_is_forked(tmp_path):
    wait = threading.Event()
    thread = threading.Thread(target=wait.wait)
    thread.start()
    with socket.socket(socket.AF_UNIX) as listener:
        assert serve(listener, 0) is None
    wait.set()
    thread.join()
