"""Faults of the mci and adhd decoders at work, as somebody meets them who was handed a folder.

The numbers are the rows of the list of faults: 2 NaN voxels, 5 another unit, 9 a truncated image,
10 an error page, 16 other columns, grids or regions, 20 a flipped bit, 25 a hostile file.
"""

from __future__ import annotations

import pickle
import shutil
import sys

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from neurodecode.artefacts import read_json, sha256_file, write_json, write_parquet
from neurodecode.cli import main
from neurodecode.config import validate


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Return the folder of an mci decoder, and a table that fits it."""
    from neurodecode.morphometry.config import MCIConfig
    from neurodecode.morphometry.study import Study
    from neurodecode.morphometry.training import train_unit
    from neurodecode.morphometry.units import units_of

    folder, n = tmp_path_factory.mktemp("mci"), 80
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "subject": [f"p{k:02d}" for k in range(n)], "group": np.arange(n) % 2,
        "age": rng.uniform(60, 85, n), "sex": rng.integers(0, 2, n),
        "etiv": rng.normal(1.5e6, 1e5, n), "left_hippocampus_volume": rng.normal(3800, 300, n),
        "right_hippocampus_volume": rng.normal(3900, 300, n),
        "lh_entorhinal_thickness": rng.normal(3.3, 0.2, n),
    })  # fmt: skip
    config = validate(MCIConfig, {
        "description": "", "data": {"dataset": "local"}, "baselines": [], "forms": ["balanced"],
        "harmonisations": ["z-score"], "classifiers": ["medium tree"], "null_test": {"draws": 0},
        "search": {"replicates": 1, "outer_folds": 2, "inner_folds": 2, "method": "preset",
                   "rankings": ["anova"], "preset_features": 3, "degree": 1},
    })  # fmt: skip
    write_parquet(folder / "cohort.parquet", table)
    write_json(folder / "store.json", {"measures": list(table.columns[-3:])})
    unit = units_of(config)[0]
    train_unit(Study(config, folder), unit, folder / "model")
    return folder / "model" / "decoders" / "balanced.replicate-0-fold-0", table


@pytest.fixture(scope="module")
def rested(tmp_path_factory):
    """Return the folder of an adhd decoder of images, and the folder of the simulated people."""
    from neurodecode.connectome.config import ADHDConfig
    from neurodecode.connectome.people import fetch_people, scan_reader
    from neurodecode.connectome.preparation import prepare_people
    from neurodecode.connectome.study import Study
    from neurodecode.connectome.training import train_unit
    from neurodecode.connectome.units import unit_of
    from neurodecode.datasets.catalog import find_card
    from neurodecode.datasets.fetch import fetch_study

    folder = tmp_path_factory.mktemp("adhd")
    simulation = {"n_subjects": 20, "n_sites": 1, "voxel_mm": 15, "n_regions": 1, "n_networks": 1}
    config = validate(ADHDConfig, {
        "description": "", "data": {"dataset": "simulated-resting", "simulation": simulation},
        "maps": {"features": ["degree"], "thetas": [0.4]}, "models": ["degree"],
        "search": {"n_components": [2], "inner_folds": 2}, "split": {"n_folds": 2},
    })  # fmt: skip
    card, subjects = find_card("simulated-resting"), config.simulated_subjects()
    fetch_study(config, card, subjects, folder)
    people = fetch_people(config, card, subjects, folder, folder / "people")
    prepare_people(folder / "store", people.table, scan_reader(config, card, folder), people.mask,
                   config.scans, config.maps)  # fmt: skip
    unit = unit_of(config, "stratified")
    train_unit(Study(config, [folder / "store"]), unit, folder / "model", people.mask)
    return sorted((folder / "model" / "decoders").iterdir())[0], folder / card.name


@pytest.fixture
def said_of(monkeypatch, capsys):
    """Return a function that calls ``neurodecode predict`` and returns exit code and output."""

    def run(folder, path, out, *options):
        arguments = ["neurodecode", "predict", str(folder), str(path), "-o", str(out), *options]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
        found = capsys.readouterr()
        return ended.value.code, found.out + found.err

    return run


@pytest.fixture
def line_of(said_of, tmp_path):
    """Return a function that returns the one line that ``neurodecode predict`` answers with."""

    def run(folder, path, *options):
        out = tmp_path / "p.parquet"
        code, said = said_of(folder, path, out, *options)
        assert code == 2
        assert said.startswith("error: "), said
        assert said.count("\n") == 1
        assert not out.exists()
        return said

    return run


@pytest.fixture
def image(rested, tmp_path):
    """Return a writer of somebody's image, changed before."""
    source = next(rested[1].rglob("sfnwmrda0010001_session_1_rest_1.nii*"))

    def write(change, name="kid.nii.gz"):
        loaded = nib.load(source)
        values, affine = np.asarray(loaded.dataobj, np.float32).copy(), loaded.affine.copy()
        changed = change(values, affine)
        changed = values if changed is None else changed
        made = nib.Nifti1Image(changed, affine)
        made.header.set_zooms((*loaded.header.get_zooms()[:3], 2.0))
        nib.save(made, tmp_path / name)
        return tmp_path / name

    return write


def written(table, path):
    table.to_csv(path, index=False)
    return path


def test_tables_and_images_that_fit_are_decoded(measured, rested, said_of, tmp_path):
    path = written(measured[1], tmp_path / "new.csv")
    for folder, data in ((measured[0], path), (rested[0], rested[1])):
        code, said = said_of(folder, data, tmp_path / "p.parquet")
        assert code == 0, said
        for words in ("people decoded", "balanced accuracy", "was among the training people's"):
            assert words in said
        assert pd.read_parquet(tmp_path / "p.parquet")["probability"].between(0, 1).all()


