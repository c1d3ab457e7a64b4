"""Your own study as fMRIPrep leaves it."""

import json

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.resting import mask_loader, phenotype_loader, resting_loader
from neurodecode.faults import ConfigFault, DataFault

N_TIMES = 60
MOTION = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
SPACE = "MNI152NLin2009cAsym"


@pytest.fixture
def root(tmp_path, write_image, write_mask):
    base = tmp_path / "derivatives"
    for subject, runs in {"01": ("2", "1"), "02": ("1",)}.items():
        for run in runs:
            write_run(base, subject, run, write_image, write_mask)
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tage\tsex\tgroup\tscanner\n"
        "sub-01\t12\tF\tADHD\tA\nsub-02\tn/a\tM\tControl\tB\nsub-03\t9\tn/a\tn/a\tB\n"
    )
    return base


def write_run(
    base, subject, run, write_image, write_mask, *, space=SPACE, steady=True, session="a"
):
    stem = f"sub-{subject}_ses-{session}_task-rest_run-{run}"
    home = base / f"sub-{subject}" / f"ses-{session}" / "func"
    write_image(home / f"{stem}_space-{space}_desc-preproc_bold.nii.gz", n_times=N_TIMES, t_r=3.0)
    write_mask(home / f"{stem}_space-{space}_desc-brain_mask.nii.gz")
    sidecar = home / f"{stem}_space-{space}_desc-preproc_bold.json"
    sidecar.write_text(json.dumps({"RepetitionTime": 2.2}))
    columns = [*MOTION, "csf", "white_matter", "global_signal", "cosine00"]
    values = np.random.default_rng(2).standard_normal((N_TIMES, len(columns)))
    table = pd.DataFrame(values, columns=columns)
    if not steady:
        table["non_steady_state_outlier00"] = (np.arange(N_TIMES) == 0).astype(float)
    name = f"{stem}_desc-confounds_timeseries.tsv"
    table.to_csv(home / name, sep="\t", index=False)


def scans(root, subject="01", **options):
    return resting_loader("local")(root, subject, **options)


def test_runs_have_image_mask_confounds_and_the_time_of_the_sidecar(root):
    first, second = scans(root)
    assert (first.run, second.run) == ("1", "2")
    assert first.t_r == 2.2
    assert first.image.name.endswith("run-1_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz")
    assert first.mask.name.endswith("run-1_space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz")
    assert first.confounds.shape == (N_TIMES, 6 + 2 + 1)
    assert first.notes == ()
    raw = np.random.default_rng(2).standard_normal((N_TIMES, 10))
    np.testing.assert_allclose(first.motion, raw[:, :6])


def test_runs_are_ordered_by_number_and_named_with_their_session(root, write_image, write_mask):
    write_run(root, "01", "10", write_image, write_mask)
    assert [scan.run for scan in scans(root)] == ["1", "2", "10"]
    write_run(root, "02", "1", write_image, write_mask, session="b")
    assert [scan.run for scan in scans(root, "02")] == ["session-a_1", "session-b_1"]


def test_time_is_that_of_the_header_without_a_sidecar_and_yours_wins(root):
    for sidecar in root.rglob("*.json"):
        sidecar.unlink()
    assert scans(root)[0].t_r == 3.0
    assert scans(root, t_r=1.5)[0].t_r == 1.5


def test_the_strategy_chooses_the_confounds(root):
    assert scans(root, strategy=())[0].confounds is None
    assert scans(root, strategy=["wm_csf"])[0].confounds.shape == (N_TIMES, 2)
    with pytest.raises(ConfigFault, match="did you mean 'global_signal'"):
        scans(root, strategy=["global_signals"])
    with pytest.raises(DataFault, match="confounds cannot be chosen"):
        scans(root, strategy=["compcor"])


def test_a_volume_before_steady_state_gets_a_regressor_of_its_own(root, write_image, write_mask):
    write_run(root, "02", "1", write_image, write_mask, steady=False)
    (scan,) = scans(root, "02", strategy=["wm_csf"])
    np.testing.assert_array_equal(scan.confounds[:, 2], np.arange(N_TIMES) == 0)
    assert scan.notes == ("1 volumes are not steady state, set to 0",)


def test_several_spaces_have_to_be_chosen_from(root, write_image, write_mask):
    write_run(root, "02", "1", write_image, write_mask, space="T1w")
    with pytest.raises(DataFault, match="several spaces: MNI152NLin2009cAsym, T1w"):
        scans(root, "02")
    (scan,) = scans(root, "02", space="T1w")
    assert "_space-T1w_" in scan.image.name


def test_absent_subjects_tasks_and_confounds_are_named(root):
    with pytest.raises(DataFault, match=r"no subject '03'.*did you mean"):
        scans(root, "03")
    with pytest.raises(DataFault, match=r"no preprocessed run of task 'movie'.*task-rest"):
        scans(root, task="movie")
    for path in root.rglob("*_desc-confounds_timeseries.tsv"):
        path.unlink()
    with pytest.raises(DataFault, match="confounds cannot be chosen"):
        scans(root)


def test_phenotypes_come_from_the_participants_of_the_study(root):
    table = phenotype_loader("local")(root, site="scanner")
    assert table.index.tolist() == ["01", "02", "03"]
    assert table["group"].tolist()[:2] == [1, 0]
    assert np.isnan(table.loc["03", "group"])
    assert table["site"].tolist() == ["A", "B", "B"]
    assert table["sex"].fillna("?").tolist() == ["F", "M", "?"]
    assert table["age"].isna().tolist() == [False, True, False]
    assert set(phenotype_loader("local")(root)["site"]) == {"one"}


def test_controls_are_named_by_you_where_no_entry_says_control(root):
    with pytest.raises(DataFault, match="no control in column 'scanner', which has A, B"):
        phenotype_loader("local")(root, group="scanner")
    table = phenotype_loader("local")(root, group="scanner", controls=["b"])
    assert table["group"].tolist() == [1, 0, 0]


def test_a_participant_with_two_rows_and_a_missing_column_are_named(root):
    path = root.parent / "participants.tsv"
    path.write_text(path.read_text() + "sub-01\t12\tF\tADHD\tA\n")
    with pytest.raises(DataFault, match="two rows: 01"):
        phenotype_loader("local")(root)
    with pytest.raises(DataFault, match=r"no column 'groups'.*is 'group' meant"):
        phenotype_loader("local")(root, group="groups")
    path.unlink()
    with pytest.raises(DataFault, match=r"no participants.tsv"):
        phenotype_loader("local")(root)


def test_a_common_mask_is_yours_to_name(root, write_mask):
    assert mask_loader("local")(root) is None
    path = write_mask(root / "mask.nii.gz")
    assert mask_loader("local")(root, mask="mask.nii.gz") == path
    with pytest.raises(DataFault, match="mask not found"):
        mask_loader("local")(root, mask="other.nii.gz")
