"""Every other pipeline's kind of folder: what is found, and the trap of each."""

from __future__ import annotations

import wave

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.own_data.costs import PROGRAM_MIB, program_size
from neurodecode.own_data.families import FAMILIES
from neurodecode.workflow.project import find_project


def runnable(survey):
    """Return the settings of a study that can run, as its pipeline validates them."""
    survey.require_runnable()
    return validate(find_project().pipeline(survey.pipeline).config_model, survey.settings)


def found(survey):
    return dict(survey.found)


@pytest.fixture
def listening(record, tmp_path):
    """Return a study of one listener: 60 words, a sentence every four."""
    root = tmp_path / "story"
    onset = 0.5 + 0.4 * np.arange(60)
    sentence = [f"sentence {k // 4}" for k in range(60)]
    record(root, task="story", events={
        "onset": onset, "duration": 0.3, "trial_type": "word", "word": [f"w{k}" for k in range(60)],
        "sentence": sentence, "sound": "a.wav", "sound_time": onset,
    })  # fmt: skip
    (root / "stimuli").mkdir()
    with wave.open(str(root / "stimuli" / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000 * 26))
    return root


def test_every_pipeline_says_what_its_libraries_take():
    assert PROGRAM_MIB.keys() == FAMILIES.keys()


def test_speech_counts_words_and_blocks_of_sentences(look, listening):
    survey = look("speech", listening, "split.min_duration=4", "split.valid=0.3")
    assert found(survey)["words"] == "60 in 1 sounds"
    assert "train" in survey.splits[0].why
    assert survey.duration.seconds > 0
    assert survey.sizes[0] == program_size("speech")
    assert runnable(survey).data.path == listening


def test_speech_refuses_blocks_that_are_shorter_than_a_window(look, listening):
    survey = look("speech", listening, "split.min_duration=1")
    with pytest.raises(ConfigFault, match=r"windows of 3.01 s .*min_duration"):
        survey.require_runnable()


def test_speech_names_the_sound_that_is_missing(look, listening):
    (listening / "stimuli" / "a.wav").unlink()
    with pytest.raises(DataFault, match=r"a\.wav"):
        look("speech", listening).require_runnable()


def test_image_takes_the_first_honest_split_that_the_pictures_allow(look, record, tmp_path):
    record(tmp_path, events={
        "onset": 1.0 + np.arange(40), "duration": 0.5,
        "image": [f"p{k % 20}.png" for k in range(40)],
    })  # fmt: skip
    with pytest.raises(DataFault, match=r"p0\.png|stimuli"):
        look("image", tmp_path).require_runnable()
    (tmp_path / "stimuli").mkdir()
    for number in range(20):
        (tmp_path / "stimuli" / f"p{number}.png").write_bytes(b"\x89PNG")
    survey = look("image", tmp_path)
    assert found(survey)["presentations"] == "40 of 20 pictures"
    assert runnable(survey).split.protocol == "unseen_images"


def test_emotion_reads_ratings_and_the_length_of_clips(look, record, tmp_path):
    events = {
        "onset": 1.0 + 4 * np.arange(12), "duration": 3.0, "clip": [f"c{k}" for k in range(12)],
        "valence": [1, 3, 5] * 4,
    }  # fmt: skip
    record(tmp_path, events=events)
    survey = look("emotion", tmp_path, "split.n_folds=3", "protocols=[leave_clips_out]")
    assert found(survey)["ratings"] == "valence (1 to 5)"
    config = runnable(survey)
    assert config.labels == ("valence",)
    assert config.signals.seconds == 3
    record(tmp_path, events={key.replace("valence", "Valenz"): v for key, v in events.items()})
    with pytest.raises(DataFault, match="no column valence"):
        look("emotion", tmp_path).require_runnable()


def test_mindbridge_counts_responses_and_names_the_table_that_is_missing(look, tmp_path):
    for subject, n_voxels in (("01", 30), ("02", 20)):
        folder = tmp_path / f"sub-{subject}"
        folder.mkdir()
        np.save(folder / f"sub-{subject}_responses.npy", np.ones((40, n_voxels), np.float32))
        trials = pd.DataFrame({"stimulus": [f"s{k % 20}" for k in range(40)], "run": "1"})
        trials.to_csv(folder / f"sub-{subject}_trials.tsv", sep="\t", index=False)
    survey = look("mindbridge", tmp_path)
    assert {s.what: s.n_bytes for s in survey.sizes}["responses of a subject"] == 40 * 30 * 4
    assert runnable(survey).split.protocol == "shared_test"
    (tmp_path / "sub-02" / "sub-02_trials.tsv").unlink()
    with pytest.raises(DataFault, match=r"sub-02_trials\.tsv"):
        look("mindbridge", tmp_path).require_runnable()


