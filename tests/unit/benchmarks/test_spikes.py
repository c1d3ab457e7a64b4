"""The benchmark of spikes compares tokens, losses and gradients before times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.ratios import ratios_over_repeats
from neurodecode.benchmarks.spikes import training, writing
from neurodecode.benchmarks.spikes.claims import size_note, spikes_claims
from neurodecode.benchmarks.spikes.config import settings_of
from neurodecode.benchmarks.spikes.evaluation import evaluate_unit, writing_split
from neurodecode.benchmarks.spikes.growth import Growth, growths_of
from neurodecode.benchmarks.spikes.measure import measure_unit
from neurodecode.benchmarks.spikes.population import draw_model, draw_windows
from neurodecode.benchmarks.spikes.programs import BATCHED, FUSED, MAPS, PREFIX, SINGLE, WHOLE
from neurodecode.benchmarks.spikes.sections import growth_section, training_section, writing_section
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.faults import ConfigFault
from neurodecode.spikes.attention import Attention
from neurodecode.spikes.stepping import Stepper

FOLDER = Path(__file__).parents[3] / "configs" / "bench"
WRITING, TRAINING, COST = (f"{kind}-threads-1-repeat-2" for kind in ("writing", "training", "cost"))
EQUAL = {"tokens": 0.0, "loss": 0.0, "gradient": 0.0}


def config_of(*overrides, name="spikes_smoke"):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.fixture(scope="module")
def written():
    return measure_unit(config_of(), WRITING, [])


@pytest.fixture(scope="module")
def trained():
    return measure_unit(config_of(), TRAINING, [])


@pytest.fixture(scope="module")
def grown():
    return measure_unit(config_of(), COST, [])


def test_all_programs_write_the_same_tokens_and_all_of_them(written):
    assert written["differing"] == dict.fromkeys((SINGLE, BATCHED, PREFIX, WHOLE), 0)
    assert written["n_tokens"] == 10
    assert written["distinct"] > 3  # a network that repeats itself would hide a wrong memory


def test_a_memory_that_loses_a_token_is_found_out_and_gets_no_ratio(monkeypatch):
    whole = Stepper._causal

    def forgetful(self, name, stage, hidden):
        if name == "encoder" and self.length == 3:
            for known in self.growing[name]:
                known.values[:, :, 0] = 0
        return whole(self, name, stage, hidden)

    monkeypatch.setattr(Stepper, "_causal", forgetful)
    found = measure_unit(config_of(), WRITING, [])
    assert found["differing"][SINGLE] > 0
    assert found["differing"][PREFIX] == 0
    result = evaluate_unit(config_of(), WRITING, found)
    assert result.rows == []
    assert result.facts["gaps"]["tokens"] > 0


def test_tokens_that_were_not_written_count_as_different():
    bench = settings_of(config_of())
    config = bench.network_of(block=bench.writing.n_tokens + 1)
    torch.manual_seed(0)
    model = draw_model(config, 0)
    windows = draw_windows(bench.population, config, 3, 0)
    peer = writing.make_programs(model, windows, 10)[WHOLE]()
    with torch.no_grad():
        model.id_head.weight[model.tokenizer.eos] = 100 * model.id_head.weight[0]
    ended = [program() for program in writing.make_programs(model, windows, 10).values()]
    assert any(np.isnan(tokens).any() for tokens in ended)
    for tokens in ended:
        if np.isnan(tokens).any():
            assert writing.count_differing(tokens, tokens) > 0
    assert writing.count_differing(peer, peer) == 0


def test_ratios_of_writing_are_per_window(written):
    seconds = {SINGLE: [2.0, 1.0], BATCHED: [3.0, 6.0], PREFIX: [8.0, 8.0], WHOLE: [20.0, 12.0]}
    rows = evaluate_unit(config_of(), WRITING, {**written, "seconds": seconds}).rows
    assert {(row.model, row.split): row.value for row in rows} == {
        (SINGLE, writing_split(WHOLE, 1)): 11.0,
        (SINGLE, writing_split(PREFIX, 1)): 6.0,
        (BATCHED, writing_split(WHOLE, 1)): 13.0,  # three windows together
        (BATCHED, writing_split(PREFIX, 1)): 6.0,
    }
    assert {row.session for row in rows} == {"repeat-2"}


def test_fused_attention_and_maps_have_the_same_loss_and_gradients(trained):
    assert [step["dropout"] for step in trained["steps"]] == [0.2, 0.0]
    for step in trained["steps"]:
        assert step["losses"][FUSED] == pytest.approx(step["losses"][MAPS], rel=1e-5)
        assert step["gradient_gap"] < 1e-4


def test_attention_of_another_scale_would_be_found_out(monkeypatch):
    fused = Attention.forward.__globals__["scaled_dot_product_attention"]

    def unscaled(queries, *rest):
        return fused(queries * 1.5, *rest)

    monkeypatch.setitem(
        Attention.forward.__globals__, "scaled_dot_product_attention", unscaled
    )  # fmt: skip
    found = measure_unit(config_of("benchmark.training.dropouts=[0]"), TRAINING, [])
    assert found["steps"][0]["gradient_gap"] > 1e-3
    assert evaluate_unit(config_of(), TRAINING, found).rows == []


def test_maps_are_held_for_the_backward_pass_where_the_kernel_is_fused(trained):
    with_dropout, without = trained["steps"]
    assert without["kernel"]
    assert without["held_mb"][FUSED] < without["held_mb"][MAPS]
    assert training.has_fused_kernel(0.0)
    assert with_dropout["kernel"] == training.has_fused_kernel(0.2)


def test_what_is_held_is_counted_once_and_without_parameters():
    layer = torch.nn.Linear(100, 50, bias=False)
    rows = torch.randn(10, 100)
    assert training.held_megabytes(layer, lambda: layer(rows).sum()) == pytest.approx(4e-3)


def test_tokens_per_second_are_places_of_the_windows(trained):
    config = config_of()
    found = evaluate_unit(config, TRAINING, trained)
    assert trained["steps"][0]["tokens"] == 3 * 12
    assert (found.table["tokens_per_second"] * found.table["seconds"]).round(6).eq(36).all()
    ratios = ratios_over_repeats([{"rows": [vars(r) for r in found.rows]}], repeats=1, seed=0)
    rows = training_section(found.table, ratios, config).blocks[1].rows
    assert [row[2] for row in rows] == [FUSED, MAPS] * 2


def test_the_exponent_is_that_of_each_round_with_an_interval():
    rounds = [{"threads": 1, "repeat": 1, "round": k, "n_units": n, "seconds": n ** (0.9 + k / 10)}
              for k in range(3) for n in (100, 200)]  # fmt: skip
    (growth,) = growths_of(pd.DataFrame(rounds))
    assert growth.exponent == pytest.approx(1.0)
    assert (growth.low, growth.high) == pytest.approx((0.9, 1.1))
    assert growth.n_rounds == 3


def test_a_curve_has_every_population_in_every_round(grown):
    config = config_of()
    table = evaluate_unit(config, COST, grown).table
    assert list(table["round"]) == [k for k in range(1, 7) for _ in range(2)]
    assert set(table["n_units"]) == {40, 80}
    assert (table["past_tokens"] == table["n_units"] // 4).all()
    section = growth_section(table, growths_of(table), config)
    assert [row[0] for row in section.blocks[2].rows] == [40, 80]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.7, 1.1, "holds"), (1.0, 1.3, "not shown"), (1.2, 1.9, "fails")],
)
def test_growth_is_judged_by_its_interval(low, high, verdict):
    claims = spikes_claims(EQUAL, [], [Growth(1, 1.0, low, high, 9)], config_of())
    assert {claim.key: claim.verdict for claim in claims}["exponent-threads-1"] == verdict


def test_claims_are_judged_by_the_smallest_and_the_largest_ratio(written):
    config = config_of("targets.writing=1e9", "targets.together=0")
    found = evaluate_unit(config, WRITING, written)
    ratios = ratios_over_repeats([{"rows": [vars(r) for r in found.rows]}], repeats=1, seed=0)
    claims = {c.key: c.verdict for c in spikes_claims(EQUAL, ratios, [], config)}
    assert claims["tokens"] == claims["loss"] == claims["gradient"] == "holds"
    assert claims["writing-threads-1"] == "fails"
    assert claims["together-threads-1"] == "holds"
    assert claims["training-0.2-threads-1"] == "not tested"
    rows = writing_section(found.table, {"distinct": 5}, ratios, config).blocks[1].rows
    assert [row[1] for row in rows] == [SINGLE, BATCHED, PREFIX, WHOLE]


def test_the_full_experiment_has_the_published_size():
    config = config_of(name="spikes")
    assert size_note(config) == ""
    assert "another" in size_note(config_of())
    bench = settings_of(config)
    with torch.device("meta"):
        model = bench.network_of(block=bench.population.windows.block).build()
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    assert n_parameters == pytest.approx(25.1e6, rel=1e-3)
    assert bench.writing.n_tokens == 100


def test_a_network_that_cannot_be_built_is_refused():
    with pytest.raises(ConfigFault, match="multiple of n_heads"):
        config_of("benchmark.network.n_heads=3")
