"""Small studies in a user's folders, written by the tools that users have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import apply_overrides, read_yaml
from neurodecode.own_data.families import survey_study
from neurodecode.workflow.project import find_project

CUES = ("left", "rest", "right", "rest") * 6


@pytest.fixture(scope="session")
def look():
    """Return ``look(pipeline, folder, *overrides)``: the survey by the shipped own_study."""

    def survey(pipeline, folder, *overrides):
        file = find_project().pipeline(pipeline).experiment_file("own_study")
        return survey_study(pipeline, folder, apply_overrides(read_yaml(file), overrides))

    return survey


@pytest.fixture(scope="session")
def record():
    """Return a writer of one recording of noise in BIDS, with cues every 2 s."""
    return write_recording


@pytest.fixture(scope="session")
def imagery(tmp_path_factory):
    """Return a study of two people with one session of two runs; do not change it."""
    root = tmp_path_factory.mktemp("own") / "hands"
    for subject in ("01", "02"):
        for run in ("1", "2"):
            write_recording(root, subject=subject, run=run)
    return root


def write_recording(
    root, *, subject="01", session=None, run=None, task="imagery", sfreq=100.0,
    channels=("C3", "Cz", "C4"), cues=CUES, duration=1.5, events=None,
):  # fmt: skip
    """Write a recording; ``events``, a table, replaces what mne-bids writes of the cues."""
    import mne
    import mne_bids

    rng = np.random.default_rng(int(subject))
    onsets = 1.0 + 2 * np.arange(len(cues))
    info = mne.create_info(list(channels), sfreq, "eeg")
    info["line_freq"] = 50
    samples = 1e-5 * rng.standard_normal((len(channels), round((onsets[-1] + 3) * sfreq)))
    raw = mne.io.RawArray(samples, info, verbose="error")
    raw.set_annotations(mne.Annotations(onsets, duration, list(cues)))
    path = mne_bids.BIDSPath(root=root, subject=subject, session=session, run=run, task=task,
                             datatype="eeg")  # fmt: skip
    mne_bids.write_raw_bids(raw, path, format="BrainVision", allow_preload=True, overwrite=True,
                            verbose="error")  # fmt: skip
    table = path.copy().update(suffix="events", extension=".tsv").fpath
    if events is not None:
        pd.DataFrame(events).to_csv(table, sep="\t", index=False, na_rep="n/a")
    return table
