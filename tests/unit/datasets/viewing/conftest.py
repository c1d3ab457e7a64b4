"""Small viewing data sets, written by the tests in their true layouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

IMAGES = ("cat/one.png", "cat/two.png", "dog/one.png", "dog/two.png")


def touch(folder, images):
    """Write files that only have a name."""
    for image in images:
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).touch()


def seen(start=1.0, soa=1.5):
    """Return contract rows: every picture once, the last one a test picture."""
    n = len(IMAGES)
    return pd.DataFrame(
        {
            "onset": start + soa * np.arange(n),
            "duration": 0.5,
            "trial_type": "image",
            "image": IMAGES,
            "category": [image.split("/")[0] for image in IMAGES],
            "part": ["train"] * (n - 1) + ["test"],
        }
    )


@pytest.fixture
def pictures():
    """Return the functions that write small data sets."""
    return {"touch": touch, "seen": seen}


@pytest.fixture
def bids_set(tmp_path, write_bids):
    """Write two sessions of one subject, with pictures; return root and the events files."""
    root = tmp_path / "my study"
    touch(root / "stimuli", IMAGES)
    tables = [
        write_bids(
            root, "01", seen(1.0 + k), names=["Fz", "Cz", "Pz"], session=session, task="viewing"
        )
        for k, session in enumerate(("a", "b"))
    ]
    return root, tables
