"""A session as models read it: windows, classes, frames, on whatever clock it was recorded."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.spiking.recording import Series, Stimulus
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes.recorded import Recorded
from neurodecode.spikes.written import counts_in

BEGINS = [0.0, 7.313, 1234.567]
SCALE = {"speed": (0.0, 1.0), "side": (0.0, 1.0), "odour": (0.0, 1.0)}


@pytest.fixture
def recorded(experiment, session):
    """Return a maker of recordings: ``recorded(session(), targets=["side"])``."""

    def make(one=None, **sections):
        return Recorded(experiment(**sections), session() if one is None else one)

    return make


def read(one, **options):
    """Return what a network of the first model reads of all windows."""
    network = one.config.network_of("state+past", one.session.n_units, decoded=one.targets())
    windows = one.spike_windows(network, SCALE, **options)
    return windows, windows.batch(range(len(windows)))


def tokens_as_counts(windows, batch):
    n = windows.config.n_neurons
    ids = batch["target_id"].numpy()
    return np.stack([np.bincount(row[row < n], minlength=n) for row in ids])


@pytest.mark.parametrize("begin", BEGINS)
def test_what_a_network_reads_is_what_scores_and_rivals_count(recorded, session, begin):
    one = recorded(session(begin=begin))
    windows, batch = read(one)
    np.testing.assert_array_equal(
        tokens_as_counts(windows, batch), counts_in(one, np.arange(len(windows)))
    )
    np.testing.assert_allclose(batch["targets"]["speed"], one.values("speed"), atol=1e-6)


def test_the_clock_of_a_session_may_begin_anywhere(recorded, session):
    here, there = (recorded(session(begin=begin)) for begin in (0.0, 500.0))
    first, second = read(here)[1], read(there)[1]
    assert len(here.windows) == len(there.windows)
    for name in ("id", "dt", "past_id", "target_dt"):
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("offset", [0.0, 0.013])
def test_windows_of_trials_stand_on_bins_whenever_trials_begin(recorded, session, trials, offset):
    table = trials(n=6).assign(start=lambda t: t["start"] + offset)
    one = recorded(session(begin=0.0, trials=table), protocol="trial_wise")
    bins = one.windows["start"] / one.config.windows.dt
    np.testing.assert_allclose(bins, bins.round(), atol=1e-6)
    inside = table.set_index("trial").loc[one.windows["trial"]]
    assert (one.windows["seen_start"].to_numpy() >= inside["start"].to_numpy() - 1e-9).all()
    assert (one.windows["stop"].to_numpy() <= inside["stop"].to_numpy() + 1e-9).all()
    windows, batch = read(one)
    np.testing.assert_array_equal(
        tokens_as_counts(windows, batch), counts_in(one, np.arange(len(windows)))
    )


def test_windows_without_the_behaviour_are_left_out_and_counted(recorded, session):
    whole = session()
    times, values = whole.behaviour["speed"]
    away = (times >= 6) & (times < 8)
    gap = {**whole.behaviour, "speed": Series(times[~away], values[~away])}
    one, other = recorded(session(behaviour=gap)), recorded(session(behaviour=gap), targets=[])
    assert one.n_dropped == 20
    assert not one.windows["start"].between(6 - 1e-6, 7.9 - 1e-6).any()
    assert len(one.windows) + 20 == len(other.windows)
    assert other.n_dropped == 0


def test_behaviour_that_no_window_has_is_refused(recorded, session):
    late = Series(np.linspace(12.06, 23.96, 8), np.arange(8.0))
    spare = {"speed": Series(late.times + 0.03, late.values)}
    with pytest.raises(DataFault, match=r"no window has the behaviour.*one clock"):
        recorded(session(behaviour=spare), crop=None, windows={
            "dt": 0.02, "current": 0.02, "past": 0.02}, step_seconds=2.0)  # fmt: skip


@pytest.mark.parametrize("values", [[3, 5, 9], [-1, 0, 1]])
def test_classes_are_those_that_occur_whatever_their_numbers(recorded, session, values):
    clock = np.arange(480) * 0.05
    series = Series(clock, np.resize(values, 480).astype(np.int64))
    one = recorded(session(behaviour={"side": series}), targets=["side"])
    assert one.classes("side") == tuple(map(str, values))
    assert one.targets() == {"side": 3}
    assert set(read(one)[1]["targets"]["side"].tolist()) == {0, 1, 2}
    assert set(one.values("side")) == {0.0, 1.0, 2.0}
    assert one.scale("side", np.arange(5)) == (0.0, 1.0)


def test_a_label_of_trials_is_a_behaviour_with_named_classes(recorded, session, trials):
    one = recorded(session(trials=trials()), targets=["odour"], protocol="trial_wise")
    assert one.classes("odour") == ("mint", "rose")
    expected = (one.windows["odour"] == "rose").astype(float)
    np.testing.assert_array_equal(one.values("odour"), expected)
    assert one.n_dropped == 0


def test_trials_without_a_label_are_left_out(recorded, session, trials):
    table = trials()
    table.loc[2, "odour"] = None
    one = recorded(session(trials=table), targets=["odour"], protocol="trial_wise")
    assert set(one.windows["trial"]) == set(range(1, 9)) - {3}
    assert one.classes("odour") == ("mint", "rose")


def test_a_crop_keeps_what_lies_around_the_event(recorded, session, trials):
    crop = {"event": "valve", "before": 0.2, "after": 1.0}
    one = recorded(session(trials=trials()), crop=crop, protocol="trial_wise")
    valve = trials().set_index("trial").loc[one.windows["trial"], "valve"].to_numpy()
    assert (one.windows["seen_start"] >= valve - 0.2 - 1e-9).all()
    assert (one.windows["stop"] <= valve + 1.0 + 1e-9).all()
    assert len(one.windows) == 8 * 11


def test_a_crop_stays_inside_the_recording_and_skips_trials_without_the_event(
    recorded, session, trials
):
    table = trials()
    table.loc[3, "valve"] = np.nan
    crop = {"event": "valve", "before": 2.0, "after": 4.0}
    one = recorded(session(trials=table), crop=crop, protocol="trial_wise")
    assert one.windows["seen_start"].min() >= 0
    assert one.windows["stop"].max() <= 24 + 1e-9
    assert 4 not in set(one.windows["trial"])


@pytest.mark.parametrize(
    ("sections", "with_trials", "words"),
    [
        ({"crop": {"event": "valv", "after": 1}}, True, "unknown event.*did you mean 'valve'"),
        ({"crop": {"event": "valve", "after": 1}}, False, "the session has no trials"),
        ({"protocol": "trial_wise"}, False, "split by blocked_time"),
        ({"targets": ["sped"]}, False, "unknown behaviour variable 'sped', did you mean 'speed'"),
        ({"stimulus": {}}, False, "no stimulus was recorded.*set stimulus: null"),
    ],
)
def test_what_a_session_does_not_have_is_named_with_the_session(
    recorded, session, trials, sections, with_trials, words
):
    one = session(trials=trials()) if with_trials else session()
    with pytest.raises(ConfigFault, match=words) as caught:
        recorded(one, **sections)
    assert "subject 01, session a" in str(caught.value)


def test_windows_longer_than_the_trials_are_refused_with_both_lengths(recorded, session, trials):
    with pytest.raises(DataFault, match=r"a window of 2.1 s .* longer than the trials, 2 s"):
        recorded(session(trials=trials()), protocol="trial_wise",
                 windows={"dt": 0.1, "current": 0.1, "past": 2.0})  # fmt: skip


def test_behaviour_that_never_changes_cannot_be_decoded(recorded, session):
    flat = {"speed": Series(np.arange(480) * 0.05, np.ones(480))}
    with pytest.raises(DataFault, match="'speed' does not vary in the training part"):
        recorded(session(behaviour=flat)).scale("speed", np.arange(9))


@pytest.mark.parametrize("begin", [0.0, 7.3])
def test_frames_are_those_on_the_screen_at_each_tick_of_the_grid(recorded, session, begin):
    appeared = begin + np.arange(24) + 0.025  # one a second, between two ticks
    frames = np.arange(24, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)
    one = recorded(session(begin=begin, stimulus=Stimulus(frames, appeared)),
                   stimulus={"rate": 20.0, "window": 0.1})  # fmt: skip
    shown = (one.frames[:, 0, 0] + 0.5) * 23
    expected = np.maximum(np.floor(np.arange(481) / 20 - 0.025 + 1e-9), 0)
    np.testing.assert_allclose(shown, expected, atol=1e-4)
    assert (one.frames.min(), one.frames.max()) == (-0.5, 0.5)


def test_behaviour_of_a_control_is_of_another_time_and_the_spikes_are_not(recorded):
    one = recorded()
    (_, true), (_, moved) = read(one), read(one, shift={"speed": 0.5})
    np.testing.assert_array_equal(true["id"], moved["id"])
    kept, other = (batch["targets"]["speed"].numpy() for batch in (true, moved))
    np.testing.assert_allclose(np.sort(kept)[5:-5], np.sort(other)[5:-5], atol=0.05)
    assert (kept != other).mean() > 0.95


def test_labels_of_a_control_say_nothing_of_the_true_ones_and_trials_stay_whole(
    recorded, session, trials
):
    """Moving blocks of labels by half would give every trial the label that it never has."""
    table = trials()
    one = recorded(session(trials=table), targets=["odour"], protocol="trial_wise")
    moved = read(one, shift={"odour": 0.5})[1]["targets"]["odour"].numpy()
    by_trial = [set(moved[one.windows["trial"] == trial]) for trial in table["trial"]]
    assert all(len(labels) == 1 for labels in by_trial)
    dealt = [labels.pop() for labels in by_trial]
    assert sorted(dealt) == [0] * 4 + [1] * 4
    assert sum(dealt[:4]) == 2  # half of each odour keeps its name