@pytest.fixture
def derivatives(tmp_path):
    """Return a data set with fMRIPrep's derivatives of eight people, as empty as they can be."""
    import nibabel

    root = tmp_path / "rest"
    people = [f"sub-{k:02d}" for k in range(1, 9)]
    for person in people:
        folder = root / "derivatives" / "fmriprep" / person / "func"
        folder.mkdir(parents=True)
        stem = f"{person}_task-rest"
        space = f"{stem}_space-MNI152NLin2009cAsym"
        image = nibabel.Nifti1Image(np.ones((3, 3, 3, 70), np.float32), np.eye(4))
        nibabel.save(image, folder / f"{space}_desc-preproc_bold.nii.gz")
        mask = nibabel.Nifti1Image(np.ones((3, 3, 3), np.uint8), np.eye(4))
        nibabel.save(mask, folder / f"{space}_desc-brain_mask.nii.gz")
        (folder / f"{stem}_desc-confounds_timeseries.tsv").write_text("trans_x\n0\n")
    table = pd.DataFrame({"participant_id": people, "group": ["HC", "ADHD"] * 4, "site": "A"})
    table.to_csv(root / "participants.tsv", sep="\t", index=False)
    return root


def test_adhd_finds_the_derivatives_inside_the_data_set(look, derivatives):
    survey = look("adhd", derivatives, "split.n_folds=2")
    assert survey.folder == derivatives / "derivatives" / "fmriprep"
    assert survey.name == "rest"
    assert found(survey)["groups"] == "control (4), case (4)"
    maps, parcels = 4 * 4 * 27, 70 * 100  # of four features at four thresholds, and of courses
    assert survey.disk == 8 * (maps + parcels) * 4
    assert survey.duration.seconds > 0
    rows = {row.name: row.possible for row in survey.splits}
    assert rows["stratified"]
    assert not rows["leave_one_site_out"]
    assert runnable(survey).data.task == "rest"


def test_adhd_takes_the_column_of_diagnoses_by_its_usual_name(look, derivatives):
    path = derivatives / "participants.tsv"
    path.write_text(path.read_text().replace("group", "Diagnosis", 1))
    survey = look("adhd", derivatives, "split.n_folds=2")
    assert runnable(survey).data.options["group"] == "Diagnosis"
    assert "groups: column Diagnosis of participants.tsv" in " ".join(survey.notes)


def test_adhd_refuses_a_grid_whose_graphs_no_memory_holds_and_names_one_that_fits(
    look, derivatives, monkeypatch
):
    voxels = {None: 230_000, 4: 28_750}
    monkeypatch.setattr(
        "neurodecode.own_data.resting._largest", lambda _, voxel_mm=None: (voxels[voxel_mm], 300)
    )
    refusal = r"230,000 voxels.*24\.6 GiB.*scans\.voxel_mm=4 .*28,750 voxels, graphs of 394\.\d MiB"
    with pytest.raises(DataFault, match=refusal):
        look("adhd", derivatives, "split.n_folds=2").require_runnable()
    survey = look("adhd", derivatives, "split.n_folds=2", "scans.voxel_mm=4")
    assert runnable(survey).scans.voxel_mm == 4


def test_adhd_counts_the_voxels_of_the_grid_that_it_resamples_to(look, derivatives):
    survey = look("adhd", derivatives, "split.n_folds=2", "scans.voxel_mm=1.5")
    sizes = {size.what: size.shape for size in survey.sizes}
    assert sizes["courses of a person, in the mask"] == (70, 2**3)
    assert sizes["the same at 1.5 mm"] == (3, 3, 3, 70)


def test_adhd_counts_runs_without_confounds(look, derivatives):
    next(derivatives.rglob("sub-03*confounds*")).unlink()
    with pytest.raises(DataFault, match=r"no confounds of 1 of 8 runs .*sub-03"):
        look("adhd", derivatives).require_runnable()


def test_adhd_asks_who_the_controls_are_and_names_the_nearest_column(look, derivatives):
    table = pd.read_csv(derivatives / "participants.tsv", sep="\t")
    table["group"] = ["A", "B"] * 4
    table.to_csv(derivatives / "participants.tsv", sep="\t", index=False)
    with pytest.raises(ConfigFault, match=r"A \(4\), B \(4\).*data\.options\.controls="):
        look("adhd", derivatives).require_runnable()
    table.rename(columns={"group": "groups"}).to_csv(
        derivatives / "participants.tsv", sep="\t", index=False
    )
    with pytest.raises(DataFault, match="'groups' meant"):
        look("adhd", derivatives).require_runnable()


ASEG = """# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Volume, {etiv}, mm^3
# ColHeaders Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange
1 17 4000 {left} Left-Hippocampus 1 1 1 1 1
2 53 4000 {right} Right-Hippocampus 1 1 1 1 1
"""
APARC = """# Measure Cortex, MeanThickness, Mean Thickness, 2.5, mm
# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg ThickStd MeanCurv GausCurv FoldInd CurvInd
entorhinal 500 400 1500 {thick} 0.6 0.1 0.02 4 0.4
"""


