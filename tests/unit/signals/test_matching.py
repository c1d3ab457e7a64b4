"""Channels are matched by name, and what does not match is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.faults import DataFault
from neurodecode.signals.matching import channels_of_kind, match_channels

NAMES = ("Fz", "C3", "Cz", "T7", "Oz")


@given(present=st.permutations(NAMES))
def test_any_order_is_put_in_the_decoders(present):
    assert [present[k] for k in match_channels(NAMES, present)] == list(NAMES)


def test_old_names_and_letter_case_do_not_count():
    assert match_channels(NAMES, ["FZ", "c3", "Cz.", "T3", "oz"]).tolist() == [0, 1, 2, 3, 4]


def test_missing_channels_are_named_with_the_nearest():
    with pytest.raises(DataFault, match=r"Cz \(nearest: CPz\), Oz \(nearest: .*\[a file\]"):
        match_channels(NAMES, ["Fz", "C3", "CPz", "T7"], where="a file")


def test_channels_too_many_stop_or_are_left_out():
    present = ["EOG1", *NAMES]
    with pytest.raises(DataFault, match="does not know: EOG1"):
        match_channels(NAMES, present)
    assert match_channels(NAMES, present, extra="drop").tolist() == [1, 2, 3, 4, 5]


def test_a_channel_twice_is_refused():
    with pytest.raises(DataFault, match="the same site twice"):
        match_channels(NAMES, [*NAMES, "T3"])


def test_a_recording_without_the_kind_says_what_it_has(viewing):
    with pytest.raises(DataFault, match="no MEG channel, only eeg"):
        channels_of_kind(viewing(), "meg", "")
    assert channels_of_kind(viewing(), "eeg", "")[0] == "Fz"


def test_bad_channels_are_still_channels(viewing):
    raw = viewing()
    raw.info["bads"] = ["Cz"]
    assert "Cz" in channels_of_kind(raw, "eeg", "")
