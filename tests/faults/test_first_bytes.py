"""Rows 8, 10 and 13 of the fault list, told before a sample is read, for every pipeline."""

from __future__ import annotations

import pytest

PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"
FILES = {
    **dict.fromkeys(("acm", "speech", "image", "emotion"), "sub-01/eeg/sub-01_task-a_eeg.edf"),
    "mindbridge": "sub-01/sub-01_responses.npy", "spikes": "sub-01/ses-1/spikes.npz",
    "adhd": "sub-01/func/sub-01_task-rest_desc-preproc_bold.nii.gz", "mci": "measures.csv",
}  # fmt: skip
SETTINGS = {
    "acm": ["data.events=[left_hand, right_hand]", "data.interval=[0, 3]"],
    "emotion": ["protocols=[leave_clips_out]"],
}
OWN = ("mindbridge", "spikes", "adhd", "mci")
"""Pipelines with an experiment for data of one's own."""


@pytest.fixture
def told(pipeline, typed, tmp_path, seen):
    """Return a function that lays a file down and returns what is said of it."""

    def of(content):
        path = tmp_path / "study" / FILES[pipeline]
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        place = path if pipeline == "mci" else tmp_path / "study"
        settings = ["data.dataset=local", f"data.path={place}", *SETTINGS.get(pipeline, [])]
        (tmp_path / "study" / "participants.tsv").write_text("participant_id\tdx\nsub-01\t0\n")
        words = [word for each in settings for word in ("--set", each)]
        line = seen(typed("run", pipeline, "own_study" if pipeline in OWN else "smoke",
                          "--out", tmp_path / "run", "--until", "fetch",
                          *words).fault)  # fmt: skip
        assert path.name in line
        assert not list((tmp_path / "run").rglob("fetch/*.json"))
        return line

    return of


@pytest.mark.fault(8)
def test_a_truncated_edf_is_told_by_its_sizes(told, edf_bytes):
    whole = edf_bytes()
    assert f"truncated: {len(whole) - 7} bytes, expected {len(whole)}" in told(whole[:-7])


@pytest.mark.fault(10)
def test_an_error_page_saved_as_data_is_told_by_its_first_bytes(told):
    line = told(PAGE)
    assert "error page, not data" in line
    assert "delete it and fetch again" in line


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        pytest.param("speech", "signals.lowpass=25", marks=pytest.mark.fault(13, "speech")),
        pytest.param("image", "signals.lowpass=25", marks=pytest.mark.fault(13, "image")),
    ],
)
def test_a_filter_edge_above_nyquist_is_told_before_data_is_looked_at(
    name, setting, typed, tmp_path, seen
):
    screen = typed("run", name, "smoke", "--out", tmp_path / "run", "--set", setting)
    line = seen(screen.fault)
    assert screen.returncode == 2
    assert "lowpass of 25 Hz lies above half of sfreq=" in line
    assert not (tmp_path / "run").exists()
