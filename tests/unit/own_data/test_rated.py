"""Rated clips as a laboratory has them: other rows among the clips, montages, scales, durations."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.config import validate
from neurodecode.emotion.config import EmotionConfig
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.own_data.rated_duration import rated_duration
from neurodecode.own_data.survey import Size

TEN_TWENTY = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
N = 9


def films(record, root, *, subject="01", channels=TEN_TWENTY, valence=None, **changes):
    """Write nine clips of 3 s, each after a cross of 1 s that names nothing."""
    onset = 1.0 + 5 * np.arange(N)
    events = {
        "onset": np.ravel([onset - 1, onset], "F"), "duration": np.tile([1.0, 3.0], N),
        "trial_type": ["cross", "film"] * N,
        "stim_file": [name for k in range(N) for name in (None, f"f{k}.mp4")],
        "valence": [v for k in range(N) for v in (None, valence[k] if valence else 1 + k % 3)],
        **changes,
    }  # fmt: skip
    record(root, subject=subject, channels=channels, events=events)
    return root


SMALL = ("split.n_folds=3", "protocols=[leave_clips_out]")


def test_rows_that_name_no_clip_are_left_out_and_said(look, record, tmp_path):
    survey = look("emotion", films(record, tmp_path), *SMALL)
    survey.require_runnable()
    assert survey.settings["data"]["events"] == ["film"]
    assert "film (9); left out: cross (9)" in survey.notes[0]
    chosen = look("emotion", tmp_path, *SMALL, "data.events=film")
    assert chosen.settings["data"]["events"] == ["film"]
    assert not any("left out" in note for note in chosen.notes)


def test_a_type_that_names_a_clip_and_does_not_stays_a_fault(look, record, tmp_path):
    films(record, tmp_path, trial_type=["film"] * 2 * N)
    with pytest.raises(DataFault, match=r"a trial without clip .*events\.tsv"):
        look("emotion", tmp_path, *SMALL).require_runnable()


def test_regions_are_cut_from_a_montage_that_the_published_ones_do_not_fit(look, record, tmp_path):
    survey = look("emotion", films(record, tmp_path), *SMALL)
    assert survey.settings["network"] == {"n_regions": 4}
    kept = look("emotion", tmp_path, *SMALL, "network={n_regions: 2}")
    assert kept.settings["network"] == {"n_regions": 2}


def test_networks_with_regions_are_left_out_where_names_say_no_place(look, record, tmp_path):
    films(record, tmp_path, channels=[f"A{k}" for k in range(1, 9)])
    survey = look("emotion", tmp_path, *SMALL)
    survey.require_runnable()
    assert survey.settings["models"] == ["EEGNet", "DE+SVM", "TS+LR"]
    assert any("rename channels" in note for note in survey.notes)


def test_channels_that_somebody_lacks_are_left_out_and_said(look, record, tmp_path):
    films(record, tmp_path)
    films(record, tmp_path, subject="02", channels=(*TEN_TWENTY[::-1], "Cz"))
    survey = look("emotion", tmp_path, *SMALL)
    assert survey.settings["signals"]["channels"] == list(TEN_TWENTY)
    assert any("the 8 that all recordings have" in note for note in survey.notes)


def test_another_scale_is_asked_for_with_the_setting_to_give(look, record, tmp_path):
    films(record, tmp_path, valence=[1, 5, 9] * 3)
    with pytest.raises(DataFault, match=r"from 1 to 9, .*ratings=\{valence: \[1, 9\]\}"):
        look("emotion", tmp_path, *SMALL).require_runnable()
    look("emotion", tmp_path, *SMALL, "data.options.ratings={valence: [1, 9]}").require_runnable()
    films(record, tmp_path, valence=[1.5, 3, 5] * 3)
    with pytest.raises(DataFault, match="round_ratings=true"):
        look("emotion", tmp_path, *SMALL).require_runnable()


def test_markers_without_duration_are_no_clips(look, record, tmp_path):
    films(record, tmp_path, duration=np.zeros(2 * N))
    with pytest.raises(DataFault, match=r"9 of 9 clips last 0 s .* less than the 1 s to decode"):
        look("emotion", tmp_path, *SMALL).require_runnable()


def test_where_no_split_is_possible_the_fault_says_what_to_do(look, record, tmp_path):
    films(record, tmp_path, valence=[3] * N)
    with pytest.raises((ConfigFault, DataFault)) as caught:
        look("emotion", tmp_path, "split.n_folds=20").require_runnable()
    assert caught.value.fix


def test_time_grows_with_folds_networks_and_epochs():
    def seconds(folds, **settings):
        tree = {
            "description": "",
            "data": {"dataset": "local", "path": "."},
            "protocols": ["leave_clips_out"],
            "signals": {"seconds": 20},
            **settings,
        }
        config = validate(EmotionConfig, tree)
        stored = Size("", (30, 19, 2560))
        return rated_duration(config, stored, {"leave_clips_out": folds}, 2).seconds

    base = seconds(6, models=["HiSTN G0"])
    assert seconds(60, models=["HiSTN G0"]) > 3 * base
    assert seconds(6, models=["HiSTN G0"], within={"trainer": {"max_epochs": 500}}) > 3 * base
    assert seconds(6, models=["DE+SVM"]) < base
