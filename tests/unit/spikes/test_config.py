"""Settings are refused with a reason, and presets are whole."""

from __future__ import annotations

import pytest

from neurodecode.config import validate
from neurodecode.faults import ConfigFault
from neurodecode.spikes import CorrectionSection, NeuroformerConfig
from neurodecode.spikes.config_model import FrameSection


def test_corrected_is_the_default_and_released_has_every_switch_off(config):
    assert all(config().corrections.model_dump().values())
    assert not any(config(corrections="released").corrections.model_dump().values())
    assert config(corrections={"padding": False}).corrections == CorrectionSection(padding=False)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"corrections": "realeased"}, "corrected, released"),
        ({"width": 25}, "multiple of n_heads"),
        ({"windows": {"current": 0.055}}, "whole number of bins"),
        ({"contrastive": {"features": ["spikes", "frames"]}}, "'frames' is none of"),
        ({"behaviours": {"a": {"variables": {"spikes": {"role": "input"}}}}}, "names of their own"),
        ({"behaviours": {"a": {"variables": {"x.y": {"role": "input"}}}}}, "no dots"),
        ({"behaviours": {"a": {"variables": {"x": {"role": "input", "n_classes": 2}}}}},
         "for targets"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(config, changed, said):
    with pytest.raises(ConfigFault, match=said):
        config(**changed)


def test_settings_survive_their_file(config):
    full = config(full=True, corrections="released")
    assert validate(NeuroformerConfig, full.model_dump(mode="json")) == full


@pytest.mark.parametrize(("window", "n_frames"), [(0.15, 3), (0.2, 4), (0.16, 4), (1.0, 20)])
def test_a_clip_has_as_many_frames_as_cover_it(window, n_frames):
    assert FrameSection(window=window).n_frames == n_frames
