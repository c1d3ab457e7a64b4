"""Spikes are written the same with and without a cache, and from the past that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes import CorrectionSection, SamplingSection, generate
from neurodecode.spikes.chains import chain_rows
from neurodecode.spikes.stepping import Stepper

GREEDY = SamplingSection(greedy=True)


def same(first, second):
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("window", "draw", "unit", "time", "ended")
    )


@pytest.mark.parametrize("corrections", ["corrected", "released"])
@pytest.mark.parametrize("past", ["teacher", "own"])
def test_greedy_spikes_with_a_cache_are_those_of_one_pass_per_token(
    config, recording, model, corrections, past
):
    settings = config(full=True, corrections=corrections)
    network, windows = model(settings), recording(settings)
    options = {"past": past, "sampling": GREEDY}
    with_cache = generate(network, windows, **options)
    without = generate(network, windows, cached=False, **options)
    assert len(with_cache.unit) > 20
    assert same(with_cache, without)
    np.testing.assert_allclose(with_cache.expected, without.expected, atol=1e-5)


def test_drawn_spikes_with_a_cache_are_those_of_one_pass_per_token(config, recording, model):
    settings = config(full=True)
    network, windows = model(settings), recording(settings)
    options = {"n_draws": 2, "past": "own", "seed": 3}
    found = [generate(network, windows, cached=cached, **options) for cached in (True, False)]
    assert same(*found)
    assert found[0].ended.any()  # so that rows were left behind on the way


def test_logits_of_each_step_are_those_of_the_whole_pass(config, recording, model):
    settings = config(full=True)
    network, batch = model(settings), recording(settings).batch(range(6))
    with torch.no_grad():
        whole = network(batch)
        stepper = Stepper(network, batch, n_draws=2)
        for place in range(14):
            tokens = (batch[name][:, place].repeat_interleave(2) for name in ("id", "dt"))
            ids, times = stepper.step(*tokens)
            for row in (0, 1):
                torch.testing.assert_close(ids[row::2], whole.id[:, place], rtol=1e-4, atol=1e-4)
                torch.testing.assert_close(times[row::2], whole.dt[:, place], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("past", ["teacher", "own"])
def test_the_size_of_batches_changes_no_spike(config, recording, model, past):
    settings = config()
    network = model(settings)
    windows = recording(settings, chains=[0] * 7 + [1] * 13)
    options = {"n_draws": 3, "past": past, "seed": 1}
    found = [generate(network, windows, batch_size=size, **options) for size in (1, 5, 64)]
    assert same(found[0], found[1])
    assert same(found[0], found[2])
    assert not same(found[0], generate(network, windows, **{**options, "seed": 2}))


def test_draws_differ_and_lie_in_their_windows(config, recording, model):
    settings = config()
    windows = recording(settings)
    found = generate(model(settings), windows, n_draws=4)
    counts = found.counts()
    assert counts.shape == (20, 4, 9)
    assert counts.sum() == len(found.unit)
    assert not np.array_equal(counts[:, 0], counts[:, 1])
    within = found.time - (windows.stops[found.window] - 0.05)
    assert within.min() > -1e-9
    assert within.max() < 0.05 - 1e-9


def others_from(start):
    """Return a change of units after a time (s), as what the first window's past does not hold."""
    return lambda times, units: np.where(times > start, (units + 4) % 9, units)


def test_own_past_is_what_was_written_and_the_real_spikes_no_longer_matter(
    config, recording, model
):
    settings = config()
    network, windows = model(settings), recording(settings)
    other = recording(settings, change=others_from(windows.stops[0] - 0.05))
    own = [generate(network, each, past="own", sampling=GREEDY) for each in (windows, other)]
    real = [generate(network, each, past="teacher", sampling=GREEDY) for each in (windows, other)]
    assert same(*own)
    assert not same(*real)


def test_the_released_own_past_is_the_real_one_all_the_same(config, recording, model):
    settings = config(corrections=CorrectionSection(own_past=False))
    network, windows = model(settings), recording(settings)
    other = recording(settings, change=others_from(windows.stops[0] - 0.05))
    own = [generate(network, each, past="own", sampling=GREEDY) for each in (windows, other)]
    assert not same(*own)


def test_a_written_past_stands_at_its_times_from_the_past_windows_start(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    seen = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    found = generate(network, windows, past="own", sampling=GREEDY, cached=False)
    last = seen[-1]
    units, times = windows.tokenizer.decode(last["past_id"][0, 1:], last["past_dt"][0, 1:])
    start = windows.stops[-1] - 0.15
    inside = (found.time > start - 1e-9) & (found.time < start + 0.1 - 1e-9)
    expected = sorted(zip((found.time[inside] - start).round(6), found.unit[inside], strict=True))
    assert expected
    assert [(round(t, 6), u) for t, u in zip(times, units, strict=True)] == expected[-18:]


def test_chains_end_at_gaps_and_begin_anew_with_the_real_past(config, recording):
    settings = config()
    windows = recording(settings, stops=[0.3, 0.35, 0.5, 0.55, 0.4], chains=[0, 0, 0, 1, 0])
    assert [chain.tolist() for chain in chain_rows(windows)] == [[0, 1, 4], [2], [3]]
    overlapping = recording(settings, stops=[0.3, 0.32])
    with pytest.raises(DataFault, match="windows overlap"):
        chain_rows(overlapping)


def test_a_filter_of_one_token_is_greedy(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    narrow = SamplingSection(top_k=1, dt_top_k=1)
    assert same(generate(network, windows, sampling=narrow),
                generate(network, windows, sampling=GREEDY))  # fmt: skip


def test_released_tokens_may_be_special_and_then_are_no_spikes(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    with torch.no_grad():
        network.dt_head.weight[network.tokenizer.dt_pad] = network.dt_head.weight.mean(0) * 0 + 50
        network.decoder.blocks[-1].output_norm.weight.zero_()
        network.decoder.blocks[-1].output_norm.bias.fill_(1.0)
        network.id_head.weight.zero_()[4] = 1.0
    free = generate(network, windows, sampling=SamplingSection(greedy=True, valid_tokens=False))
    assert len(free.unit) == 0
    bound = generate(network, windows, sampling=GREEDY)
    assert set(bound.unit.tolist()) == {4}
    assert len(bound.unit) == 20 * 13  # full blocks
    assert not bound.ended.any()


def test_generation_leaves_the_mode_of_the_model(config, recording, model):
    settings = config()
    network = model(settings).train()
    network.past_stage.eval()
    generate(network, recording(settings))
    assert network.training
    assert not network.past_stage.training


def test_unknown_pasts_and_other_settings_are_refused(config, recording, model):
    settings = config()
    with pytest.raises(ConfigFault, match="did you mean 'teacher'"):
        generate(model(settings), recording(settings), past="teachers")
    with pytest.raises(ConfigFault, match="different settings"):
        generate(model(config(n_neurons=10)), recording(settings))
