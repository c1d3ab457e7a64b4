"""Commands that only look do not load what computes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PROGRAM = """
import json, sys
sys.argv = ["neurodecode", *json.loads(sys.argv[1])]
from neurodecode.cli import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def loaded_after(*arguments):
    """Return the names of all top-level modules that a command loaded."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(list(map(str, arguments)))],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--help"], ["--version"]])
def test_help_and_list_load_nothing_heavy(arguments):
    heavy = {"torch", "mne", "moabb", "sklearn", "snakemake", "numpy", "pandas", "scipy"}
    assert not heavy & loaded_after(*arguments)


@pytest.mark.parametrize("experiment", ["smoke", "bnci2014_001"])
def test_a_dry_run_loads_no_torch_mne_or_moabb(tmp_path, experiment):
    loaded = loaded_after("run", "acm", experiment, "-n", "--out", tmp_path / "run")
    assert "snakemake" in loaded
    assert not {"torch", "mne", "moabb", "sklearn", "pyriemann"} & loaded


def test_the_catalogue_is_listed_without_loading_moabb():
    assert not {"torch", "mne", "moabb", "sklearn"} & loaded_after("data", "list", "--all")
