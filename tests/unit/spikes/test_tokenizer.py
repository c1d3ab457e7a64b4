"""Spikes become tokens and come back, and overflow loses the first ones alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.faults import DataFault
from neurodecode.spikes import SpikeTokenizer, WindowSection, clip_range

SMALL = WindowSection(current=0.05, past=0.1, block=8, past_block=30)


@st.composite
def windows(draw):
    """Return a tokenizer with room for all spikes, and spikes of one of its windows."""
    n_bins, n_past = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    dt = draw(st.sampled_from([0.005, 0.01, 0.02, 0.1]))
    n_neurons = draw(st.integers(1, 40))
    part = draw(st.sampled_from(["current", "past"]))
    bound = n_bins if part == "current" else n_past
    spikes = draw(st.lists(st.tuples(st.integers(0, n_neurons - 1), st.integers(0, bound - 1)),
                           max_size=40))  # fmt: skip
    sizes = WindowSection(dt=dt, current=n_bins * dt, past=n_past * dt, block=43, past_block=43)
    return SpikeTokenizer(n_neurons, sizes), part, spikes


@given(windows())
def test_what_is_decoded_is_what_was_encoded(case):
    tokenizer, part, spikes = case
    units, bins = np.array(spikes, int).reshape(-1, 2).T
    tokens = tokenizer.encode(units, bins, part)
    found_units, found_times = tokenizer.decode(tokens.id[1:], tokens.dt[1:])
    expected = sorted(spikes, key=lambda spike: (spike[1], spike[0]))
    assert [int(unit) for unit in found_units] == [unit for unit, _ in expected]
    np.testing.assert_allclose(found_times, [b * tokenizer.windows.dt for _, b in expected])
    assert tokens.n_dropped == 0


@given(windows())
def test_every_list_has_the_length_of_its_block_and_one_more(case):
    tokenizer, part, spikes = case
    units, bins = np.array(spikes, int).reshape(-1, 2).T
    tokens = tokenizer.encode(units, bins, part)
    assert tokens.id.shape == tokens.dt.shape == (tokenizer.block(part) + 1,)
    assert tokens.id[0] == tokenizer.sos
    assert (tokens.id == tokenizer.eos).sum() == (tokens.dt == tokenizer.dt_eos).sum() == 1
    np.testing.assert_array_equal(tokens.id == tokenizer.pad, tokens.dt == tokenizer.dt_pad)
    # the released code stores one PAD more than its input has
    assert tokens.n_padding == (tokens.id[:-1] == tokenizer.pad).sum() + 1
    assert tokens.dt[0] == 0


@pytest.mark.parametrize("correct_overflow", [True, False])
@pytest.mark.parametrize("part", ["current", "past"])
def test_windows_written_together_are_those_written_one_by_one(part, correct_overflow):
    tokenizer = SpikeTokenizer(9, SMALL, correct_overflow=correct_overflow)
    rng = np.random.default_rng(0)
    times, units = np.sort(rng.uniform(0, 2, 500)), rng.integers(9, size=500)
    stops = np.arange(0.01, 2.2, 0.013)
    ids, dts = tokenizer.encode_windows(*tokenizer.sort_spikes(times, units), stops, part)
    one_by_one = [tokenizer.encode_times(times, units, stop, part) for stop in stops]
    np.testing.assert_array_equal(ids, [tokens.id for tokens in one_by_one])
    np.testing.assert_array_equal(dts, [tokens.dt for tokens in one_by_one])
    n_dropped = [tokens.n_dropped for tokens in one_by_one]
    assert max(n_dropped) > 0
    assert min(n_dropped) == 0


@given(st.data())
def test_counts_and_times_give_the_same_tokens(data):
    sizes = WindowSection(current=0.05, past=0.1, block=60, past_block=60)
    tokenizer = SpikeTokenizer(4, sizes)
    counts = np.array(data.draw(st.lists(st.integers(0, 2), min_size=160, max_size=160)))
    counts = counts.reshape(4, 40)
    bins, units = np.nonzero(counts.T)
    repeats = counts[units, bins]
    within = data.draw(st.floats(0, 0.9))  # where in their bin the spikes are
    times = (bins.repeat(repeats) + within) * 0.01
    stop = data.draw(st.sampled_from([0.03, 0.05, 0.07, 0.21, 0.4]))
    for part in ("current", "past"):
        from_counts = tokenizer.encode_counts(counts, stop, part)
        from_times = tokenizer.encode_times(times, units.repeat(repeats), stop, part)
        np.testing.assert_array_equal(from_counts.id, from_times.id)
        np.testing.assert_array_equal(from_counts.dt, from_times.dt)


@pytest.mark.parametrize(("past", "n_times"), [(0.05, 9), (0.15, 19)])
def test_vocabularies_have_the_published_sizes(past, n_times):
    tokenizer = SpikeTokenizer(2023, WindowSection(past=past))
    assert (tokenizer.id_size, tokenizer.dt_size) == (2026, n_times)
    assert (tokenizer.sos, tokenizer.eos, tokenizer.pad) == (2023, 2024, 2025)
    assert tokenizer.dt_pad == n_times - 1


def test_a_window_ends_at_its_time_and_the_past_lies_before():
    tokenizer = SpikeTokenizer(3, SMALL)
    assert tokenizer.bin_range(0.3) == (25, 30)
    assert tokenizer.bin_range(0.3, "past") == (15, 25)
    assert tokenizer.bin_range(0.12, "past") == (0, 7)
    assert tokenizer.bin_range(0.03, "past") == (0, 0)
    tokens = tokenizer.encode_times([0.2, 0.25, 0.299, 0.3], [0, 1, 2, 0], 0.3)
    units, times = tokenizer.decode(tokens.id[1:], tokens.dt[1:])
    assert units.tolist() == [1, 2]
    np.testing.assert_allclose(times, [0.0, 0.04])


def test_overflow_keeps_the_last_spikes_and_their_times():
    units, bins = [0, 1, 2, 0, 1, 2, 0, 1], [0, 0, 1, 1, 2, 3, 3, 4]
    right = SpikeTokenizer(3, SMALL).encode(units, bins)
    assert right.id.tolist() == [3, 0, 2, 1, 0, 2, 1, 4, 5]  # bin by bin, neurons ascending
    assert right.dt.tolist() == [0, 1, 1, 2, 3, 3, 4, 12, 13]
    assert right.n_dropped == 2
    released = SpikeTokenizer(3, SMALL, correct_overflow=False).encode(units, [1, *bins[1:]])
    fixed = SpikeTokenizer(3, SMALL).encode(units, [1, *bins[1:]])
    np.testing.assert_array_equal(released.id, fixed.id)
    np.testing.assert_array_equal(released.dt[1:], fixed.dt[1:])
    assert (released.dt[0], fixed.dt[0]) == (1, 0)  # the time of the last dropped spike


def test_reading_ends_at_eos_and_leaves_special_tokens_out():
    tokenizer = SpikeTokenizer(3, SMALL)
    ids = [1, tokenizer.sos, 2, 0, tokenizer.eos, 1]
    times = [0, 1, tokenizer.dt_eos, 2, tokenizer.dt_eos, 1]
    units, seconds = tokenizer.decode(ids, times)
    assert units.tolist() == [1, 0]
    np.testing.assert_allclose(seconds, [0, 0.02])


@pytest.mark.parametrize(
    ("units", "bins", "said"),
    [([3], [0], "unit 3 is not"), ([-1], [0], "unit -1"), ([0], [5], "bins from 5 to 5"),
     ([0, 1], [0], "units of shape")],
)  # fmt: skip
def test_spikes_that_do_not_fit_are_a_fault(units, bins, said):
    with pytest.raises(DataFault, match=said):
        SpikeTokenizer(3, SMALL).encode(units, bins)


def test_a_clip_ends_with_its_window_or_as_released_one_later():
    options = {"window": 0.05, "n_frames": 4, "rate": 20.0, "n_total": 640}
    assert clip_range(1.0, with_window=True, **options) == (16, 20)
    assert clip_range(1.0, with_window=False, **options) == (17, 21)
    assert clip_range(0.05, with_window=False, **options) == (0, 4)
    assert clip_range(32.0, with_window=False, **options) == (636, 640)
    with pytest.raises(DataFault, match="a clip has 4"):
        clip_range(1.0, with_window=True, **{**options, "n_total": 3})
