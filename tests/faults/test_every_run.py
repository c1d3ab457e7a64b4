"""Rows 21 to 27 of the fault list: disk, kill, lock, changed code, hostile files, network and
missing files; the same promise for every pipeline."""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from ast import literal_eval
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from filelock import FileLock

from neurodecode.artefacts import write_json
from neurodecode.datasets import find_card
from neurodecode.datasets.catalog import ALTERNATIVE
from neurodecode.workflow import fingerprint
from neurodecode.workflow.lock import HOLDER
from neurodecode.workflow.plan import Plan

REPOSITORY = Path(__file__).parents[2]


def files(folder):
    """Return the content of every file of the stores."""
    return {path.relative_to(folder): path.read_bytes()
            for path in sorted((folder / "stores").rglob("*")) if path.is_file()}  # fmt: skip


@contextmanager
def full_disk():
    """The disk takes some bytes of each file, then no more."""

    def no_space(handle):
        os.ftruncate(handle, os.fstat(handle).st_size // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    with patch("os.fsync", no_space):
        yield


@pytest.mark.fault(21)
def test_a_full_disk_leaves_the_old_file_or_none(pipeline, smallest_run, seen):
    before = files(smallest_run.out)
    smallest_run.terminal.around["prepare"] = full_disk
    line = seen(smallest_run(force="prepare").fault)
    assert "cannot write: No space left on device" in line
    assert "stores" in line
    assert "free space or choose another folder; the old file, if any, is untouched" in line
    assert files(smallest_run.out) == before
    smallest_run.terminal.around.clear()
    assert smallest_run(force="prepare").returncode == 0


@pytest.mark.fault(22)
def test_a_run_killed_while_it_writes_goes_on_by_the_same_command(pipeline, smallest_run, seen):
    """tests/faults/test_kill.py kills whole runs, and looks for orphans."""
    before = files(smallest_run.out)
    for path in before:
        (smallest_run.out / path).unlink()
    smallest_run.terminal.killed = "prepare"
    line = seen(smallest_run().fault)
    assert "the job ended without a word (killed, or out of memory)" in line
    left = files(smallest_run.out)
    assert left
    assert all(path.name.startswith(".") for path in left)  # none under a final name
    smallest_run.terminal.killed = ""
    screen = smallest_run()
    assert screen.returncode == 0, screen.said
    assert "fetch" not in screen.said
    found = files(smallest_run.out)
    for path in before:
        assert found[path] == before[path] or path.name == "people.parquet"  # it holds times


@pytest.mark.fault(23)
def test_a_second_run_is_told_who_is_at_work_and_how_to_go_on(pipeline, smallest_run, seen):
    holder = {"pid": 4321, "host": socket.gethostname(), "started": "2026-01-01T00:00:00+00:00"}
    before = files(smallest_run.out)
    with FileLock(smallest_run.out / "run.lock"):
        write_json(smallest_run.out / HOLDER, holder)
        line = seen(smallest_run(force="prepare").fault)
    assert "another run is at work in this folder" in line
    assert f"process 4321 on {socket.gethostname()}, for " in line
    assert "wait for it, stop that process, or give another folder with --out" in line
    assert files(smallest_run.out) == before


@pytest.mark.fault(25)
def test_an_experiment_that_would_run_code_is_refused(pipeline, smallest_run, tmp_path):
    path = smallest_run.experiment = tmp_path / "evil.yaml"
    path.write_text(f"description: !!python/object/apply:os.system ['touch {tmp_path}/owned']\n")
    line = smallest_run().fault
    assert "not plain YAML" in line
    assert "evil.yaml, line 1" in line
    assert not (tmp_path / "owned").exists()


CHANGED = {
    "acm": "riemann.protocols", "speech": "contrastive.speech.training",
    "image": "contrastive.image.training", "mindbridge": "mindbridge.training",
    "emotion": "emotion.training", "spikes": "spikes.fitting", "adhd": "connectome.training",
    "mci": "morphometry.training",
}  # fmt: skip
"""A module that training uses, and preparation does not."""


def outputs(pipeline, plan):
    """Return the files that pipelines/common.smk asks each job for."""
    told = (REPOSITORY / "pipelines" / pipeline / "Snakefile").read_text()
    declared = {"STORE_FILES": ["store.json", "signals.npy", "trials.parquet"],
                "DRAWS": ["null", "resampled"]}  # fmt: skip
    for name in declared:
        for value in re.findall(rf"^{name} = (\[.*\])$", told, re.MULTILINE):
            declared[name] = literal_eval(value)
    drawn = [f"{name}.parquet" for name in declared["DRAWS"]]
    yield from (f"fetch/{plan.dataset}.json", "report.html", "report.json")
    yield from (f"stores/{s}/{name}" for s in plan.stores for name in declared["STORE_FILES"])
    yield from (f"model/{unit}/model.json" for unit in plan.units)
    yield from (f"evaluate/{unit}/{name}" for unit in plan.units
                for name in ("metrics.json", "predictions.parquet", *drawn))  # fmt: skip


@pytest.mark.fault(24)
def test_changed_code_reruns_what_uses_it_and_no_more(pipeline, smallest_run, seen, monkeypatch):
    """Snakemake itself plans here, on files that it is told to take for finished."""
    run, changed = smallest_run, f"neurodecode.{CHANGED[pipeline]}"
    for name in outputs(pipeline, Plan.read(run.out)):
        path = run.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            path.write_text("{}")
    run.terminal.snakemake = True
    (run.out / "report.json").write_text('{"headline": {}}')
    screen = run(until="report", more=("--", "--touch", "--forceall"))
    assert screen.returncode == 0, screen.said
    assert "0 jobs; nothing was run" in run(until="report", more=("-n",)).said
    original = fingerprint._file_hash
    monkeypatch.setattr(fingerprint, "_file_hash", lambda package, name: (
        "edited" if name == changed else original(package, name)))  # fmt: skip
    planned = run(until="report", more=("-n",)).stdout
    line = next(line.strip() for line in planned.splitlines() if "files changed" in line)
    assert "would run  train" in seen(line)
    assert "would run  fetch" not in planned
    assert "would run  prepare" not in planned
    assert "would run  report" in planned


EXPERIMENTS = {
    "acm": ("physionet", "PhysionetMI", "S001R04.edf"),
    "speech": ("brennan2019", "Brennan2019", "S01.mat"),
    "image": ("things_eeg2", "THINGS-EEG2", "sub-01"),
    "mindbridge": ("real_haxby", "haxby-slice", "haxby"),
    "emotion": ("published", "DREAMER", "DREAMER.mat"),
    "spikes": ("real_songbird", "songbird-hvc", ""),
    "adhd": ("adhd200_athena", "ADHD200-athena", ""),
    "mci": ("oasis3", "OASIS-3", ".csv"),
}
"""A published experiment of each pipeline, its data set, and a part of a file's name."""


@pytest.mark.fault(26)
def test_data_that_is_not_here_is_asked_for_at_once_by_its_files(
    pipeline, terminal, tmp_path, seen
):
    experiment, dataset, file = EXPERIMENTS[pipeline]
    began = time.monotonic()
    screen = terminal("run", pipeline, experiment, "--out", tmp_path / "run", "--until", "fetch",
                      NEURODECODE_OFFLINE="1", NEURODECODE_DATA=str(tmp_path / "data"))  # fmt: skip
    line = seen(screen.fault)
    assert time.monotonic() - began < 30
    assert dataset in line
    assert file in line
    assert str(tmp_path / "data") in line
    assert " -> " in line
    assert not list((tmp_path / "run" / "fetch").rglob("*.json"))


HALVES = {
    "acm": ("physionet", "PhysionetMI", ["1"]),
    "speech": ("brennan2019", "Brennan2019", ["S01"]),
    "image": ("things_eeg2", "THINGS-EEG2", ["01"]),
    "mindbridge": ("real_haxby", "haxby-slice", ["1"]),
    "emotion": ("published", "FACED", ["000", "001", "002"]),
    "spikes": ("real_hippocampus", "hippocampus-nelpy", ["linear-track", "w-maze"]),
    "adhd": ("adhd200_athena", "ADHD200-athena", ["0010001"]),
    "mci": ("oasis3", "OASIS-3", []),
}
"""A published experiment of each pipeline, a data set of several files, and subjects."""


@pytest.mark.fault(27)
def test_half_of_a_data_set_is_an_error_that_names_what_is_missing(
    pipeline, terminal, tmp_path, seen
):
    experiment, dataset, subjects = HALVES[pipeline]
    card = find_card(dataset, [REPOSITORY / "data" / "catalog"])
    wanted = [pattern.split(ALTERNATIVE)[0].replace("*", "x").replace("xx/", "x/")
              for label in subjects or [""] for pattern in card.expected(label)]  # fmt: skip
    for file in wanted[:-1]:
        path = tmp_path / "data" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"something")
    settings = ["--set", f"data.dataset={dataset}"]
    settings += ["--set", f"data.subjects={subjects}"] if subjects else []
    screen = terminal("run", pipeline, experiment, "--out", tmp_path / "run", "--until", "fetch",
                      *settings, NEURODECODE_OFFLINE="1",
                      NEURODECODE_DATA=str(tmp_path / "data"))  # fmt: skip
    line = seen(screen.fault)
    assert dataset in line
    assert Path(wanted[-1]).name.strip("x") in line.replace("*", "x")
    assert Path(wanted[0]).name not in line.replace("*", "x")
    assert " -> " in line
    assert not list((tmp_path / "run" / "fetch").rglob("*.json"))
