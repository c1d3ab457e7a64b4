"""Settings of all methods in one file: each is told apart by its method and named in faults."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.machine import describe_machine, one_blas_thread
from neurodecode.config import apply_overrides, parse_yaml, read_yaml, to_yaml, validate
from neurodecode.faults import ConfigFault

FOLDER = Path(__file__).parents[3] / "configs" / "bench"


def config_of(name, *overrides):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_resolved_file_of_a_shipped_experiment_reads_back_the_same(path):
    config = validate(BenchConfig, read_yaml(path), source=str(path))
    assert validate(BenchConfig, parse_yaml(to_yaml(config))) == config


def test_the_shipped_schema_is_that_of_the_model():
    shipped = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(BenchConfig.model_json_schema())), (
        "run: neurodecode schema bench > configs/bench/schema.json"
    )


def test_blas_has_one_thread_while_timed():
    with one_blas_thread():
        machine = describe_machine()
    assert machine["cores"] >= 1
    assert all(part.endswith("1 threads") for part in machine["BLAS while timed"].split("; "))


def test_figures_claimed_are_the_methods_own_unless_the_experiment_says_others():
    config = config_of("smoke", "targets.exact=2")
    assert config.claimed == {"exact": 2.0, "shared": 50.0}
    assert config.tolerated == {"auc": 1e-3}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("targets.exakt=2", "unknown entry of targets 'exakt', did you mean 'exact'"),
        ("benchmark.method=akm", "unknown benchmark.method 'akm', did you mean 'acm'"),
        ("benchmark.order=[1]", "unknown key 'benchmark.order', did you mean 'benchmark.orders'"),
        ("benchmark.cost.lags=2", "unknown key 'benchmark.cost.lags'"),
        ("benchmark.n_splits=1", r"key 'benchmark\.n_splits': .* got 1"),
        ("benchmark.step.rounds=3", r"unknown key 'benchmark\.step"),
        ("data.simulation.n_trials=3", r"data\.simulation\.n_trials must be 20 or more"),
    ],
)
def test_a_wrong_setting_of_a_method_is_named_without_the_method(override, said):
    with pytest.raises(ConfigFault, match=said):
        config_of("smoke", override)


def test_a_benchmark_without_a_method_is_refused():
    tree = read_yaml(FOLDER / "smoke.yaml")
    del tree["benchmark"]["method"]
    with pytest.raises(ConfigFault, match=r"key 'benchmark\.method' is missing"):
        validate(BenchConfig, tree)


def test_each_rule_runs_the_code_of_its_own_method():
    assert config_of("smoke").modules("train") == ("neurodecode.benchmarks.acm.measure",)
    speech = config_of("speech_smoke")
    assert speech.modules("report") == ("neurodecode.benchmarks.speech.results",)
    assert speech.modules("fetch") == ()
    for name in ("smoke", "speech_smoke", "image_smoke", "mindbridge_smoke", "emotion_smoke",
                 "spikes_smoke", "adhd_smoke", "mci_smoke"):  # fmt: skip
        for rule in ("train", "evaluate", "report"):
            (module,) = config_of(name).modules(rule)
            assert find_spec(module) is not None
