"""Sensor positions say "unknown" where they are; recordings that differ are united by name."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.signals.sensors import sensor_layout, union_of_channels


def eeg_info(names, montage="easycap-M1"):
    info = mne.create_info(names, 100.0, "eeg")
    info.set_montage(montage, on_missing="ignore", verbose="error")
    return info


def test_electrodes_are_projected_and_scaled_to_the_unit_square():
    names = ["Fz", "Cz", "Pz", "T7", "T8"]
    layout = sensor_layout(eeg_info(names), where="here")
    x, y = layout.positions.T
    assert layout.unknown == ()
    np.testing.assert_allclose([x.min(), x.max(), y.min(), y.max()], [0, 1, 0, 1])
    assert x[3] == 0
    assert x[4] == 1
    assert y[0] > y[1] > y[2]
    np.testing.assert_allclose(x[:3], 0.5, atol=0.02)


def test_a_channel_unknown_to_the_layout_is_named_and_has_no_position():
    layout = sensor_layout(eeg_info(["Fz", "X9", "Pz", "T7"]), where="here")
    assert layout.unknown == ("X9",)
    assert np.isnan(layout.positions).all(axis=1).tolist() == [False, True, False, False]


def test_a_recording_without_any_position_is_refused():
    with pytest.raises(DataFault, match=r"no channel has a position: X1, X2 \[here\]"):
        sensor_layout(eeg_info(["X1", "X2"]), where="here")


def test_ctf_names_are_looked_up_before_their_hyphen():
    names = ["MLC11-1609", "MRC11-1609", "MLF14-1609", "MZC99-1609"]
    info = mne.create_info(names, 100.0, "mag")
    for k, channel in enumerate(info["chs"]):
        channel["coil_type"] = mne.io.constants.FIFF.FIFFV_COIL_CTF_GRAD
        channel["loc"][:3] = [0.01 * k, 0.02, 0.1]
    layout = sensor_layout(info, where="here")
    assert layout.names == tuple(names)
    assert layout.unknown == ("MZC99-1609",)
    assert layout.positions[0, 0] < layout.positions[1, 0]  # left of right


def test_two_electrodes_in_one_place_are_refused():
    info = eeg_info(["Fz", "Cz", "Pz"])
    info["chs"][1]["loc"][:3] = info["chs"][0]["loc"][:3]
    with pytest.raises(DataFault, match=r"no flat layout: .*overlapping"):
        sensor_layout(info, where="here")


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
