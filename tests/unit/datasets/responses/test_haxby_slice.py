"""The small sample of Haxby 2001: one subject, labels without a header."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.responses import RESPONSES
from neurodecode.faults import DataFault

read = RESPONSES["haxby-slice"]


@pytest.fixture
def slice_of(tmp_path, write):
    """Write two runs of rest, face, rest, house, and return the root."""
    labels = [(what, run) for run in (0, 1) for what in ("rest", "face", "rest", "house")
              for _ in range(4)]  # fmt: skip
    lines = "".join(f"{what} {run}\n" for what, run in labels)
    (tmp_path / "attributes_literal.txt").write_text(lines)
    values = np.random.default_rng(0).standard_normal((3, 2, 1, len(labels)))
    write["nifti"](tmp_path / "bold.nii.gz", values.astype(np.float32))
    write["nifti"](tmp_path / "mask.nii.gz", np.ones((3, 2, 1), dtype=np.uint8))
    return tmp_path


def test_the_first_line_is_a_volume_and_each_block_a_response(slice_of):
    found = read(slice_of, "1", shift=0.0)
    assert found.responses.shape == (4, 6)
    assert found.trials["stimulus"].tolist() == ["face", "house", "face", "house"]
    assert found.trials["run"].tolist() == ["0", "0", "1", "1"]


def test_another_subject_is_refused(slice_of):
    with pytest.raises(DataFault, match="it has 1"):
        read(slice_of, "2")


def test_labels_that_do_not_fit_the_volumes_are_refused(slice_of):
    path = slice_of / "attributes_literal.txt"
    path.write_text(path.read_text() + "rest 1\n")
    with pytest.raises(DataFault, match="33 labels for 32 volumes"):
        read(slice_of, "1")


@pytest.mark.realdata
def test_the_real_slice_has_eight_categories_in_each_of_twelve_runs(realdata):
    found = read(realdata / "haxby2001_subject1_mini", "1")
    assert found.responses.shape == (96, 530)
    assert (found.trials.groupby("run")["stimulus"].nunique() == 8).all()
