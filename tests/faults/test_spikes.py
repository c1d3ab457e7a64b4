"""Faults of recorded spike trains, as somebody with a folder of their own meets them.

A unit without a spike, times out of order or not finite, behaviour on another clock than the
spikes, a broken NWB file, windows longer than a recording, behaviour or a stimulus that was not
recorded, a trained model of another population, and wrong names. One run meets the faults of
several subjects, one each: every one is told, none hides another.
"""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

MINE = """
description: my own study
data: {dataset: local, path: PATH}
windows: {dt: 0.02, current: 0.1, past: 0.1, block: 12, past_block: 12}
split: {n_blocks: 10, gap_seconds: 0.2}
models: [Poisson GLM]
network: {width: 8, n_heads: 2, n_state_layers: 1, n_past_layers: 1}
jobs: subject
evaluation: {n_windows: 20, n_resamples: 100}
"""


def spikes_of(seconds=30.0, units=("a", "b", "c"), seed=0):
    """Return times and labels of spikes, 5 a second and unit."""
    rng = np.random.default_rng(seed)
    n_spikes = int(5 * seconds * len(units))
    return np.sort(rng.uniform(0, seconds, n_spikes)), rng.choice(list(units), n_spikes)


def write(root, subject, times, units, *, behaviour=None, table=None, frames=None):
    """Write one session as plain arrays."""
    folder = root / f"sub-{subject}" / "ses-1"
    folder.mkdir(parents=True, exist_ok=True)
    if table is not None:
        units = np.searchsorted(table, units)
        described = {"unit_table": [{"unit": label} for label in table], "limits": [0, 30]}
        (folder / "store.json").write_text(json.dumps(described))
    np.savez(folder / "spikes.npz", times=times, units=units)
    if behaviour is not None:
        series = pd.DataFrame({"variable": "speed", "time": behaviour, "value": np.sin(behaviour)})
        series.to_parquet(folder / "behaviour.parquet")
    if frames is not None:
        np.save(folder / "stimulus.npy", np.zeros((len(frames), 8, 8), np.float32))
        np.save(folder / "frame_times.npy", frames)


def run_of(typed, root, out, *settings, more=()):
    """Run the experiment on a folder; return exit code and what was said."""
    experiment = root.parent / f"{root.name}.yaml"
    experiment.write_text(MINE.replace("PATH", str(root)))
    overrides = [word for setting in settings for word in ("--set", setting)]
    result = typed("run", "spikes", experiment, "--out", out, *overrides, *more)
    said = result.stdout + result.stderr
    assert "Traceback" not in said
    return result.returncode, said


def line_of(said, words):
    """Return the one line of error that has some words."""
    lines = {line for line in said.splitlines() if line.startswith("error:")}
    found = [line for line in lines if re.search(words, line)]
    assert len(found) == 1, said
    return found[0]


