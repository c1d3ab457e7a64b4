"""A stream decides as the same causal chain does offline, and says what it could not decide."""

from __future__ import annotations

import time

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodecode
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.streaming import (
    Chunk,
    Decision,
    Lost,
    Marker,
    ReplaySource,
    StreamDecoder,
    decide_offline,
    replay_latency,
)
from neurodecode.streaming.latency import latency_table, same_ranking
from neurodecode.streaming.loop import STAGES


@pytest.fixture(scope="module")
def decoder(decoder_folder):
    return neurodecode.load_decoder(decoder_folder)


@pytest.fixture(scope="module")
def raw(viewing):
    return viewing()


def onsets_of(raw):
    return raw.annotations.onset.tolist()


def stream(decoder, raw, *, label="01", **options):
    """Return decisions, lost trials and the loop of a replay as fast as possible."""
    labels = raw.annotations.description.tolist()
    source = ReplaySource(raw, onsets_of(raw), labels, **{"speed": None, **options})
    loop = StreamDecoder(decoder, source, decoder.person(label))
    outcomes = list(loop.run())
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    return decided, [outcome for outcome in outcomes if isinstance(outcome, Lost)], loop


@settings(max_examples=6)
@given(chunk=st.floats(0.004, 3.0))
def test_decisions_are_those_of_the_same_chain_offline_whatever_the_chunks(decoder, raw, chunk):
    person = decoder.person("01")
    offline = decide_offline(decoder, raw.get_data(), 250.0, onsets_of(raw), person)
    decided, lost, _ = stream(decoder, raw, chunk=chunk)
    assert len(decided) == len(offline) > 10
    assert lost == []
    for decision in decided:
        place = onsets_of(raw).index(decision.marker.onset)
        assert same_ranking(decision.ranking, offline[place])


def test_away_from_the_edges_a_stream_ranks_as_predict_does(decoder, raw):
    # The causal filter is the zero-phase one, given out late.
    decided, _, _ = stream(decoder, raw)
    table = decoder.predict(raw, onsets_of(raw), participant="01")
    for decision in decided:
        mine = table[table["onset"] == decision.marker.onset]
        assert decision.ranking.names[0] == mine["candidate"].tolist()
        np.testing.assert_allclose(decision.ranking.scores[0], mine["score"], atol=1e-4)


def test_channels_of_the_stream_may_come_in_any_order(decoder, raw):
    turned = raw.copy().reorder_channels(raw.ch_names[::-1])
    for first, second in zip(stream(decoder, raw)[0], stream(decoder, turned)[0], strict=True):
        assert same_ranking(first.ranking, second.ranking)


def test_a_trial_whose_window_has_a_gap_is_lost_and_all_others_are_decided(decoder, raw):
    onset = onsets_of(raw)[4]
    decided, lost, loop = stream(decoder, raw, gaps=[(onset + 0.2, onset + 0.3)])
    assert [trial.marker.onset for trial in lost] == [onset]
    assert "a gap lies in its window" in lost[0].reason
    assert len(decided) == len(onsets_of(raw)) - 1
    assert loop.gaps == [pytest.approx((onset + 0.2, onset + 0.3), abs=0.005)]


def test_after_a_gap_windows_are_still_cut_at_the_right_time(decoder, raw):
    whole, _, _ = stream(decoder, raw)
    broken, _, _ = stream(decoder, raw, gaps=[(2.95, 3.013)])
    late = [decision for decision in broken if decision.marker.onset > 5.0]
    assert len(late) > 8
    expected = {decision.marker.onset: decision.ranking for decision in whole}
    for decision in late:
        np.testing.assert_allclose(
            decision.ranking.scores, expected[decision.marker.onset].scores, atol=0.2
        )


def test_a_window_that_the_stream_does_not_reach_is_lost(decoder, raw):
    source = ReplaySource(raw, [0.05, 10.0, raw.times[-1] - 0.1], speed=None)
    outcomes = list(StreamDecoder(decoder, source, decoder.person("01")).run())
    reasons = {o.marker.onset: o.reason for o in outcomes if isinstance(o, Lost)}
    assert "begins before the stream" in reasons[0.05]
    assert "ended before its window" in reasons[raw.times[-1] - 0.1]
    assert len(outcomes) == 3


def test_a_chunk_with_nan_is_a_gap_whose_channel_is_named(decoder, raw):
    signals = raw.get_data()
    signals[2, 1000] = np.nan
    spoilt = mne.io.RawArray(signals, raw.info, verbose="error").set_annotations(raw.annotations)
    decided, lost, loop = stream(decoder, spoilt)
    assert loop.unusable == {"Cz": 1}
    assert len(decided) + len(lost) == len(onsets_of(raw))
    assert 1 <= len(lost) <= 2
    assert all(np.isfinite(decision.ranking.scores).all() for decision in decided)


