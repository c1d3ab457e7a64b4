"""Stamps of a stream: jitter is smoothed, lost samples stay lost, and nobody's clock is trusted."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.streaming.stamps import StampedRuns

SFREQ, SIZE = 250.0, 25


def sent(seconds, *, jitter=0.0, rate=SFREQ, seed=0):
    """Return stamps (n_chunks, SIZE) as a sender gives them, which says when a chunk ended."""
    n_chunks = round(seconds * rate / SIZE)
    true = np.arange(n_chunks * SIZE).reshape(n_chunks, SIZE) / rate
    ends = true[:, -1:] + jitter * np.random.default_rng(seed).uniform(-1, 1, (n_chunks, 1))
    return ends + np.arange(1 - SIZE, 1) / SFREQ


def times(chunks):
    """Return the smoothed time of the first sample of each run, s."""
    runs = StampedRuns(SFREQ)
    return [start for chunk in chunks for start, _ in runs.runs(chunk)]


def breaks(starts, n_samples=SIZE):
    """Return how many runs begin where :class:`Timeline` sees a gap."""
    return int((np.abs(np.diff(starts) - n_samples / SFREQ) > 1.5 / SFREQ).sum())


def test_exact_stamps_stay_as_they_are():
    np.testing.assert_allclose(times(sent(60)), sent(60)[:, 0], atol=1e-9)


@pytest.mark.parametrize("jitter", [0.005, 0.02, 0.05])
def test_jitter_is_no_gap_and_is_smoothed(jitter):
    found = np.array(times(sent(60, jitter=jitter)))
    assert len(found) == len(sent(60))
    assert breaks(found) == 0
    assert np.abs(found - sent(60)[:, 0])[100:].max() < 0.4 * jitter


@pytest.mark.parametrize("lost", [1, 20])
def test_the_time_after_lost_chunks_is_right_at_once(lost):
    """The library's own smoothing would be wrong by all of it, and for minutes."""
    whole = sent(60, jitter=0.002)
    chunks = np.delete(whole, slice(300, 300 + lost), axis=0)
    found = np.array(times(chunks))
    assert breaks(found) == 1
    true = np.delete(sent(60), slice(300, 300 + lost), axis=0)[:, 0]
    assert np.abs(found - true)[300:].max() < 0.004


def test_samples_lost_within_what_was_pulled_cut_it():
    stamps = np.delete(np.arange(100) / SFREQ, slice(40, 70))
    (first, before), (second, after) = StampedRuns(SFREQ).runs(stamps)
    assert (before, after) == (slice(0, 40), slice(40, 70))
    assert (first, second) == pytest.approx((0.0, 70 / SFREQ))


def test_a_sender_slower_than_it_says_is_followed_without_a_gap():
    chunks = sent(120, rate=249.9, jitter=0.002)
    found = np.array(times(chunks))
    assert breaks(found) == 0
    assert np.abs(found - sent(120, rate=249.9)[:, 0])[200:].max() < 0.004


def test_a_clock_that_is_set_back_begins_a_new_line():
    chunks = sent(20)
    chunks[100:] -= 5.0
    np.testing.assert_allclose(times(chunks), chunks[:, 0], atol=1e-9)
