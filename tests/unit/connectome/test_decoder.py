"""A decoder of scans at rest answers as the run's evaluation does, and says what does not fit."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from nilearn.image import load_img

import neurodecode
from neurodecode.config import validate
from neurodecode.connectome.config import ADHDConfig
from neurodecode.connectome.decoder import KNOWN_SCAN
from neurodecode.connectome.evaluation import evaluate_unit
from neurodecode.connectome.people import fetch_people, scan_reader
from neurodecode.connectome.preparation import prepare_people
from neurodecode.connectome.reading import RestingPeople
from neurodecode.connectome.study import Study
from neurodecode.connectome.training import train_unit
from neurodecode.connectome.units import unit_of
from neurodecode.datasets.catalog import find_card
from neurodecode.datasets.fetch import fetch_study
from neurodecode.datasets.resting.athena import PHENOTYPE_TABLE, run_stem
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.faults import ConfigFault, DataFault

N = 24
SIMULATION = {"n_subjects": N, "n_sites": 2, "voxel_mm": 15, "n_regions": 2, "n_networks": 2,
              "effect": 1.0}  # fmt: skip
SMALL = {
    "description": "", "scans": {"min_volumes": 20}, "split": {"n_folds": 2},
    "maps": {"features": ["degree", "three_cycles"], "thetas": [0.35, 0.45]},
    "search": {"masks": [{"quantile": 0.8}], "n_components": [3, 5], "inner_folds": 2},
    "evaluation": {"n_resamples": 100, "n_permutations": 0},
}  # fmt: skip


def adhd_config(model, **changed):
    data = {"dataset": "simulated-resting", "simulation": SIMULATION}
    return validate(ADHDConfig, {**SMALL, "data": data, "models": [model, "all control"],
                                 **changed})  # fmt: skip


def train(store, folder, config, mask=None):
    """Train and evaluate the first unit; return the folder of its decoders and its answers."""
    study = Study(config, [store])
    unit = unit_of(config, next(iter(config.units(["a"]))))
    train_unit(study, unit, folder, mask)
    found = evaluate_unit(study, unit, folder).predictions
    return folder / "decoders", found[
        (found["model"] == config.models[0]) & (found["kind"] == "chosen")
    ]


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Return the folder of simulated people, of their store and of their mask."""
    folder, config = tmp_path_factory.mktemp("rest"), adhd_config("degree")
    card, subjects = find_card("simulated-resting"), config.simulated_subjects()
    fetch_study(config, card, subjects, folder)
    people = fetch_people(config, card, subjects, folder, folder / "people")
    prepare_people(folder / "store", people.table, scan_reader(config, card, folder), people.mask,
                   config.scans, config.maps)  # fmt: skip
    return folder / card.name, folder / "store", people.mask


@pytest.fixture(scope="module")
def run(scans, tmp_path_factory):
    _, store, mask = scans
    config = adhd_config("3-cycles+mask, confounds removed")
    return train(store, tmp_path_factory.mktemp("run"), config, mask)


@pytest.fixture(scope="module")
def plain(scans, tmp_path_factory):
    """Train a model without covariates."""
    return train(scans[1], tmp_path_factory.mktemp("plain"), adhd_config("degree"), scans[2])


@pytest.fixture(scope="module")
def normalised(scans, tmp_path_factory):
    config = adhd_config("degree, site-normalised")
    return train(scans[1], tmp_path_factory.mktemp("normalised"), config, scans[2])


@pytest.fixture(scope="module")
def place(run):
    return sorted(run[0].iterdir())[1]


@pytest.fixture(scope="module")
def decoder(place):
    return neurodecode.load_decoder(place)


@pytest.fixture(scope="module")
def people(decoder, scans):
    return decoder.read(scans[0])


def only(people, subjects):
    table = people.table.set_index("subject").loc[list(subjects)].reset_index()
    return RestingPeople(table, {name: people.scans[name] for name in subjects}, people.plain)


def test_every_fold_of_the_main_model_leaves_the_run(run, place):
    assert len(list(run[0].iterdir())) == 2
    assert place.name.startswith("stratified.")


