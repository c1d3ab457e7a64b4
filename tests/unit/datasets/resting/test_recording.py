"""What every resting-state scan and every phenotype table promises."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.resting import mask_loader, phenotype_loader, resting_loader
from neurodecode.datasets.resting.phenotypes import COLUMNS, phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.faults import ConfigFault, DataFault

REGIONS = ("a", "b")


def make_scan(**parts):
    courses = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    return RestingScan(**{"subject": "7", "run": "1", "t_r": 2.0, "courses": courses,
                          "regions": REGIONS, **parts})  # fmt: skip


def test_a_value_that_is_no_number_is_named_by_region_and_volume():
    courses = np.zeros((5, 2), np.float32)
    courses[3, 1] = np.nan
    with pytest.raises(DataFault, match=r"1 values.*b, volume 4.*subject 7, run 1"):
        make_scan(courses=courses)


def test_an_infinite_feature_is_named():
    values = np.array([0, np.inf], np.float32)
    with pytest.raises(DataFault, match="alff 2"):
        RestingScan("7", "1", None, features={"alff": values})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"regions": ("a",)}, "for 1 regions"),
        ({"t_r": None}, "repetition time is unknown"),
        ({"t_r": 0.0}, "repetition time of 0 s"),
        ({"motion": np.zeros((5, 4))}, "motion of shape"),
        ({"confounds": np.zeros((4, 1))}, "confounds of 4 volumes"),
        ({"courses": None}, "neither image"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(DataFault, match=message):
        make_scan(**parts)


def test_displacement_counts_rotations_on_a_sphere_of_50_mm():
    motion = np.zeros((5, 6))
    motion[2:, 0] = -0.3
    motion[4, 5] = 0.01
    np.testing.assert_allclose(make_scan(motion=motion).displacement, [0, 0, 0.3, 0, 0.5])


def test_phenotypes_have_all_columns_and_unknown_ones_are_missing():
    table = phenotype_table(
        pd.Series(["3", "01"]), {"group": [1, np.nan], "sex": ["F", None]}, where="t"
    )
    assert table.index.tolist() == ["3", "01"]
    assert list(table) == list(COLUMNS)
    assert table["group"].tolist()[0] == 1
    assert table["group"].isna().tolist() == [False, True]
    assert table["full_iq"].isna().all()
    assert table["sex"].isna().tolist() == [False, True]


def test_a_subject_with_two_rows_is_named():
    with pytest.raises(DataFault, match=r"two rows: 3 \[t\.csv\]"):
        phenotype_table(pd.Series(["3", "4", "3"]), {"group": [0, 1, 0]}, where="t.csv")


@pytest.mark.parametrize("loader", [resting_loader, phenotype_loader, mask_loader])
def test_an_unknown_data_set_gets_the_nearest_name(loader):
    with pytest.raises(ConfigFault, match="did you mean 'ADHD200-athena'"):
        loader("ADHD200-atena")