def test_row_16_missing_measures_and_covariates_are_named(measured, line_of, tmp_path):
    folder, table = measured
    lacking = table.drop(columns=["left_hippocampus_volume", "age"])
    said = line_of(folder, written(lacking, tmp_path / "new.csv"))
    assert "columns that the decoder needs: left_hippocampus_volume, age" in said
    assert "new.csv" in said
    said = line_of(folder, written(table.assign(age=np.nan), tmp_path / "new.csv"))
    assert "80 missing or infinite values" in said
    assert "first: subject p00, age" in said


def test_row_5_measures_in_another_unit_are_recognised(measured, line_of, tmp_path):
    folder, table = measured
    said = line_of(folder, written(table.assign(etiv=table["etiv"] / 1e3), tmp_path / "new.csv"))
    assert "etiv looks like cm3" in said
    months = table.assign(age=table["age"] * 12)
    said = line_of(folder, written(months, tmp_path / "new.csv"))
    assert "age of 80 people is far outside the training's range" in said
    assert "give it in years" in said


def test_a_person_twice_is_named(measured, line_of, tmp_path):
    folder, table = measured
    table = pd.concat([table, table.iloc[[3]]])
    assert "subject p03 occurs twice" in line_of(folder, written(table, tmp_path / "new.csv"))


def test_nothing_an_error_page_and_a_code_are_told_apart(measured, line_of, tmp_path):
    folder, table = measured
    assert "file or folder not found" in line_of(folder, tmp_path / "nowhere.csv")
    page = tmp_path / "page.csv"
    page.write_text("<!DOCTYPE html><html>404</html>")
    assert "error page, not data" in line_of(folder, page)
    coded = table.assign(sex="x")
    assert "sex 'x' is none of" in line_of(folder, written(coded, tmp_path / "new.csv"))


def test_row_16_another_grid_is_named_with_both(rested, line_of, image):
    said = line_of(rested[0], image(lambda values, _: values[:-1]))
    assert "on another grid than the decoder's" in said
    assert "voxels of 15 x 15 x 15 mm" in said
    assert "kid.nii.gz" in said

    def shifted(_, affine):
        affine[0, 3] += 5

    assert "another grid" in line_of(rested[0], image(shifted))


def test_too_few_volumes_and_nan_voxels_are_named(rested, line_of, image):
    said = line_of(rested[0], image(lambda values, _: values[..., :30]))
    assert "30 volumes, a correlation needs 60" in said
    assert "subject kid, run 1" in said

    def spoil(values, _):
        values[tuple(size // 2 for size in values.shape[:3])] = np.nan

    said = line_of(rested[0], image(spoil))
    assert "courses are constant or hold NaN or infinity" in said
    assert "mm" in said


def test_rows_9_and_16_a_cut_image_and_courses_in_place_of_images_are_recognised(
    rested, line_of, image, tmp_path
):
    path = image(lambda values, _: None, "kid.nii")
    path.write_bytes(path.read_bytes()[:-4000])
    assert "kid.nii" in line_of(rested[0], path)
    frame = pd.DataFrame(np.random.default_rng(0).random((60, 5)))
    frame.to_csv(tmp_path / "kid_cc200_TCs.1D", sep="\t", index=False)
    said = line_of(rested[0], tmp_path / "kid_cc200_TCs.1D")
    assert "no image, the decoder was trained on images" in said


@pytest.fixture(params=["mci", "adhd"])
def either(request, measured, rested, tmp_path):
    """Return a copy of either decoder that a test may spoil, and data that fit it."""
    if request.param == "adhd":
        return shutil.copytree(rested[0], tmp_path / "decoder"), rested[1]
    path = written(measured[1], tmp_path / "new.csv")
    return shutil.copytree(measured[0], tmp_path / "decoder"), path


@pytest.mark.parametrize("name", ["models.skops", "model.json"])
def test_row_20_one_flipped_bit_is_found(either, line_of, name):
    folder, data = either
    held = bytearray((folder / name).read_bytes())
    held[len(held) // 2] ^= 1
    (folder / name).write_bytes(held)
    said = line_of(folder, data)
    assert "the file is not the one that was written" in said
    assert name in said


@pytest.mark.parametrize("hostile", ["pickle", "skops", "another"])
def test_row_25_a_hostile_model_is_never_built(either, line_of, tmp_path, hostile):
    """All lie about their sha256, as somebody would who hands the folder on."""
    import skops.io
    from sklearn.naive_bayes import GaussianNB

    class Hostile:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    folder, data = either
    model = GaussianNB() if hostile == "another" else Hostile()
    dumps = pickle.dumps if hostile == "pickle" else skops.io.dumps
    (folder / "models.skops").write_bytes(dumps(model))
    for name, key in (("models.skops", "model.json"), ("model.json", "decoder.json")):
        said = read_json(folder / key)
        if key == "model.json":
            said["sha256"] = sha256_file(folder / name)
        else:
            said["files"] = {n: sha256_file(folder / n) for n in said["files"]}
        write_json(folder / key, said)
    expected = "the saved model is no" if hostile == "another" else "refused to load"
    assert expected in line_of(folder, data)
    assert not (tmp_path / "owned").exists()


def test_options_of_recordings_and_participants_are_refused(either, line_of):
    assert "keeps nothing of single people" in line_of(*either, "--participant", "p01")
    assert "no use for --montage" in line_of(*either, "--montage", "standard_1020")
