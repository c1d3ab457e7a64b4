"""The forty subjects of nilearn's fetcher: site by site, with their regressors."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.resting import phenotype_loader, resting_loader
from neurodecode.faults import DataFault

NAME = "ADHD200-40"
TABLE = "ADHD200_40subs_motion_parameters_and_phenotypics.csv"
REGRESSORS = (
    "csf", "constant", "global", "motion-pitch", "motion-roll", "motion-yaw", "motion-x",
    "motion-y", "motion-z", "compcor1", "wm",
)  # fmt: skip


@pytest.fixture
def root(tmp_path, write_image):
    """Return the folder of the card; nilearn's lies beside it."""
    base = tmp_path / "nilearn" / "adhd"
    for subject in ("0010042", "0023008"):
        home = base / "data" / subject
        write_image(home / f"{subject}_rest_tshift_RPI_voreg_mni.nii.gz", t_r=2.0)
        values = np.random.default_rng(1).standard_normal((60, len(REGRESSORS)))
        frame = pd.DataFrame(values, columns=REGRESSORS)
        frame.to_csv(home / f"{subject}_regressors.csv", sep="\t", index=False)
    pd.DataFrame({
        "Subject": [10042, 23008],
        "site": ["NYU", "OHSU"],
        "age": [9.5, 11],
        "sex": ["F", "M"],
        "handedness": [0.5, np.nan],
        "viq": [110, -999],
        "piq": [101, 102],
        "full_2_iq": [90, 91],
        "full_4_iq": [106, np.nan],
        "tdc": [1, 0],
        "adhd": [0, 1],
        "adhd_combined": [0, 1],
        "adhd_inattentive": [0, 0],
    }).to_csv(base / TABLE, index=False)  # fmt: skip
    return tmp_path / NAME


def test_repetition_time_is_that_of_the_site_not_two_seconds_for_all(root):
    times = [resting_loader(NAME)(root, subject)[0].t_r for subject in ("10042", "23008")]
    assert times == [2.0, 2.5]


def test_all_regressors_but_the_constant_and_the_global_signal_are_confounds(root):
    (scan,) = resting_loader(NAME)(root, "10042")
    assert scan.confounds.shape == (60, len(REGRESSORS) - 2)
    (scan,) = resting_loader(NAME)(root, "10042", global_signal=True)
    assert scan.confounds.shape == (60, len(REGRESSORS) - 1)


def test_motion_is_shifts_then_rotations_in_rad(root):
    (scan,) = resting_loader(NAME)(root, "10042")
    values = np.random.default_rng(1).standard_normal((60, len(REGRESSORS)))
    np.testing.assert_allclose(scan.motion[:, :3], values[:, 6:9])
    np.testing.assert_allclose(scan.motion[:, 3:], np.radians(values[:, 3:6]))


def test_phenotypes_have_padded_ids_groups_and_subtypes(root):
    table = phenotype_loader(NAME)(root)
    assert table.index.tolist() == ["0010042", "0023008"]
    assert table["group"].tolist() == [0, 1]
    assert table["dx"].tolist() == ["0", "1"]
    assert table["site"].tolist() == ["NYU", "OHSU"]
    assert table["sex"].tolist() == ["F", "M"]
    assert table["full_iq"].tolist() == [106, 91]
    assert table["verbal_iq"].isna().tolist() == [False, True]


def test_nilearns_own_folder_serves_as_well(root):
    assert len(phenotype_loader(NAME)(root.parent / "nilearn" / "adhd")) == 2


def test_regressors_of_another_length_are_refused(root):
    path = next(root.parent.rglob("0010042_regressors.csv"))
    path.write_text("\n".join(path.read_text().splitlines()[:40]))
    with pytest.raises(DataFault, match="39 rows of regressors for 60 volumes"):
        resting_loader(NAME)(root, "10042")


def test_absent_files_are_named(root):
    next(root.parent.rglob("0010042_regressors.csv")).unlink()
    with pytest.raises(DataFault, match=r"file not found.*0010042_regressors.csv"):
        resting_loader(NAME)(root, "10042")
    with pytest.raises(DataFault, match="no subject '0000001'"):
        resting_loader(NAME)(root, "1")
    next(root.parent.rglob(TABLE)).unlink()
    with pytest.raises(DataFault, match=TABLE):
        phenotype_loader(NAME)(root)
