"""The Athena release of ADHD-200, in tiny files of its names."""

import numpy as np
import pytest

from neurodecode.datasets.resting import mask_loader, phenotype_loader, resting_loader
from neurodecode.datasets.resting.adhd200 import site_t_r
from neurodecode.datasets.resting.athena import MASK_NAME, PHENOTYPE_TABLE
from neurodecode.datasets.resting.spectrum import check_band, power_above
from neurodecode.faults import ConfigFault, DataFault

NAME = "ADHD200-athena"
HEADER = "ScanDir ID\tSite\tGender\tAge\tHandedness\tDX\tVerbal IQ\tPerformance IQ\tFull2 IQ\tFull4 IQ\tQC_Athena"  # noqa: E501
ROWS = (
    "10042\t5\t0\t12.5\t1\t0\t110\t105\t-999\t108\t1",
    "1018959\t3\t1.0\t9\t-999\t3\tN/A\t-999\t99\t-999\t0",
    "2054438\t7\t1\t10\t0\tpending\t100\t100\t\t100\t1",
    "3011311\t6\t\t8\t1\twithheld\t100\t100\t\t100\t1",
    "4028266\t1\t1\t15\t1\t-999\t100\t100\t\t100\t1",
)


@pytest.fixture
def release(tmp_path, write_image):
    (tmp_path / PHENOTYPE_TABLE).write_text("\n".join((HEADER, *ROWS)) + "\n")
    for run in (2, 1):
        write_image(tmp_path / "NYU" / "0010042" / f"sfnwmrda0010042_session_1_rest_{run}.nii.gz")
    return tmp_path


def image_of(release, run=1):
    return release / "NYU" / "0010042" / f"sfnwmrda0010042_session_1_rest_{run}.nii.gz"


def scans(release, subject="10042", **options):
    return resting_loader(NAME)(release, subject, **options)


def phenotypes(release, **options):
    return phenotype_loader(NAME)(release, **options)


def test_runs_come_in_order_whatever_the_padding(release):
    for label in ("10042", "0010042", "sub-0010042"):
        found = scans(release, label)
        assert [(scan.subject, scan.run) for scan in found] == [("0010042", "1"), ("0010042", "2")]
        assert found[0].image == image_of(release)
        assert found[0].notes == ()


def test_later_sessions_come_after_all_runs_of_the_first(release, write_image):
    write_image(image_of(release).with_name("sfnwmrda0010042_session_2_rest_1.nii.gz"))
    assert [scan.run for scan in scans(release)] == ["1", "2", "session-2_1"]


def test_codes_of_the_table_are_understood(release):
    table = phenotypes(release)
    assert table.index.tolist() == ["0010042", "1018959", "2054438", "3011311", "4028266"]
    assert table["group"].tolist()[:2] == [0, 1]
    assert table["group"].isna().tolist() == [False, False, True, True, True]
    assert table["dx"].tolist()[:2] == ["0", "3"]
    assert table["site"].tolist() == ["NYU", "KKI", "Pittsburgh", "OHSU", "Peking"]
    assert table["sex"].fillna("?").tolist() == ["F", "M", "M", "?", "M"]
    assert table["handedness"].isna().tolist() == [False, True, False, False, False]
    assert table.loc["1018959", ["verbal_iq", "performance_iq"]].isna().all()
    assert table["full_iq"].tolist()[:2] == [108, 99]


def test_those_who_failed_quality_control_are_left_out_on_demand(release):
    assert "1018959" not in phenotypes(release, qc="passed").index
    with pytest.raises(ConfigFault, match="did you mean 'passed'"):
        phenotypes(release, qc="pass")


def test_repetition_time_is_that_of_the_site_and_a_differing_header_is_noted(release, write_image):
    write_image(image_of(release), t_r=3.0)
    first, second = scans(release)
    assert first.t_r == second.t_r == 2.0
    assert any("the header has a repetition time of 3 s" in note for note in first.notes)
    assert scans(release, t_r=2.5)[0].t_r == 2.5


@pytest.mark.parametrize(
    ("site", "t_r"), [("KKI", 2.5), ("Peking_3", 2.0), ("NeuroIMAGE", 1.96), ("elsewhere", None)]
)
def test_sites_have_their_own_repetition_time(site, t_r):
    assert site_t_r(site) == t_r


def test_a_filtered_file_that_is_not_filtered_is_noted(release, write_image):
    write_image(image_of(release), top=0.25)
    first, second = scans(release)
    assert "take the filtfix release" in first.notes[0]
    assert second.notes == ()


def test_power_above_an_edge_is_the_share_of_the_sine_there():
    times = 2.0 * np.arange(100)[:, None]
    series = np.sin(2 * np.pi * 0.05 * times) + 0.5 * np.sin(2 * np.pi * 0.2 * times)
    assert power_above(series, 2.0) == pytest.approx(0.2)
    assert power_above(np.ones((20, 2)), 2.0) == 0
    assert "20%" in check_band(series, 2.0)[0]


def test_unfiltered_files_are_not_checked_for_a_band(release, write_image):
    write_image(image_of(release).with_name("snwmrda0010042_session_1_rest_1.nii.gz"), top=0.25)
    (scan,) = scans(release, filtered=False)
    assert scan.notes == ()