@pytest.fixture
def freesurfer(tmp_path):
    """Return a data set with FreeSurfer's stats of forty people in its derivatives."""
    root, rng = tmp_path / "brains", np.random.default_rng(0)
    people = [f"sub-{k:02d}" for k in range(1, 41)]
    for person in people:
        folder = root / "derivatives" / "freesurfer" / person / "stats"
        folder.mkdir(parents=True)
        left, right = 4000 + 100 * rng.standard_normal(2)
        (folder / "aseg.stats").write_text(ASEG.format(etiv=1.5e6, left=left, right=right))
        for side in ("lh", "rh"):
            thick = 3 + 0.1 * rng.standard_normal()
            (folder / f"{side}.aparc.stats").write_text(APARC.format(thick=thick))
    pd.DataFrame({
        "participant_id": people, "group": ["HC", "MCI"] * 20, "age": 60 + np.arange(40) / 2,
        "sex": ["F", "M", "M", "F"] * 10,
    }).to_csv(root / "participants.tsv", sep="\t", index=False)  # fmt: skip
    return root


def test_mci_takes_groups_from_participants_above_the_derivatives(look, freesurfer):
    survey = look("mci", freesurfer)
    config = runnable(survey)
    assert config.data.options["codes"] == {"group": {"HC": 0, "MCI": 1}}
    assert found(survey)["groups"] == "0 (20), 1 (20)"
    assert not {row.name: row.possible for row in survey.splits}["sites"]


def test_mci_refuses_groups_that_are_too_small_to_regress_in_every_training_part(look, freesurfer):
    few = ", ".join(f"sub-{k:02d}" for k in range(1, 13))
    with pytest.raises(ConfigFault, match=r"3 controls in an inner .* polynomial of 5 terms"):
        look("mci", freesurfer, f"data.subjects=[{few}]").require_runnable()
    survey = look("mci", freesurfer, f"data.subjects=[{few}]", "harmonisations=[raw]")
    assert runnable(survey).harmonisations == ("raw",)
    assert "5 terms and 10 controls" in " ".join(look("mci", freesurfer).notes)


def test_mci_takes_the_column_of_diagnoses_by_its_usual_name(look, freesurfer):
    path = freesurfer / "participants.tsv"
    path.write_text(path.read_text().replace("group", "dx", 1))
    options = runnable(look("mci", freesurfer)).data.options
    assert options == {"missing": "drop_subject", "columns": {"group": "dx"},
                       "codes": {"group": {"HC": 0, "MCI": 1}}}  # fmt: skip


def test_more_replicates_and_epochs_take_longer(look, freesurfer, nwb):
    more = {"mci": (freesurfer, "search.replicates=500"),
            "spikes": (nwb, "training.trainer.max_epochs=5000")}  # fmt: skip
    for pipeline, (folder, setting) in more.items():
        few, many = look(pipeline, folder), look(pipeline, folder, setting)
        assert many.duration.seconds > 5 * few.duration.seconds
        assert few.memory > 2**28  # libraries alone


def test_mci_lists_files_that_somebody_lacks_and_columns_that_are_missing(look, freesurfer):
    next(freesurfer.rglob("sub-05/stats/lh.aparc.stats")).unlink()
    assert look("mci", freesurfer).listings[0].rows == (("sub-05", "lh.aparc.stats"),)
    path = freesurfer / "participants.tsv"
    path.write_text(path.read_text().replace("group", "groups", 1))
    with pytest.raises(DataFault, match=r"no column 'group'.*group: groups"):
        look("mci", freesurfer)


@pytest.fixture(scope="module")
def nwb(tmp_path_factory):
    """Return a folder with one NWB file: six units, running speed, ten trials."""
    from datetime import UTC, datetime

    import pynwb

    root, rng = tmp_path_factory.mktemp("nwb"), np.random.default_rng(0)
    content = pynwb.NWBFile(
        session_description="test", identifier="one",
        session_start_time=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    for _ in range(6):
        content.add_unit(spike_times=np.sort(rng.uniform(0, 100, 400)))
    for start in range(0, 100, 10):
        content.add_trial(start_time=float(start), stop_time=start + 9.0)
    speed = pynwb.TimeSeries(name="running_speed", data=rng.random(1000), unit="m/s", rate=10.0)
    content.create_processing_module(name="behavior", description="movement").add(speed)
    with pynwb.NWBHDF5IO(str(root / "sub-1_ses-a.nwb"), "w") as file:
        file.write(content)
    return root


def test_spikes_lists_units_trials_and_the_series_that_may_be_behaviour(look, nwb):
    survey = look("spikes", nwb)
    assert found(survey)["units"] == "6 to 6 a session, 2,400 spikes"
    assert "running_speed 1000" in found(survey)["time series in the first file"]
    assert {row.name: row.possible for row in survey.splits}["trial_wise"]
    assert runnable(survey).data.path == nwb
    assert "data.options.behaviour={x: running_speed}" in survey.notes[-1]


def test_spikes_answers_an_unknown_series_with_the_nearest(look, nwb):
    with pytest.raises(ConfigFault, match="did you mean 'running_speed'"):
        look("spikes", nwb, "data.options.behaviour={speed: runing_speed}")


def test_nwb_files_must_say_whose_they_are(look, tmp_path):
    (tmp_path / "rat.nwb").write_bytes(b"")
    with pytest.raises(DataFault, match=r"sub-LABEL_ses-LABEL\.nwb"):
        look("spikes", tmp_path)
