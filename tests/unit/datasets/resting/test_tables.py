"""Releases that are one table or archive: film, depression, ALFF."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.resting import mask_loader, phenotype_loader, resting_loader
from neurodecode.faults import ConfigFault, DataFault

N_VOLUMES = 30


@pytest.fixture
def film(tmp_path):
    people = np.array(["pixar001", "pixar123"])
    series = np.random.default_rng(0).standard_normal((2, N_VOLUMES, 4)).astype(np.float32)
    np.savez(tmp_path / "aal116_timeseries.npz", timeseries=series, participant=people)
    (tmp_path / "participants.csv").write_text(
        "participant,age,age_group,child_adult,sex,handedness\n"
        "pixar001,4.77,4yo,child,M,R\npixar123,30,Adult,adult,F,L\n"
    )
    return tmp_path


@pytest.fixture
def depression(tmp_path):
    z = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez(
        tmp_path / "rsfmri_corr_mdd.npz", z=z, edge=np.array(["a.b", "a.c", "b.c"]),
        subject=np.array(["AA003", "AA341"]), dx=np.array(["HC", "MDD"]),
    )  # fmt: skip
    return tmp_path


@pytest.fixture
def alff(tmp_path):
    table = pd.DataFrame({
        "site": ["NYU", "Peking", "NeuroIMAGE"],
        "scandir_id": [10042, 1018959, 2054438],
        "dx": [0, 3, 1],
        "age": [9.5, 10, 11],
        "gender": [1.0, 0.0, np.nan],
        "handedness": [1, -999.0, 1],
        "full4_iq": [100, -999.0, 99],
        "id_check": ["dx order checked", "dx order checked", "order assumed"],
        "peking_part": ["", "Peking_1", ""],
        **{f"aal_{k:03d}": np.array([1.0, 2, 3]) * k for k in range(1, 117)},
    })  # fmt: skip
    table.to_csv(tmp_path / "adhd200_alff_aal116.csv.gz", index=False)
    (tmp_path / "adhd200_phenotypic_715.csv").write_text(
        "ScanDir ID,Site,DX,Verbal IQ,Performance IQ,QC_Rest_1\n"
        "10042,5,0,111,112,1.0\n1018959,1,3,-999,90,-999\n"
    )
    return tmp_path


def test_adults_of_the_film_are_cases_and_their_courses_are_rows_of_the_file(film):
    table = phenotype_loader("dev-movie")(film)
    assert table["group"].to_dict() == {"pixar001": 0, "pixar123": 1}
    assert table["handedness"].tolist() == [1, 0]
    (scan,) = resting_loader("dev-movie")(film, "pixar123")
    expected = np.random.default_rng(0).standard_normal((2, N_VOLUMES, 4)).astype(np.float32)[1]
    np.testing.assert_array_equal(scan.courses, expected)
    assert scan.t_r == 2.0
    assert scan.regions[0] == "aal116-001"
    assert mask_loader("dev-movie")(film) is None


def test_courses_of_the_film_with_a_nan_are_refused_by_region_and_volume(film):
    series = np.zeros((2, N_VOLUMES, 4), np.float32)
    series[1, 2, 3] = np.nan
    people = np.array(["pixar001", "pixar123"])
    np.savez(film / "aal116_timeseries.npz", timeseries=series, participant=people)
    with pytest.raises(DataFault, match=r"aal116-004, volume 3.*subject pixar123"):
        resting_loader("dev-movie")(film, "pixar123")


def test_absent_people_atlases_and_files_of_the_film_are_named(film):
    with pytest.raises(DataFault, match=r"no subject 'pixar124'.*did you mean 'pixar123'"):
        resting_loader("dev-movie")(film, "pixar124")
    with pytest.raises(ConfigFault, match="did you mean 'aal116'"):
        resting_loader("dev-movie")(film, "pixar001", atlas="aal")
    with pytest.raises(DataFault, match=r"file not found.*basc064_timeseries\.npz"):
        resting_loader("dev-movie")(film, "pixar001", atlas="basc064")
    (film / "participants.csv").write_text("participant,age\npixar001,4\n")
    with pytest.raises(DataFault, match="no column 'child_adult'"):
        phenotype_loader("dev-movie")(film)


def test_patients_have_group_one_and_their_edges(depression):
    table = phenotype_loader("mdd-connectivity")(depression)
    assert table["group"].to_dict() == {"AA003": 0, "AA341": 1}
    (scan,) = resting_loader("mdd-connectivity")(depression, "AA341")
    np.testing.assert_array_equal(scan.features["edges"], [3, 4, 5])
    assert scan.t_r is None


def test_broken_edges_are_named(depression):
    path = depression / "rsfmri_corr_mdd.npz"
    with pytest.raises(DataFault, match="no subject 'AA342'"):
        resting_loader("mdd-connectivity")(depression, "AA342")
    np.savez(path, z=np.zeros((2, 3)), subject=np.array(["a", "a"]), dx=np.array(["HC", "MDD"]))
    with pytest.raises(DataFault, match="two rows: a"):
        phenotype_loader("mdd-connectivity")(depression)
    np.savez(path, z=np.zeros((2, 3)), subject=np.array(["a", "b"]), dx=np.array(["HC", "SZ"]))
    with pytest.raises(DataFault, match="the diagnosis 'SZ'"):
        phenotype_loader("mdd-connectivity")(depression)
    np.savez(path, z=np.zeros((2, 3)), subject=np.array(["a", "b"]))
    with pytest.raises(DataFault, match="no array 'dx'"):
        phenotype_loader("mdd-connectivity")(depression)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataFault, match="truncated"):
        phenotype_loader("mdd-connectivity")(depression)


def test_alff_is_read_by_person_and_its_mean_removed_on_demand(alff):
    (scan,) = resting_loader("adhd200-alff")(alff, "1018959")
    np.testing.assert_array_equal(scan.features["alff"], 2.0 * np.arange(1, 117))
    assert scan.notes == ()
    (scan,) = resting_loader("adhd200-alff")(alff, "1018959", scale="mean")
    assert scan.features["alff"].mean() == pytest.approx(1)


def test_a_row_that_was_joined_by_its_place_is_noted(alff):
    (scan,) = resting_loader("adhd200-alff")(alff, "2054438")
    assert "unchecked" in scan.notes[0]


def test_parts_of_peking_are_sites_and_missing_codes_are_missing(alff):
    table = phenotype_loader("adhd200-alff")(alff)
    assert table.index.tolist() == ["0010042", "1018959", "2054438"]
    assert table["site"].tolist() == ["NYU", "Peking_1", "NeuroIMAGE"]
    assert table["group"].tolist() == [0, 1, 1]
    assert table["sex"].fillna("?").tolist() == ["M", "F", "?"]
    assert table["full_iq"].isna().tolist() == [False, True, False]
    assert table["verbal_iq"].isna().tolist() == [False, True, True]
    assert table["performance_iq"].tolist()[:2] == [112, 90]
    whole = phenotype_loader("adhd200-alff")(alff, peking_parts=False)
    assert whole["site"].tolist()[1] == "Peking"


def test_quality_control_keeps_those_whose_first_scan_passed(alff):
    assert phenotype_loader("adhd200-alff")(alff, qc="passed").index.tolist() == ["0010042"]
    (alff / "adhd200_phenotypic_715.csv").unlink()
    assert len(phenotype_loader("adhd200-alff")(alff)) == 3
    with pytest.raises(DataFault, match=r"file not found.*phenotypic_715"):
        phenotype_loader("adhd200-alff")(alff, qc="passed")


def test_a_value_of_alff_that_is_no_number_is_named(alff):
    path = alff / "adhd200_alff_aal116.csv.gz"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, "aal_007"] = "?"
    table.to_csv(path, index=False)
    with pytest.raises(DataFault, match=r"alff 7.*subject 0010042"):
        resting_loader("adhd200-alff")(alff, "10042")
    pd.concat([table, table[:1]]).to_csv(path, index=False)
    with pytest.raises(DataFault, match="two rows: 0010042"):
        phenotype_loader("adhd200-alff")(alff)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataFault, match="not a whole CSV file"):
        phenotype_loader("adhd200-alff")(alff)
