"""Causal resampling gives the offline numbers, whatever the chunks, never from the future."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from neurodecode.faults import DataFault
from neurodecode.streaming.causal import CausalChain, CausalResampler
from neurodecode.streaming.chain import Chain

RATES = [(1200.0, 120.0), (1000.0, 120.0), (250.0, 120.0), (100.0, 120.0), (120.0, 120.0)]


def signals(n, seed=0):
    return np.random.default_rng(seed).normal(0, 1e-5, (3, n))


def in_chunks(stage, samples, sizes):
    """Push samples in chunks of these sizes, over and over."""
    out, first, k = [], 0, 0
    while first < samples.shape[1]:
        size = sizes[k % len(sizes)]
        out.append(stage.push(samples[:, first : first + size]))
        first, k = first + size, k + 1
    return np.concatenate(out, axis=1)


@pytest.mark.parametrize(("sfreq", "target"), RATES)
@settings(max_examples=15)
@given(sizes=st.lists(st.integers(1, 97), min_size=1, max_size=6))
def test_chunks_of_any_size_give_the_same_bits(sfreq, target, sizes):
    chain = Chain(target, -0.1, 10)
    samples = signals(500)
    whole = CausalChain(chain, sfreq).push(samples)
    np.testing.assert_array_equal(in_chunks(CausalChain(chain, sfreq), samples, sizes), whole)


@settings(max_examples=15)
@given(sizes=st.lists(st.integers(1, 97), min_size=1, max_size=6))
def test_chunks_of_any_size_give_the_same_bits_with_filters(sizes):
    chain = Chain(120.0, -0.1, 10, highpass=0.5, lowpass=40.0, notch=50.0)
    samples = signals(500)
    whole = CausalChain(chain, 1000.0).push(samples)
    np.testing.assert_array_equal(in_chunks(CausalChain(chain, 1000.0), samples, sizes), whole)


@pytest.mark.parametrize(("sfreq", "target"), RATES)
def test_away_from_the_edges_it_is_the_zero_phase_resampling_of_the_training(sfreq, target):
    samples = signals(2500)
    resampler = CausalResampler(sfreq, target)
    found = resampler.push(samples)
    offline = resample_poly(samples, resampler.up, resampler.down, axis=-1)
    edge = int(np.ceil(2 * resampler.delay * target)) + 1
    assert found.shape[1] > 2 * edge
    inner = slice(edge, found.shape[1])
    np.testing.assert_allclose(found[:, inner], offline[:, inner], rtol=0, atol=1e-16)


@pytest.mark.parametrize(("sfreq", "target"), RATES)
def test_an_output_comes_as_soon_as_its_delay_has_passed_and_not_before(sfreq, target):
    resampler = CausalResampler(sfreq, target)
    n_out = 0
    for k, sample in enumerate(signals(600).T):
        n_out += resampler.push(sample[:, None]).shape[1]
        # Output n lies at n / target; a tap may fall between this sample and the next.
        done, begun = ((t / sfreq - resampler.delay) * target for t in (k, k + 1))
        assert np.floor(done + 1e-6) + 1 <= n_out or done < 0
        assert n_out <= max(0.0, np.floor(begun + 1e-6) + 1)
    assert n_out > 20


def test_what_comes_later_changes_nothing_that_was_given_out():
    chain = Chain(120.0, -0.1, 10, highpass=1.0)
    samples = signals(1500)
    other = samples.copy()
    other[:, 1000:] = 1.0
    first, second = (CausalChain(chain, 1000.0).push(x) for x in (samples, other))
    delay = CausalChain(chain, 1000.0).delay
    settled = int((0.999 - delay) * 120.0)
    np.testing.assert_array_equal(first[:, :settled], second[:, :settled])
    assert not np.array_equal(first, second)


def test_from_1200_to_120_hz_the_delay_is_83_ms():
    assert CausalResampler(1200.0, 120.0).delay == pytest.approx(0.0833, abs=1e-4)


def test_a_constant_offset_passes_from_the_first_sample_on():
    found = CausalChain(Chain(120.0, 0.0, 10), 1000.0).push(np.full((2, 600), 1e-5))
    np.testing.assert_allclose(found, 10.0, rtol=5e-3)


def test_a_highpass_takes_a_constant_offset_away_without_a_transient():
    chain = Chain(120.0, 0.0, 10, highpass=1.0)
    found = CausalChain(chain, 1000.0).push(np.full((2, 600), 1e-3))
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


def test_after_a_reset_nothing_of_the_past_is_left():
    chain = Chain(120.0, 0.0, 10, lowpass=30.0)
    used = CausalChain(chain, 1000.0)
    used.push(signals(500, seed=1))
    used.reset()
    fresh = CausalChain(chain, 1000.0)
    np.testing.assert_array_equal(used.push(signals(600)), fresh.push(signals(600)))


def test_a_filter_edge_above_nyquist_is_refused():
    with pytest.raises(DataFault, match=r"lowpass of 60 Hz .* 50 Hz"):
        CausalChain(Chain(120.0, 0.0, 10, lowpass=60.0), 100.0)
