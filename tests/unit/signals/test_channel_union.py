"""Recordings with different channels are united by name."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.signals import union_of_channels


def test_different_channels_are_united_with_a_mask():
    union = union_of_channels({"a": ["Fz", "T3"], "b": ["t7", "Pz"]})
    assert union.names == ("Fz", "T3", "Pz")
    assert union.mask("a").tolist() == [True, True, False]
    assert union.missing() == {"a": ("Pz",), "b": ("Fz",)}
    signals = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert union.spread("b", signals, 0.0).tolist() == [[0, 0], [1, 2], [3, 4]]
    assert np.isnan(union.spread("b", signals, np.nan)[0]).all()


def test_a_channel_twice_in_a_recording_is_refused():
    with pytest.raises(DataFault, match="T3 and T7 are the same site twice"):
        union_of_channels({"a": ["T3", "T7"]})