def test_missing_channels_are_named_before_anything_is_streamed(decoder, raw):
    source = ReplaySource(raw.copy().drop_channels(["Cz"]), [1.0], speed=None)
    with pytest.raises(DataFault, match="Cz"):
        StreamDecoder(decoder, source, decoder.person("01"))


def test_another_unit_ends_the_stream_with_its_name(decoder, viewing):
    with pytest.raises(DataFault, match="they look like volts"):
        stream(decoder, viewing(scale=1e-11))


def test_a_marker_that_comes_late_is_still_decided(decoder, raw):
    class Late:
        """All markers come with the last chunk but are within reach of the ring."""

        sfreq, live, channels = 250.0, False, raw.ch_names

        def __iter__(self):
            signals, size = raw.get_data(stop=2500), 100
            for first in range(0, 2500, size):
                markers = (Marker(5.0),) if first == 2400 else ()
                yield Chunk(first / 250.0, signals[:, first : first + size], markers)

        def close(self):
            pass

    (outcome,) = StreamDecoder(decoder, Late(), decoder.person("01")).run()
    person = decoder.person("01")
    offline = decide_offline(decoder, raw.get_data(stop=2500), 250.0, [5.0], person)
    assert same_ranking(outcome.ranking, offline[0])


def test_in_real_time_no_decision_comes_before_its_signal(decoder, viewing):
    raw, speed = viewing(seconds=6.0), 20.0
    onset = onsets_of(raw)[1]
    source = ReplaySource(raw, [onset], speed=speed, jitter=0.02, seed=1)
    loop = StreamDecoder(decoder, source, decoder.person("01"))
    began = time.perf_counter()
    outcome = next(loop.run())
    assert isinstance(outcome, Decision)
    needed = onset + decoder.chain.tmax + loop.filter_delay
    assert time.perf_counter() - began >= needed / speed


def test_a_decoder_slower_than_its_live_source_drops_signal_and_says_so(decoder, viewing):
    class Slow:
        """The decoder, but a decision takes a quarter of a second."""

        def __getattr__(self, name):
            return getattr(decoder, name)

        def infer(self, scaled, person):
            time.sleep(0.25)
            return decoder.infer(scaled, person)

    raw = viewing()
    source = ReplaySource(raw, onsets_of(raw), speed=40.0)
    loop = StreamDecoder(Slow(), source, decoder.person("01"), held=1.0)
    outcomes = list(loop.run())
    assert loop.dropped > 1.0
    assert loop.gaps
    lost = [outcome for outcome in outcomes if isinstance(outcome, Lost)]
    assert any("gap" in trial.reason for trial in lost)
    assert len(outcomes) == len(onsets_of(raw))


def test_a_replay_reports_stages_total_and_that_decisions_are_the_same(decoder, raw):
    replay = replay_latency(decoder, raw, onsets_of(raw), 6, person=decoder.person("01"))
    assert replay.same_as_offline == 1.0
    assert len(replay.decisions) == 6
    table = replay.table.set_index("stage")
    assert list(table.index) == [*STAGES, "total", "filter delay"]
    assert (table["median_ms"] <= table["max_ms"]).all()
    assert table.loc["total", "median_ms"] >= table.loc["network", "median_ms"]
    assert table.loc["filter delay", "jitter_ms"] == pytest.approx(0.0)


def test_a_decoder_that_decides_otherwise_offline_is_found_out(decoder, raw):
    class Fickle:
        """Every answer is one more than the last."""

        def __init__(self):
            self.n = 0

        def __getattr__(self, name):
            return getattr(decoder, name)

        def infer(self, scaled, person):
            self.n += 1
            return decoder.infer(scaled, person) + self.n

    replay = replay_latency(Fickle(), raw, onsets_of(raw), 4, person=decoder.person("01"))
    assert replay.same_as_offline == 0.0


def test_a_replay_in_which_nothing_is_decided_is_a_fault(decoder, raw):
    with pytest.raises(DataFault, match="none of 1 trials could be decided: its window begins"):
        replay_latency(decoder, raw, [0.01], person=decoder.person("01"))


def test_the_stages_of_a_decision_sum_to_its_latency(decoder, raw):
    decided, _, _ = stream(decoder, raw)
    assert all(set(decision.seconds) == set(STAGES) for decision in decided)
    assert all(min(decision.seconds.values()) >= 0 for decision in decided)
    table = latency_table(decided).set_index("stage")
    assert table.loc["total", "max_ms"] == pytest.approx(
        1000 * max(decision.latency for decision in decided)
    )


def test_no_trial_gives_an_empty_table():
    assert latency_table([])["n_trials"].eq(0).all()


@pytest.mark.parametrize("wrong", [{"chunk": 0.0}, {"speed": -1.0}, {"jitter": -0.1}])
def test_a_replay_that_cannot_be_is_refused(raw, wrong):
    with pytest.raises(ConfigFault, match="positive chunk and speed"):
        ReplaySource(raw, [1.0], **wrong)


def test_a_replay_without_onsets_is_refused(raw):
    with pytest.raises(DataFault, match="no marker found"):
        ReplaySource(raw, [])
