"""A decoder that left its run answers as the run's own evaluation, from files of several forms."""

from __future__ import annotations

import shutil

import nibabel
import numpy as np
import pandas as pd
import pytest

import neurodecode
from neurodecode.decoder_folder import open_folder
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge.evaluation import BACKWARD, FORWARD, evaluate_unit
from neurodecode.mindbridge.retrieval import retrieve_by
from neurodecode.mindbridge.study import prepare_subject
from neurodecode.mindbridge.training import train_unit
from neurodecode.mindbridge.units import unit_of

N = 15
NAMES = {"bridge.seed-42": {}, "ridge.seed-42": {"models": ["ridge"]},
         "tuning.seed-42.new-03": {"tuning": {"lengths": [6, 12], "max_epochs": 1},
                                   "trainer": {"max_epochs": 1}}}  # fmt: skip


@pytest.fixture(scope="module")
def left(simulated_in, tmp_path_factory):
    """Return ``left(name)``: study, unit, model folder and decoder of a trained unit."""
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("left")
            study = simulated_in(folder / "cache", **NAMES[name])
            unit = unit_of(name, study.subjects)
            train_unit(study, unit, folder / "model")
            decoder = neurodecode.load_decoder(folder / "model" / "decoder")
            made[name] = study, unit, folder / "model", decoder
        return made[name]

    return of


def held_out(study, subject="01"):
    """Return the test responses of somebody, and what each is to."""
    store = study.store(subject)
    trials = study.trials_of(store, "test")
    return np.asarray(store.signals[trials.index.to_numpy()]), trials["stimulus"].tolist()


def table_of(found):
    """Return the score of every stimulus (rows) and candidate (columns), both sorted by name."""
    wide = found.pivot_table(index="true", columns="candidate", values="score")
    assert list(wide.index) == list(wide.columns)
    return wide.to_numpy()


@pytest.mark.parametrize(
    ("name", "kind", "model"),
    [("bridge.seed-42", "model", "bridge"), ("ridge.seed-42", "model", "ridge"),
     ("tuning.seed-42.new-03", "tuning", "reset")],
)  # fmt: skip
def test_held_out_stimuli_are_found_bit_for_bit_as_the_run_finds_them(left, name, kind, model):
    study, unit, folder, decoder = left(name)
    own = evaluate_unit(study, unit, folder).predictions.query("kind == @kind and model == @model")
    if kind == "tuning":
        own = own[own["length"] == 12]
    chosen = study.config.evaluation
    for subject in decoder.participants:
        responses, stimuli = held_out(study, subject)
        found = decoder.predict(responses, participant=subject, stimuli=stimuli, top=N)
        again = retrieve_by(table_of(found), set_size=chosen.set_size, n_sets=chosen.n_sets,
                            seed=study.config.seed)  # fmt: skip
        for metric, hits in ((FORWARD, again.brain_to_image), (BACKWARD, again.image_to_brain)):
            mine = own[(own["subject"] == subject) & (own["metric"] == metric)]
            expected = mine.set_index("stimulus")["hit"].reindex(sorted(set(stimuli))).to_numpy()
            np.testing.assert_array_equal(hits.by_query, expected)


def test_estimates_are_those_of_the_trained_network_bit_for_bit(left):
    from neurodecode.mindbridge.evaluation import decode_unit
    from neurodecode.mindbridge.targets import read_targets

    study, unit, folder, decoder = left("bridge.seed-42")
    decoded = next(decode_unit(study, unit, read_targets(study), folder))
    responses, stimuli = held_out(study)
    names, pooled, _ = decoder.pooled(responses, stimuli, "01")
    assert names == decoded.stimuli
    assert np.array_equal(decoder.infer(pooled, "01"), decoded.image)


def test_the_card_has_the_score_that_predictions_on_the_held_out_part_have(left):
    study, _, folder, decoder = left("bridge.seed-42")
    responses, stimuli = held_out(study)
    found = decoder.predict(responses, participant="01", stimuli=stimuli)
    score = decoder.settings.people["01"].held_out
    assert found.loc[found["rank"] == 1, "hit"].mean() == score.value
    assert (score.n, score.chance) == (N, 1 / N)
    card = (folder / "decoder" / "README.md").read_text()
    assert "Participant 01. " + score.sentence() in card
    assert f"On the {N} held-out stimuli" in card
    said = decoder.summary(found)
    assert said[0] == f"{N} stimuli decoded from {len(responses)} responses"
    assert said[1].startswith(f"top-1 accuracy {score.value:.3f}, chance {1 / N:.3f}, {N} stimuli")


