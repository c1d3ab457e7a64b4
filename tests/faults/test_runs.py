"""Faults of whole runs: killed, doubled, offline, misspelt, hostile names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def jobs_of(folder):
    """Return the process numbers of all jobs that work in a run folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            where = (process / "cwd").resolve()
        except OSError:
            continue
        if b"step" in words and where == folder:
            found.append(int(process.name))
    return found


def wait_for(condition, seconds):
    """Return whether a condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
def test_a_run_killed_in_training_leaves_no_orphan_and_the_same_command_resumes(tmp_path, command):
    folder = (tmp_path / "run").resolve()
    arguments = ["run", "acm", "smoke", "--out", str(folder), "--set", "data.subjects=['01']"]
    run = subprocess.Popen(
        [sys.executable, "-m", "neurodecode", *arguments],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert wait_for(lambda: (folder / "logs" / "train" / "01.log").exists(), 120)

    second = command(*arguments)
    assert second.returncode == 2
    assert "another run is at work in this folder" in second.stderr
    assert f"process {run.pid} on " in second.stderr
    assert "Traceback" not in second.stderr

    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert wait_for(lambda: not jobs_of(folder), 10), "a job outlived its run"
    assert not (folder / "report.html").exists()
    prepared = (folder / "stores" / "01" / "store.json").stat().st_mtime_ns

    resumed = command(*arguments)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert (folder / "report.html").exists()
    assert (folder / "stores" / "01" / "store.json").stat().st_mtime_ns == prepared

    # The interrupted run's numbers are those of an undisturbed one.
    other = (tmp_path / "other").resolve()
    arguments[arguments.index(str(folder))] = str(other)
    assert command(*arguments).returncode == 0
    metrics = [json.loads((f / "report.json").read_text())["metrics"] for f in (folder, other)]
    assert metrics[0] == metrics[1]


def test_no_network_and_no_data_is_answered_at_once(tmp_path, command):
    began = time.monotonic()
    result = command(
        "run", "acm", "physionet", "--out", tmp_path / "run", "--set", "data.subjects=[1]",
        NEURODECODE_OFFLINE="1", NEURODECODE_DATA=str(tmp_path / "data"),
    )  # fmt: skip
    assert time.monotonic() - began < 30
    assert result.returncode == 1
    said = [line for line in result.stdout.splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert "PhysionetMI" in said[0]
    assert "S001R04.edf" in said[0]
    assert str(tmp_path / "data") in said[0]
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["acm", "--set", "modle.order=3"], "unknown key 'modle', did you mean 'model'?"),
        (["acm", "--set", "model.ordr=3"], "unknown key 'model.ordr', did you mean 'model.order'?"),
        (["acn"], "unknown pipeline 'acn', did you mean 'acm'?"),
        (["acm", "smok"], "unknown experiment of acm 'smok', did you mean 'smoke'?"),
        (["acm", "--set", "data.dataset=PhysionetM"], "did you mean 'PhysionetMI'?"),
        (["acm", "--force", "trian"], "unknown rule 'trian', did you mean 'train'?"),
        (["acm", "--set", "decoders=[ACM+TS+SVN]"], "did you mean 'ACM+TS+SVM'?"),
        (["acm", "--set", "model.order=0"], "key 'model.order'"),
        (["acm", "--set", "data.subjects=[12]"], "unknown subject of simulated-motor-imagery '12'"),
        (["acm", "none.yaml"], "file not found"),
    ],
)
def test_a_misspelt_request_is_answered_with_the_nearest_name(command, arguments, answer):
    result = command("run", *arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("error: ")
    assert answer in result.stderr


def test_a_yaml_tag_that_would_run_code_is_refused(tmp_path, command):
    path = tmp_path / "evil.yaml"
    path.write_text("description: !!python/object/apply:os.system ['touch owned']\n")
    result = command("run", "acm", path)
    assert result.returncode == 2
    assert "not plain YAML" in result.stderr
    assert not (REPOSITORY / "owned").exists()


def test_markup_in_a_name_reaches_neither_terminal_nor_report(tmp_path, command):
    hostile = "<script>alert(1)</script> [/red] [bold]x"
    result = command(
        "run", "acm", "smoke", "--out", tmp_path / "run",
        "--set", f"description='{hostile}'", "--set", "data.subjects=['01']",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[/red] [bold]x" in result.stdout
    page = (tmp_path / "run" / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


def test_an_unwritable_place_is_one_line(tmp_path, command):
    (tmp_path / "file").write_text("")
    result = command("run", "acm", "smoke", "--out", tmp_path / "file" / "run")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("error: ")