def test_course_files_have_two_columns_of_bookkeeping(release):
    rows = [f"file.nii.gz\t{k}\t{np.sin(k / 9)}\t{np.cos(k / 9)}" for k in range(120)]
    path = release / "NYU" / "0010042" / "sfnwmrda0010042_session_1_rest_1_cc200_TCs.1D"
    path.write_text("\n".join(("File\tSub-brick\tMean_1\tMean_7", *rows)))
    (scan,) = scans(release, atlas="cc200")
    assert scan.regions == ("1", "7")
    np.testing.assert_allclose(scan.courses[:, 1], np.cos(np.arange(120) / 9), rtol=1e-5)
    path.write_text("not\na table of\tcourses at all")
    with pytest.raises(DataFault, match=r"time courses.*cc200_TCs\.1D"):
        scans(release, atlas="cc200")
    with pytest.raises(ConfigFault, match="did you mean 'cc200'"):
        scans(release, atlas="cc20")


def test_motion_is_turned_from_afnis_degrees_and_its_order(release):
    motion = np.zeros((64, 6))
    motion[:, 0], motion[:, 5] = 1.0, 3.0
    motion[4:, 3] = 2.0
    path = release / "NYU" / "0010042" / "motion_0010042_session_1_rest_1.1D"
    np.savetxt(path, motion)
    found = scans(release)[0].motion
    np.testing.assert_allclose(found, np.tile([2, 0, 3, np.radians(1), 0, 0], (60, 1)))
    np.savetxt(path, motion[:50])
    with pytest.raises(DataFault, match=r"motion of shape \(50, 6\) for 60 volumes"):
        scans(release)


def test_the_mask_is_found_where_there_is_one(release, write_mask):
    assert mask_loader(NAME)(release) is None
    path = write_mask(release / MASK_NAME)
    assert mask_loader(NAME)(release) == path
    write_mask(path, shape=(3, 4, 3, 2))
    with pytest.raises(DataFault, match="3-D is needed"):
        mask_loader(NAME)(release)


def test_the_options_of_one_function_do_not_disturb_the_others(release):
    options = {"qc": "passed", "filtered": True, "mask": "other.nii.gz"}
    assert len(scans(release, **options)) == 2
    assert len(phenotypes(release, **options)) == 4
    assert mask_loader(NAME)(release, **options) is None
    with pytest.raises(ConfigFault, match="did you mean 'filtered'"):
        phenotypes(release, filterd=True)


def test_site_tables_stand_for_the_whole_one_and_copies_count_once(release):
    (release / PHENOTYPE_TABLE).unlink()
    lines = [line.replace("\t", ",") for line in (HEADER, *ROWS)]
    (release / "NYU_phenotypic.csv").write_text("\n".join(lines[:2]))
    (release / "NYU" / "NYU_phenotypic.csv").write_text("\n".join(lines[:2]))
    (release / "KKI_phenotypic.csv").write_text("\n".join((lines[0], lines[2])))
    assert sorted(phenotypes(release).index) == ["0010042", "1018959"]


def test_an_unknown_subject_gets_the_nearest(release):
    with pytest.raises(DataFault, match=r"no subject '0010043'.*did you mean '0010042'"):
        scans(release, "10043")


def test_a_subject_without_files_is_named_with_what_there_is(release):
    with pytest.raises(DataFault, match=r"no filtered image file.*subject 1018959"):
        scans(release, "1018959")
    with pytest.raises(DataFault, match=r"there is sfnwmrda0010042_session_1_rest_1.nii.gz"):
        scans(release, filtered=False)


def test_two_files_of_one_name_are_refused(release, write_image):
    write_image(release / "copy" / image_of(release).name)
    with pytest.raises(DataFault, match="several files sfnwmrda0010042_session_1_rest_1"):
        scans(release)


def test_an_image_that_is_cut_short_is_named(release):
    path = image_of(release)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataFault, match=r"cannot be read.*rest_1\.nii\.gz.*cut short"):
        scans(release)


def test_an_image_of_one_volume_is_refused(release, write_mask):
    write_mask(image_of(release))
    with pytest.raises(DataFault, match="4-D is needed"):
        scans(release)


def test_voxels_that_are_no_numbers_are_counted(release, write_image):
    def spoil(values):
        values[0, 0, 0, 5] = np.nan

    write_image(image_of(release), change=spoil)
    assert scans(release)[0].notes == ("1 voxels are NaN or infinite somewhere",)


def test_an_image_in_which_nothing_varies_is_refused(release, write_image):
    write_image(image_of(release), change=lambda values: values.fill(0))
    with pytest.raises(DataFault, match="no voxel varies"):
        scans(release)


def test_a_missing_column_of_diagnoses_is_named(release):
    text = (release / PHENOTYPE_TABLE).read_text()
    (release / PHENOTYPE_TABLE).write_text(text.replace("\tDX\t", "\tDx2\t"))
    with pytest.raises(DataFault, match=r"no column 'DX'.*is 'Dx2' meant"):
        phenotypes(release)


def test_a_diagnosis_that_is_no_code_is_named(release):
    with (release / PHENOTYPE_TABLE).open("a") as file:
        file.write(ROWS[0].replace("10042", "99").replace("\t0\t110", "\t7\t110") + "\n")
    with pytest.raises(DataFault, match="subject 0000099 has the diagnosis '7'"):
        phenotypes(release)


def test_a_subject_with_two_different_rows_is_named(release):
    with (release / PHENOTYPE_TABLE).open("a") as file:
        file.write(ROWS[0].replace("12.5", "13.5") + "\n")
    with pytest.raises(DataFault, match="two rows: 0010042"):
        phenotypes(release)


def test_a_folder_without_table_says_what_it_needs(tmp_path):
    with pytest.raises(DataFault, match=PHENOTYPE_TABLE):
        phenotypes(tmp_path)