def test_the_folder_holds_what_decodes_and_nothing_else(left):
    _, _, folder, decoder = left("bridge.seed-42")
    assert decoder.participants == ("01", "02", "03")
    assert not [name for name in decoder.weights if name.startswith(("builders.", "text_head."))]
    assert set(open_folder(folder / "decoder").files) == {
        "model.json", "model.safetensors", "candidates.json", "candidates.safetensors",
        "masks.json", "masks.safetensors",
    }  # fmt: skip


def test_a_new_subject_leaves_the_network_of_the_first_regime_and_most_stimuli(left):
    *_, decoder = left("tuning.seed-42.new-03")
    assert decoder.participants == ("03",)
    assert decoder.settings.name == "reset"
    assert decoder.settings.people["03"].n_training == 12


@pytest.mark.parametrize("name", ["no-cycle.seed-42", "bridge-pictures-shuffled.seed-42"])
def test_other_models_and_controls_leave_nothing(simulated, tmp_path, name):
    first = "bridge, pictures shuffled" if "shuffled" in name else "bridge"
    study = simulated(trainer={"max_epochs": 1}, models=[first])
    train_unit(study, unit_of(name, study.subjects), tmp_path / "model")
    assert not (tmp_path / "model" / "decoder").exists()


def test_unnamed_responses_stand_for_themselves_and_named_ones_are_averaged(left):
    study, _, _, decoder = left("bridge.seed-42")
    responses, stimuli = held_out(study)
    some = [stimuli[0], "", stimuli[0], "unheard of"]
    found = decoder.predict(responses[[0, 1, 0, 3]], participant="01", stimuli=some, top=1)
    rows = found.set_index("true")
    assert rows.loc[stimuli[0], "n_responses"] == 2
    assert rows.loc["", "n_responses"] == 1
    assert found["hit"].notna().tolist() == (found["true"] == stimuli[0]).tolist()
    assert rows.loc["unheard of", "true_rank"] == 0
    assert len(decoder.summary(decoder.predict(responses, participant="01"))) == 1


@pytest.mark.parametrize("form", ["npy", "npz", "parquet", "csv", "tsv"])
def test_every_form_of_file_gives_the_same_predictions(left, tmp_path, form):
    study, _, _, decoder = left("bridge.seed-42")
    responses, stimuli = held_out(study)
    path = tmp_path / f"sub-01_responses.{form}"
    table = pd.DataFrame(responses, columns=[f"v{k}" for k in range(responses.shape[1])])
    named = table.assign(stimulus=stimuli, run="1")
    if form == "npy":
        np.save(path, responses)
        trials = tmp_path / "sub-01_trials.tsv"
        pd.DataFrame({"stimulus": stimuli}).to_csv(trials, sep="\t", index=False)
    elif form == "npz":
        np.savez(path, responses=responses, stimulus=stimuli)
    elif form == "parquet":
        named.to_parquet(path)
    else:
        named.to_csv(path, sep="\t" if form == "tsv" else ",", index=False, float_format="%.9g")
    wanted = decoder.predict(responses, participant="01", stimuli=stimuli)
    pd.testing.assert_frame_equal(decoder.predict(decoder.read(path), participant="01"), wanted)


@pytest.fixture(scope="module")
def masked(left, tmp_path_factory):
    """Return a decoder whose participant 01 has a mask, one voxel left out, and a file's base."""
    study, _, folder, _ = left("bridge.seed-42")
    base = tmp_path_factory.mktemp("masked") / "sub-01"
    grid = np.zeros((4, 5, 4), dtype=np.uint8)
    grid.reshape(-1)[np.arange(0, 80)[5:66]] = 1  # 61, one of them left out
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    nibabel.Nifti1Image(grid, affine).to_filename(f"{base}_mask.nii.gz")
    responses, stimuli = held_out(study)
    volumes = np.zeros((80, len(responses)), dtype=np.float32)
    inside = np.flatnonzero(grid)
    volumes[np.delete(inside, 7)] = responses.T
    volumes[inside[7]] = np.nan
    nibabel.Nifti1Image(volumes.reshape(4, 5, 4, -1), affine).to_filename(
        f"{base}_responses.nii.gz"
    )
    pd.DataFrame({"stimulus": stimuli}).to_csv(f"{base}_trials.tsv", sep="\t", index=False)
    return study, folder, base