@pytest.mark.parametrize("trained", ["run", "normalised", "plain"])
def test_people_left_out_get_the_probabilities_of_the_evaluation_to_the_last_bit(
    request, scans, trained
):
    folder, own = request.getfixturevalue(trained)
    for place in sorted(folder.iterdir()):
        decoder = neurodecode.load_decoder(place)
        mine = own[own["fold"] == decoder.settings.fold]
        found = decoder.predict(only(decoder.read(scans[0]), mine["subject"]))
        np.testing.assert_array_equal(found["probability"], mine["score"])
        np.testing.assert_array_equal(found["prediction"] == "ADHD", mine["y_pred"] == 1)
        np.testing.assert_array_equal(found["true"] == "ADHD", mine["y_true"] == 1)
        assert not found["note"].str.contains(KNOWN_SCAN).any()


def test_who_was_in_training_is_recognised_under_any_name(run, decoder, people):
    mine = run[1].loc[run[1]["fold"] == decoder.settings.fold, "subject"]
    found = decoder.predict(people)
    known = found["note"].str.contains(KNOWN_SCAN)
    assert set(found.loc[~known, "person"]) == set(mine)
    assert f"{len(mine)} people of known group" in decoder.summary(found)[1]


def test_the_card_has_data_split_score_with_interval_and_limits(run, place, decoder):
    card = (place / "README.md").read_text()
    mine = run[1][run[1]["fold"] == decoder.settings.fold]
    hits = (mine["y_true"] == mine["y_pred"]).groupby(mine["y_true"]).mean().mean()
    assert re.search(rf"balanced_accuracy {hits:.3f}, 95 % interval\n[01]\.\d+ to [01]\.\d+", card)
    for words in ("simulated-resting", "theta", "voxels of 15 x 15 x 15 mm", "## Limits",
                  "chance 0.500", "held-out people", "full_iq"):  # fmt: skip
        assert words in card


def test_baselines_controls_and_leaks_leave_nothing(scans, tmp_path):
    for model in ("site", "degree, labels shuffled", "degree+mask from all (leaks)"):
        folder, _ = train(scans[1], tmp_path / model[:6], adhd_config(model), scans[2])
        assert not folder.exists()


def image_of(root, subject="0010003"):
    return next(root.rglob(run_stem(subject) + ".nii*"))


def test_a_single_image_and_a_folder_of_images_are_people_by_their_names(plain, scans, tmp_path):
    root, decoder = scans[0], neurodecode.load_decoder(min(plain[0].iterdir()))
    for subject in ("0010003", "0010004"):
        file = image_of(root, subject)
        shutil.copy(file, tmp_path / f"new {file.name}")
    (tmp_path / "people.csv").write_text(
        f"subject,group,age\nnew-{run_stem('0010004')},1,11\nnew-{run_stem('0010003')},0,\n"
    )
    found = decoder.predict(decoder.read(tmp_path))
    assert found["person"].tolist() == [f"new-{run_stem(f'001000{k}')}" for k in (3, 4)]
    assert found["true"].tolist() == ["control", "ADHD"]
    alone = decoder.predict(decoder.read(image_of(root)))
    # rows of one matrix product and of another
    assert alone["probability"][0] == pytest.approx(found["probability"][0], abs=1e-9)
    assert alone["true"].tolist() == [""]


def test_scans_at_a_coarser_grid_get_the_same_answers_from_the_decoder(scans, tmp_path):
    config = adhd_config("degree", scans={"min_volumes": 20, "voxel_mm": 20.0})
    card, subjects = find_card("simulated-resting"), config.simulated_subjects()
    people = fetch_people(config, card, subjects, scans[0].parent, tmp_path / "people")
    info = prepare_people(tmp_path / "store", people.table,
                          scan_reader(config, card, scans[0].parent), people.mask,
                          config.scans, config.maps)  # fmt: skip
    folder, own = train(tmp_path / "store", tmp_path / "run", config, people.mask)
    decoder = neurodecode.load_decoder(min(folder.iterdir()))
    mask = load_img(people.mask)
    assert info["n_voxels"] == decoder.settings.n_values == decoder.inside.sum()
    np.testing.assert_array_equal(decoder.inside, mask.get_fdata() > 0)
    np.testing.assert_array_equal(decoder.settings.grid.affine, mask.affine)
    mine = own[own["fold"] == decoder.settings.fold].head(4)
    found = decoder.predict(only(decoder.read(scans[0]), mine["subject"]))
    np.testing.assert_allclose(found["probability"], mine["score"], atol=1e-9)


