"""Positions of sensors on a flat head, unknown where they are unknown."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.signals import sensor_positions


def eeg_info(names, montage="easycap-M1"):
    info = mne.create_info(names, 100.0, "eeg")
    info.set_montage(montage, on_missing="ignore", verbose="error")
    return info


def test_electrodes_are_projected_and_scaled_to_the_unit_square():
    names = ["Fz", "Cz", "Pz", "T7", "T8"]
    x, y = sensor_positions(eeg_info(names), names).T
    np.testing.assert_allclose([x.min(), x.max(), y.min(), y.max()], [0, 1, 0, 1])
    assert x[3] == 0
    assert x[4] == 1
    assert y[0] > y[1] > y[2]
    np.testing.assert_allclose(x[:3], 0.5, atol=0.02)


def test_a_channel_unknown_to_the_layout_has_no_position():
    names = ["Fz", "X9", "Pz", "T7"]
    places = sensor_positions(eeg_info(names), names)
    assert np.isnan(places).all(axis=1).tolist() == [False, True, False, False]
    known = [name for name in names if name != "X9"]  # and it moves no other channel
    np.testing.assert_array_equal(places[[0, 2, 3]], sensor_positions(eeg_info(known), known))


def test_a_recording_without_any_position_is_refused():
    with pytest.raises(DataFault, match=r"none of 2 channels .*X1, X2.* has a position \[here\]"):
        sensor_positions(eeg_info(["X1", "X2"]), ["X1", "X2"], where="here")


def meg_info(names, places):
    info = mne.create_info(names, 100.0, "mag")
    for channel, place in zip(info["chs"], places, strict=True):
        channel["coil_type"] = mne.io.constants.FIFF.FIFFV_COIL_CTF_GRAD
        channel["loc"][:3] = place
    return info


def test_ctf_names_are_looked_up_before_their_hyphen():
    names = ["MLC11-1609", "MRC11-1609", "MLF14-1609", "MZC99-1609"]
    info = meg_info(names, [(0.01, 0.02, 0.1)] * 3 + [(0, 0, 0)])
    places = sensor_positions(info, names)
    assert np.isnan(places).all(axis=1).tolist() == [False, False, False, True]
    assert places[0, 0] < places[1, 0]  # left of right


def test_sensors_that_their_system_has_no_layout_for_lie_where_they_are_in_space():
    names = ["left", "right", "front", "top", "MLC11"]
    info = meg_info(names, [(-1, 0, 0), (1, 0, 0), (0, 0.1, 0), (0, 0, 1), (0, -0.1, -0.1)])
    places = sensor_positions(info, names)
    np.testing.assert_allclose(places[:4], [(0, 0.6), (1, 0.6), (0.5, 1), (0.5, 0.6)], atol=1e-6)
    np.testing.assert_allclose(places[4], (0.5, 0), atol=1e-6)


def test_two_electrodes_in_one_place_are_refused():
    info = eeg_info(["Fz", "Cz", "Pz"])
    info["chs"][1]["loc"][:3] = info["chs"][0]["loc"][:3]
    with pytest.raises(DataFault, match=r"no flat layout: .*overlapping"):
        sensor_positions(info, info["ch_names"], where="here")
