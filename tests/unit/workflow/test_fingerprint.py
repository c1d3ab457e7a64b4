"""A rule's fingerprint follows its own code and settings, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodecode.riemann.config import ACMConfig
from neurodecode.workflow.fingerprint import RULES, fingerprints, modules_of

STEPS = Path(__file__).parents[3] / "pipelines" / "acm" / "steps.py"


def config(**changes):
    return ACMConfig.model_validate(
        {"description": "x", "data": {"dataset": "simulated-motor-imagery"}, **changes}
    )


@pytest.fixture(scope="module")
def base():
    return fingerprints(STEPS, config())


def changed(base, other):
    return {rule for rule in RULES if base[rule] != other[rule]}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, set()),
        ({"model": {"order": 7}}, {"train"}),
        ({"signals": {"bands": [[8, 30]]}}, {"prepare"}),
        ({"description": "another"}, {"report"}),
        ({"evaluation": {"n_bootstrap": 300}}, {"evaluate", "report"}),
        ({"evaluation": {"n_splits": 3}}, {"train", "evaluate", "report"}),
        ({"seed": 1}, {"fetch", "train", "evaluate", "report"}),
    ],
)
def test_a_setting_changes_the_rules_that_read_it(base, changes, rules):
    assert changed(base, fingerprints(STEPS, config(**changes))) == rules


def test_a_step_s_own_code_changes_its_rule_only(base, tmp_path):
    copy = tmp_path / "steps.py"
    copy.write_text(STEPS.read_text().replace('"{} trials x', '"{} pieces x'))
    assert changed(base, fingerprints(copy, config())) == {"prepare"}


def test_comments_and_layout_of_the_steps_change_nothing(base, tmp_path):
    copy = tmp_path / "steps.py"
    copy.write_text("# a remark\n" + STEPS.read_text().replace("\n\n\ndef", "\n\n\n\ndef"))
    assert changed(base, fingerprints(copy, config())) == set()


def test_rules_use_the_modules_of_their_task_and_not_of_others():
    of = {rule: set(modules_of(STEPS, rule)) for rule in RULES}
    assert "neurodecode.signals.checks" in of["prepare"]
    assert "neurodecode.riemann.decoders" in of["train"] & of["evaluate"]
    assert "neurodecode.datasets.simulate.motor_imagery" in of["fetch"]
    assert "neurodecode.report.figures" in of["report"]
    assert "neurodecode.report.figures" not in of["train"]
    assert "neurodecode.riemann.decoders" not in of["report"]
    assert "neurodecode.signals.checks" not in of["fetch"]
    assert all("neurodecode.workflow" not in name for rule in RULES for name in of[rule])


def test_modules_that_a_config_names_count_as_code_of_the_rule(base, monkeypatch):
    named = {"train": ("neurodecode.contrastive.retrieval",)}
    monkeypatch.setattr(ACMConfig, "modules", lambda self, rule: named.get(rule, ()))
    assert changed(base, fingerprints(STEPS, config())) == {"train"}