def test_a_nifti_is_cut_by_the_mask_that_the_run_kept(masked, simulated_in, tmp_path):
    from neurodecode.datasets.responses.masking import masked_responses
    from neurodecode.datasets.responses.subject import Responses
    from neurodecode.datasets.responses.voxels import usable_voxels

    study, _, base = masked
    values, voxels = masked_responses(
        base.with_name("sub-01_responses.nii.gz"), base.with_name("sub-01_mask.nii.gz")
    )
    values, voxels, _ = usable_voxels(values, voxels, "drop", where="")
    store = study.store("01")
    trials = study.trials[study.trials["participant"] == "01"].reset_index(drop=True)
    columns = ["stimulus", "image", "category", "caption", "repetition", "run", "part"]
    mine = Responses("01", np.asarray(store.signals), trials[columns], None, voxels)
    prepare_subject(tmp_path / "01", mine, trials.assign(trial=range(len(trials))))
    changed = simulated_in(tmp_path / "cache")
    changed.folders["01"] = tmp_path / "01"
    train_unit(changed, unit_of("bridge.seed-42", changed.subjects), tmp_path / "model")
    decoder = neurodecode.load_decoder(tmp_path / "model" / "decoder")
    responses, stimuli = held_out(study)
    wanted = decoder.predict(responses, participant="01", stimuli=stimuli)
    file = decoder.read(base.with_name("sub-01_responses.nii.gz"))
    pd.testing.assert_frame_equal(decoder.predict(file, participant="01"), wanted)
    whole = np.insert(responses, 7, np.nan, axis=1)  # with the voxel that training left out
    again = decoder.predict(whole, participant="01", stimuli=stimuli)
    pd.testing.assert_frame_equal(again, wanted)
    with pytest.raises(
        DataFault, match=r"another mask: 61 voxels.*participant 02 was trained with 50"
    ):
        decoder.predict(file, participant="02")
    other = np.ones((4, 5, 4), dtype=np.uint8)
    for suffix in ("mask.nii.gz", "responses.nii.gz"):
        shutil.copy(base.with_name(f"sub-01_{suffix}"), tmp_path / f"sub-01_{suffix}")
    nibabel.Nifti1Image(other, np.eye(4)).to_filename(tmp_path / "sub-01_mask.nii.gz")
    with pytest.raises(DataFault, match=r"another mask: 80 voxels .* with 61 of \(4, 5, 4\)"):
        decoder.predict(decoder.read(tmp_path / "sub-01_responses.nii.gz"), participant="01")
    (tmp_path / "sub-01_mask.nii.gz").unlink()
    moved = nibabel.Nifti1Image(np.zeros((4, 5, 4, 2), np.float32), np.eye(4))
    moved.to_filename(tmp_path / "sub-01_responses.nii.gz")
    with pytest.raises(DataFault, match=r"affines that differ by up to 1 mm.*participant 01"):
        decoder.predict(decoder.read(tmp_path / "sub-01_responses.nii.gz"), participant="01")


@pytest.mark.parametrize("participant", ["02", None])
def test_the_onnx_file_estimates_what_the_decoder_estimates(left, tmp_path, participant):
    onnxruntime = pytest.importorskip("onnxruntime")
    from neurodecode.decoders.onnx import export_onnx

    study, _, folder, decoder = left("bridge.seed-42")
    export_onnx(folder / "decoder", tmp_path / "bridge.onnx", participant=participant)
    responses, stimuli = held_out(study, "02")
    _, pooled, _ = decoder.pooled(responses, stimuli, "02")
    session = onnxruntime.InferenceSession(tmp_path / "bridge.onnx")
    given = {"pooled": pooled}
    if participant is None:
        given["participant"] = np.full(len(pooled), decoder.participants.index("02"))
    wanted = decoder.infer(pooled, "02")
    np.testing.assert_allclose(session.run(None, given)[0], wanted, atol=1e-5)


def test_a_linear_map_has_no_network_to_export(left):
    *_, decoder = left("ridge.seed-42")
    with pytest.raises(ConfigFault, match="'ridge' is a linear map"):
        decoder.onnx_network()
