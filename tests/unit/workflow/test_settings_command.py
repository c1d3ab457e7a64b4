"""``--set`` takes one setting or several, and leaves other arguments where they are."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from neurodecode.cli import app, each_set
from neurodecode.config import parse_yaml
from neurodecode.faults import ConfigFault


def printed(*words):
    """Return the settings that ``run ... --print-config`` shows."""
    result = CliRunner().invoke(app, ["run", *words, "--print-config"])
    assert result.exit_code == 0, result.output
    return parse_yaml(result.output)


@pytest.mark.parametrize("words", [
    ("acm", "smoke", "--set", "seed=7", "--set", "model.order=3"),
    ("acm", "smoke", "--set", "seed=7", "model.order=3"),
    ("--set", "seed=7", "model.order=3", "acm", "smoke"),
    ("acm", "--set", "seed=7", "model.order=3", "smoke"),
    ("acm", "smoke", "--set=seed=7", "model.order=3"),
    ("acm", "--set", "seed=7", "--cores", "1", "--set", "model.order=3", "--dry-run", "smoke"),
])  # fmt: skip
def test_several_settings_follow_one_option_or_each_its_own_wherever_the_pipeline_stands(words):
    found = printed(*words)
    assert (found["seed"], found["model"]["order"]) == (7, 3)
    assert found["data"]["simulation"] == printed("acm", "smoke")["data"]["simulation"]


def test_what_is_no_setting_ends_the_list():
    assert each_set(["--set", "a=1", "acm", "b=2"]) == ["--set", "a=1", "acm", "b=2"]
    assert each_set(["--set", "a=1", "./x=y.yaml"]) == ["--set", "a=1", "./x=y.yaml"]
    assert each_set(["acm", "--out", "c=3"]) == ["acm", "--out", "c=3"]


def test_an_option_without_setting_is_answered_in_one_line():
    with pytest.raises(ConfigFault, match=r"'acm' is no setting .* write KEY=VALUE"):
        each_set(["--set", "acm"])


def test_a_setting_that_the_shell_cut_is_answered_with_its_quotes():
    words = ["run", "acm", "--set", "data.task=a", "data.events=[left,", "right]", "-n"]
    with pytest.raises(ConfigFault, match=r'quote it: "data\.events=\[left, right\]"'):
        each_set(words)


def test_data_check_takes_several_settings_too(tmp_path):
    words = ["data", "check", str(tmp_path), "--for", "acm", "--set", "data.task=a", "nonsense.b=1"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "the folder is empty" in result.output