def test_without_a_table_the_missing_covariates_are_named(decoder, scans):
    with pytest.raises(DataFault, match=r"no site of 1 people.*site, sex, handedness, age"):
        decoder.read(image_of(scans[0]))


def test_few_people_of_a_new_site_cannot_be_adjusted_by_one_another(decoder, people):
    moved = RestingPeople(people.table.assign(site="moon"), people.scans)
    with pytest.raises(DataFault, match=r"3 people of site moon, which did not train"):
        decoder.predict(only(moved, people.table["subject"][:3]))
    found = decoder.predict(only(moved, people.table["subject"][:5]))
    assert found["note"].str.contains("site moon did not train: adjusted by its people").all()


def test_a_column_that_nobody_has_is_named_and_a_single_gap_is_noted(decoder, people):
    with pytest.raises(DataFault, match="covariates that the decoder reads: age"):
        decoder.predict(RestingPeople(people.table.assign(age=np.nan), people.scans))
    table = people.table.copy()
    table.loc[2, "age"] = np.nan
    note = decoder.predict(RestingPeople(table, people.scans))["note"]
    assert "age unknown: the training's median is taken" in note[2].replace("full_iq, ", "")


def test_nothing_of_a_person_is_kept(decoder, people):
    with pytest.raises(ConfigFault, match="keeps nothing of single people"):
        decoder.predict(people, participant="0010003")


REGIONS = tuple(f"region {k}" for k in range(12))


def courses(subject, seed, regions=REGIONS, n_times=60):
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((n_times, 12)) + rng.standard_normal((n_times, 1)) / 2
    return RestingScan(subject, "1", 2.0, courses=mixed[:, : len(regions)].astype(np.float32),
                       regions=regions)  # fmt: skip


def phenotypes(names):
    rows = [{"subject": s, "group": k % 2, "dx": str(k % 2), "site": "ab"[k // 2 % 2], "sex": "F",
             "age": 10.0, "handedness": 1.0, "verbal_iq": 100.0, "performance_iq": 100.0,
             "full_iq": 100.0} for k, s in enumerate(names)]  # fmt: skip
    return pd.DataFrame(rows)


def test_region_courses_and_ready_vectors_are_decoded_to_the_last_bit(tmp_path):
    names = [f"{k:02d}" for k in range(16)]
    rng = np.random.default_rng(0)
    vectors = {s: rng.random(30).astype(np.float32) for s in names}
    for model, scan_of in (
        ("degree", lambda s: [courses(s, int(s))]),
        ("region features", lambda s: [RestingScan(s, "1", None, features={"alff": vectors[s]})]),
    ):
        config = adhd_config(model, maps={"features": ["degree"], "thetas": [0.1]},
                             data={"dataset": "local"})  # fmt: skip
        store = tmp_path / model[:6]
        prepare_people(store, phenotypes(names), scan_of, None, config.scans, config.maps)
        folder, own = train(store, store / "run", config)
        decoder = neurodecode.load_decoder(sorted(folder.iterdir())[0])
        mine = own[own["fold"] == decoder.settings.fold]
        table = phenotypes(names).set_index("subject").loc[mine["subject"]].reset_index()
        people = RestingPeople(table, {s: scan_of(s) for s in mine["subject"]})
        found = decoder.predict(people)
        np.testing.assert_array_equal(found["probability"], mine["score"])
        if model == "degree":
            other = {s: [courses(s, 1, regions=(*REGIONS[:11], "moon"))] for s in people.scans}
            with pytest.raises(DataFault, match="missing: region 11; unknown: moon"):
                decoder.predict(RestingPeople(table, other))


def test_a_course_file_is_a_person(tmp_path):
    from neurodecode.connectome.reading import read_resting

    frame = pd.DataFrame(courses("01", 1).courses, columns=[f"Mean_{k}" for k in range(12)])
    frame.insert(0, "Sub-brick", range(60))
    frame.insert(0, "File", "x")
    frame.to_csv(tmp_path / "kid_cc200_TCs.1D", sep="\t", index=False)
    people = read_resting(tmp_path / "kid_cc200_TCs.1D", "ADHD200-athena", {})
    scan = people.scans["kid_cc200"][0]
    assert scan.courses.shape == (60, 12)
    assert scan.regions[:2] == ("0", "1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataFault, match=f"no phenotype table {PHENOTYPE_TABLE}"):
        read_resting(tmp_path / "empty", "ADHD200-athena", {})