@pytest.fixture(scope="module")
def unread(tmp_path_factory, typed):
    """Return what is said of a study in which every subject's files have a fault of their own."""
    root = tmp_path_factory.mktemp("unread") / "study"
    times, units = spikes_of()
    swapped, unknown = times.copy(), times.copy()
    swapped[[50, 51]] = times[[51, 50]]
    unknown[7] = np.nan
    write(root, "silent", times, units, table=["a", "b", "c", "quiet"])
    write(root, "order", swapped, units)
    write(root, "nan", unknown, units, table=["a", "b", "c"])
    write(root, "clock", times, units, behaviour=1000 * np.arange(0, 30, 0.05))
    (root / "sub-nwb").mkdir()
    (root / "sub-nwb" / "sub-nwb_ses-1.nwb").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    code, said = run_of(typed, root, root.parent / "run", more=("--", "--keep-going"))
    assert code == 1
    assert not (root.parent / "run" / "model").exists()
    return said


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        pytest.param("silent", r"unit quiet has no spike.*leave .* out .*silent_units='drop'",
                     marks=pytest.mark.fault(3, "spikes")),
        ("order", r"spike 51 of unit \w at [\d.]+ s is earlier than the spike before.*sort"),
        pytest.param("nan", r"spike 7 of unit \w at nan s is not finite.*remove it",
                     marks=pytest.mark.fault(1, "spikes")),
        pytest.param("clock", r"behaviour 'speed' runs from 0.000 to 29950.000 s, the spikes from "
                     r".*different clocks.*samples or ms",
                     marks=pytest.mark.fault(5, "spikes")),
        ("nwb", r"not a whole NWB file.*sub-nwb_ses-1.nwb.*fetch it again"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_right_is_named_with_what_to_do(unread, seen, subject, words):
    line = seen(line_of(unread, words))
    assert f"prepare {subject}" in line
    assert " -> " in line


@pytest.fixture(scope="module")
def unfit(tmp_path_factory, typed):
    """Return what is said of whole recordings that do not have what the settings ask for."""
    root = tmp_path_factory.mktemp("unfit") / "study"
    clock = np.arange(0, 30, 0.05)
    times, units = spikes_of()
    write(root, "blind", times, units, behaviour=clock)
    write(root, "still", times, units, frames=clock)
    write(root, "short", np.array([0.01, 0.05, 0.12]), np.array(["a", "b", "c"]),
          behaviour=clock[:4], frames=clock[:4])  # fmt: skip
    code, said = run_of(typed, root, root.parent / "run", "stimulus.window=0.2",
                        "stimulus.kernel=[1, 4, 4]", "targets=[sped]",
                        more=("--", "--keep-going"))  # fmt: skip
    assert code == 1
    return said


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("blind", r"no stimulus was recorded.*set stimulus: null"),
        ("still", r"unknown behaviour variable 'sped'"),
        pytest.param(
            "short",
            r"a window of [\d.]+ s .* longer than the recording, 0.11 s.*shorten",
            marks=pytest.mark.fault(7, "spikes"),
        ),
    ],
)
def test_what_a_recording_does_not_have_is_named_with_the_recording(unfit, seen, subject, words):
    assert f"subject {subject}, session 1" in seen(line_of(unfit, words))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("models=[state+pst]", "unknown part of 'state+pst' 'pst', did you mean 'past'?"),
        ("decoders=[Laso]", "unknown behaviour decoder 'Laso', did you mean 'Lasso'?"),
        ("protocol=blocked_times", "did you mean 'blocked_time'?"),
        ("windws.dt=0.01", "unknown key 'windws', did you mean 'windows'?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_before_anything_runs(
    typed, tmp_path, setting, words
):
    (tmp_path / "study" / "sub-1").mkdir(parents=True)
    code, said = run_of(typed, tmp_path / "study", tmp_path / "run", setting)
    assert code == 2
    assert words in line_of(said, re.escape(words))
    assert not (tmp_path / "run" / "raw").exists()


@pytest.mark.fault(26, "spikes")
def test_row_26_a_data_set_that_is_not_here_is_asked_for_by_its_file(typed, tmp_path):
    result = typed("run", "spikes", "real_cockroach", "--out", tmp_path / "run",
                     NEURODECODE_DATA=str(tmp_path / "data"), NEURODECODE_OFFLINE="1")  # fmt: skip
    assert result.returncode == 1
    said = result.stdout + result.stderr
    assert "Traceback" not in said
    assert "spikes.csv.gz" in line_of(said, "cockroach-antennal-lobe")


@pytest.mark.fault(16, "spikes")
def test_a_trained_model_of_another_population_is_refused_at_load(typed, tmp_path):
    """The experiment itself works: it is trained and scored first."""
    root, out = tmp_path / "study", tmp_path / "run"
    write(root, "01", *spikes_of())
    write(root, "02", *spikes_of(units=("a", "b", "x"), seed=1))
    code, said = run_of(typed, root, out, more=("--until", "evaluate"))
    assert code == 0, said
    one, other = sorted((out / "model").iterdir())
    kept, place = next(other.rglob("sub-02_ses-1")), next(one.rglob("sub-01_ses-1"))
    shutil.copytree(kept, place, dirs_exist_ok=True)
    code, said = run_of(typed, root, out, more=("--force", "evaluate", "--until", "evaluate"))
    assert code == 1
    line = line_of(said, "another population")
    assert "unit 2 is 'x', here 'c'" in line
    assert "--force train" in line


@pytest.mark.fault(28, "spikes")
def test_row_28_a_design_too_large_for_memory_is_estimated_first(typed, tmp_path, monkeypatch):
    write(tmp_path / "study", "01", *spikes_of())
    monkeypatch.setattr("neurodecode.spikes.baselines.poisson_glm.MOST_BYTES", 1000)
    code, said = run_of(typed, tmp_path / "study", tmp_path / "run", more=("--until", "train"))
    assert code == 1
    assert "GiB -> use wider bins, fewer filters" in line_of(
        said, r"a design of \d+ bins x \d+ col"
    )
