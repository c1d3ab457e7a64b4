"""What users import from the room is there under its name, and loads no more than it needs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import neurodecode.emotion as room
from neurodecode.evaluation import sequential_top2_hit_rate


def loads(module, program):
    """Return whether a program, run by itself, loads a module."""
    checked = f"{program}\nimport sys; sys.exit({module!r} in sys.modules)"
    return subprocess.run([sys.executable, "-c", checked], check=False).returncode != 0


@pytest.mark.parametrize("name", room.__all__)
def test_every_name_that_is_listed_is_there(name):
    assert getattr(room, name) is not None


def test_the_hit_rate_of_the_room_is_that_of_the_evaluation():
    assert room.sequential_top2_hit_rate is sequential_top2_hit_rate
    assert room.sequential_top2_hit_rate([[0.1, 0.5, 0.4], [0.4, 0.1, 0.5]], [2, 0]) == 0.5


def test_smoothed_labels_hit_their_own_rating():
    """The three public names fit together: targets as probabilities are always a hit."""
    levels = np.arange(5)
    targets = np.asarray(room.smooth_labels(levels, n_classes=5, sigma=0.5))
    assert room.sequential_top2_hit_rate(targets, levels) == 1


@pytest.mark.parametrize(
    "program",
    ["import neurodecode.emotion", "from neurodecode.emotion import sequential_top2_hit_rate"],
)
def test_the_room_and_its_metric_load_no_torch(program):
    assert not loads("torch", program)
    assert loads("torch", "from neurodecode.emotion import HiSTN")
