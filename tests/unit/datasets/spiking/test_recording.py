"""A spike session is whole, or one line says which unit, spike, time or trial is not."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.spiking import SPIKING, spiking_loader
from neurodecode.datasets.spiking.recording import (
    Series,
    SpikeSession,
    make_session,
    spikes_of_trains,
)
from neurodecode.faults import ConfigFault, DataFault


def broken(parts, **changes):
    with pytest.raises(DataFault) as caught:
        SpikeSession(**{**parts(), **changes})
    return str(caught.value)


def test_a_whole_session_knows_its_units_length_and_variables(session):
    assert (session.n_units, session.duration) == (3, 60.0)
    assert session.series("choice").is_class
    assert not session.series("speed").is_class
    with pytest.raises(ConfigFault, match="did you mean 'speed'"):
        session.series("sped")


def test_counts_and_trains_hold_every_spike_once(session):
    counts = session.counts(np.linspace(0, 60, 61))
    assert counts.shape == (3, 60)
    assert counts.sum() == 300
    trains = session.trains()
    np.testing.assert_array_equal(counts.sum(axis=1), [len(train) for train in trains])
    np.testing.assert_array_equal(np.sort(np.concatenate(trains)), session.times)


def test_a_spike_on_an_edge_belongs_to_the_bin_that_begins_there(parts):
    made = SpikeSession(**{
        **parts(), "times": np.array([0.0, 1.0, 2.0]), "units": np.arange(3),
    })  # fmt: skip
    counts = made.counts(np.array([0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(counts, [[1, 0], [0, 1], [0, 0]])


def test_a_spike_out_of_order_is_named_with_unit_and_time(parts):
    times = parts()["times"].copy()
    times[10] = times[9] - 0.5
    words = broken(parts, times=times)
    assert f"spike 10 of unit u2 at {times[10]:.4f} s is earlier than the spike before" in words


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_spike_without_a_time_is_named(parts, value):
    times = parts()["times"].copy()
    times[299] = value
    assert "spike 299 of unit u3" in broken(parts, times=times)


def test_a_spike_outside_the_recording_is_named(parts):
    assert "is outside the recording, 0.000 to 50.000 s" in broken(
        parts, limits=(0.0, 50.0), trials=None, stimulus=None, behaviour={}
    )


def test_a_unit_without_spikes_is_named_or_left_out_with_a_note(parts):
    changed = parts()
    changed["units"] = np.where(changed["units"] == 1, 0, changed["units"])
    with pytest.raises(DataFault, match=r"unit u2 has no spike.*silent_units='drop'"):
        make_session(**changed)
    made = make_session(silent_units="drop", **changed)
    assert made.unit_table["unit"].tolist() == ["u1", "u3"]
    assert made.unit_table["area"].tolist() == ["V1", "AL"]
    assert np.bincount(made.units).tolist() == [200, 100]
    assert made.notes == ("units without a spike left out: u2",)


def test_a_unit_that_is_not_in_the_table_is_told(parts):
    units = parts()["units"].copy()
    units[5] = 3
    assert "spike 5 is of unit 3, the table has rows 0 to 2" in broken(parts, units=units)


def test_two_units_of_one_label_are_told(parts):
    table = parts()["unit_table"].assign(unit=["u1", "u2", "u1"])
    assert "'u1'" in broken(parts, unit_table=table)


@pytest.mark.parametrize(
    ("scale", "shift"), [(1000.0, 0.0), (1.0, 4000.0), (30.0, 0.0)], ids=["ms", "start", "frames"]
)
def test_behaviour_on_another_clock_is_told_with_both_spans(parts, scale, shift):
    times, values = parts()["behaviour"]["speed"]
    words = broken(parts, behaviour={"speed": Series(times * scale + shift, values)})
    assert "behaviour 'speed' runs from" in words
    assert "the spikes from 0.000 to 60.000 s: they are on different clocks" in words


def test_behaviour_of_a_part_of_the_recording_is_allowed(parts):
    times, values = parts()["behaviour"]["speed"]
    early = Series(times[:200], values[:200])
    made = SpikeSession(**{**parts(), "behaviour": {"speed": early}})
    assert len(made.series("speed").times) == 200


def test_behaviour_out_of_order_or_without_value_is_named_with_its_time(parts):
    times, values = (array.copy() for array in parts()["behaviour"]["speed"])
    twice = times.copy()
    twice[7] = twice[6]
    assert "sample 7 at 0.6000 s does not follow" in broken(
        parts, behaviour={"speed": Series(twice, values)}
    )
    values[30] = np.nan
    assert "behaviour 'speed' at 3.000 s is nan" in broken(
        parts, behaviour={"speed": Series(times, values)}
    )


@pytest.mark.parametrize(
    ("column", "row", "value", "words"),
    [
        ("stop", 2, 61.0, "trial 3 (40.000 to 61.000 s) is outside the recording"),
        ("start", 1, 17.0, "trial 2 (17.000 to 38.000 s) begins before the one before it stops"),
        ("stop", 0, -1.0, "trial 1 (0.000 to -1.000 s) stops before it starts"),
        ("start", 0, np.nan, "trial 1 (nan to 18.000 s) has no start or stop"),
    ],
)
def test_a_wrong_trial_is_named_with_its_times(parts, column, row, value, words):
    trials = parts()["trials"].copy()
    trials.loc[row, column] = value
    assert words in broken(parts, trials=trials)


def test_a_frame_that_is_not_finite_is_named(parts):
    stimulus = parts()["stimulus"]
    stimulus.frames[3, 1, 1] = np.nan
    assert "frame 3 at 1.500 s" in broken(parts, stimulus=stimulus)


def test_trains_are_merged_in_time_and_their_order_is_checked():
    times, units = spikes_of_trains([[1.0, 3.0], [2.0, 3.0]], ["p", "q"], where="file")
    np.testing.assert_array_equal(times, [1, 2, 3, 3])
    np.testing.assert_array_equal(units, [0, 1, 0, 1])
    with pytest.raises(DataFault, match=r"unit q: spike 1 at 1.0000 s comes after one at 2.0000"):
        spikes_of_trains([[1.0], [2.0, 1.0]], ["p", "q"], where="file")


def test_a_misspelt_data_set_gets_the_nearest_loader():
    with pytest.raises(ConfigFault, match="did you mean 'visnav'"):
        spiking_loader("visnaw")
    assert {"local", "nwb", "hippocampus-nelpy"} <= set(SPIKING)
