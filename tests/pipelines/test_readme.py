"""Every command of the README works as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line for block in BLOCKS for line in block.splitlines() if line.startswith("neurodecode ")
]
READS_A_RUN = ("runs", "report", "meta")
NO_RUN = ("list", "data")


@pytest.fixture(scope="module")
def bids(tmp_path_factory):
    """Return a BIDS folder of one subject with two runs of two tasks."""
    import mne
    import mne_bids
    import numpy as np

    root = tmp_path_factory.mktemp("own") / "bids"
    info = mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg")
    info["line_freq"] = 50
    samples = 1e-5 * np.random.default_rng(0).standard_normal((3, 5000))
    for run, task in (("1", "imagery"), ("2", "imagery"), ("1", "rest")):
        raw = mne.io.RawArray(samples, info, verbose="error")
        raw.set_annotations(
            mne.Annotations(np.arange(1, 47, 2.0), 1.0, ["left", "right"] * 11 + ["left"])
        )
        path = mne_bids.BIDSPath(root=root, subject="01", run=run, task=task, datatype="eeg")
        mne_bids.write_raw_bids(raw, path, format="BrainVision", allow_preload=True,
                                verbose="error")  # fmt: skip
    return root


def test_the_readme_installs_and_tests_with_one_command_each():
    assert 'pip install -c constraints.txt ".[dev]" && neurodecode run acm' in README
    assert "\npytest -n 2 --dist loadfile\n" in README


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.split()[1] == "run"])
def test_a_run_of_the_readme_is_accepted(line, command, bids, tmp_path):
    """Runs are dry here: they are checked, planned and handed to Snakemake, not carried out."""
    study = tmp_path / "study"
    for subject in ("01", "02", "03"):
        (study / f"sub-{subject}").mkdir(parents=True)
    words = shlex.split(line.replace("/my/study", str(study)).replace("/my/bids", str(bids)))[1:]
    ours, _, extra = " ".join(map(shlex.quote, words)).partition(" -- ")
    arguments = shlex.split(ours)
    if "--print-config" not in arguments and "-n" not in arguments:
        arguments.append("-n")
    if "--out" not in arguments:
        arguments += ["--out", str(tmp_path / "run")]
    if extra and "slurm" not in extra:
        arguments += ["--", *shlex.split(extra)]
    result = command(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "would run" in result.stdout or "dataset:" in result.stdout


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.split()[1] in NO_RUN])
def test_a_look_up_of_the_readme_answers(line, command, bids, tmp_path):
    words = shlex.split(line.replace("/my/bids", str(bids)))[1:]
    if words[:2] == ["data", "check"]:
        words += ["--config-out", str(tmp_path / "mine.yaml")]
    result = command(*words)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.split()[1] in READS_A_RUN])
def test_a_command_on_a_finished_run_answers(line, command, run_copy, tmp_path):
    line = line.replace("reports/meta.html", str(tmp_path / "meta.html"))
    line = line.replace("reports/acm/smoke", str(run_copy)).replace(
        "reports/acm/demo", str(run_copy)
    )
    words = shlex.split(line)[1:]
    result = command(*words, *([str(tmp_path)] if words == ["runs"] else []))
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_no_command_of_the_readme_is_left_out():
    known = {"run", *NO_RUN, *READS_A_RUN}
    assert {line.split()[1] for line in COMMANDS} <= known
    assert len(COMMANDS) > 10


def test_the_python_example_of_the_readme_runs():
    import numpy as np

    examples = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    (example,) = (text for text in examples if "X_train" in text)
    rng = np.random.default_rng(0)
    X_train = rng.standard_normal((20, 4, 200))
    y_train = np.array(["left", "right"] * 10)
    names = {"X_train": X_train, "y_train": y_train}
    exec(example, names)
    assert set(names["decoder"].predict(X_train)) == {"left", "right"}
