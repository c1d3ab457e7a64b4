"""Simulated responses hold what is stated: sizes, sharing, smoothness, sparseness, noise, files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.responses import responses_loader
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.responses import simulate_responses
from neurodecode.datasets.simulate.responses_model import (
    VoxelModel,
    ellipsoid,
    rectified_std,
    smooth_fields,
)
from neurodecode.datasets.simulate.responses_optimal import read_features
from neurodecode.evaluation import assert_no_leak, audit_stimuli, split_stimuli
from neurodecode.faults import ConfigFault, DataFault

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
SMALL = {
    "pictures": "none", "n_subjects": 3, "n_voxels": (300, 200), "n_train": 60,
    "n_shared_test": 10, "n_latent": 8, "n_categories": 6,
}  # fmt: skip
read = responses_loader("simulated-responses")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("responses")
    simulate_responses(made, **SMALL)
    return made


def hashes(folder, pattern="*"):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob(pattern))
        if path.is_file() and path.suffix != ".parquet"
    }


def test_the_same_seed_writes_the_same_files(folder, tmp_path):
    simulate_responses(tmp_path / "again", **SMALL)
    assert hashes(tmp_path / "again") == hashes(folder)
    simulate_responses(tmp_path / "other", **SMALL, random_state=1)
    other = hashes(tmp_path / "other", "*responses.npy")
    assert not set(other.values()) & set(hashes(folder).values())


def test_more_subjects_leave_the_first_ones_as_they_are(folder, tmp_path):
    simulate_responses(tmp_path, **{**SMALL, "n_subjects": 1})
    alone = hashes(tmp_path, "sub-01*")
    assert len(alone) == 5
    assert alone.items() <= hashes(folder).items()


def test_subjects_have_their_own_numbers_of_voxels_in_c_order(folder):
    found = [read(folder, label) for label in ("01", "02", "03")]
    assert [one.n_voxels for one in found] == [300, 200, 300]
    places = found[0].voxels.coordinates
    assert places.tolist() == sorted(places.tolist())
    assert not np.array_equal(places, found[2].voxels.coordinates)


def test_training_stimuli_are_disjoint_and_test_stimuli_shared_and_repeated(folder):
    found = [read(folder, label) for label in ("01", "02", "03")]
    table = pd.concat([one.trials.assign(participant=one.subject) for one in found])
    counts = table.groupby(["participant", "part"])["stimulus"].agg(["size", "nunique"])
    assert counts.xs("train", level="part").to_numpy().tolist() == [[60, 60]] * 3
    assert counts.xs("test", level="part").to_numpy().tolist() == [[30, 10]] * 3
    owners = table[table["part"] == "train"].groupby("stimulus")["participant"].nunique()
    assert (owners == 1).all()
    done = split_stimuli(table.reset_index(drop=True), "published")
    assert_no_leak(audit_stimuli(done, "published", disjoint=True))
    assert set(table["run"]) == {"1", "2"}


def test_trials_are_the_stated_means_plus_noise_of_variance_one(folder):
    found, model = read(folder, "01"), VoxelModel.read(folder, "01")
    features = read_features(folder, found.trials["stimulus"].tolist())
    noise = found.responses - model.answers(features)
    assert noise.mean() == pytest.approx(0, abs=0.05)
    assert noise.var() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose((model.noise**2).sum(axis=1) + model.white, 1, atol=1e-9)


def test_noise_has_the_stated_covariance(folder):
    model = VoxelModel.read(folder, "02")
    drawn = model.draw_noise(20_000, np.random.default_rng(0))
    expected = model.white * np.eye(200) + model.noise @ model.noise.T
    assert np.abs(np.cov(drawn.T) - expected).max() < 0.06


def test_voxels_answer_few_stimuli_with_the_stated_strength(folder):
    model = VoxelModel.read(folder, "01")
    features = np.random.default_rng(0).standard_normal((20_000, 8))
    answers = model.answers(features)
    assert (answers > 0).mean() == pytest.approx(model.active, abs=0.01)
    np.testing.assert_allclose(answers.std(axis=0), model.ncsnr * model.gains, rtol=0.08)
    assert (model.gains**2).mean() == pytest.approx(1)


def test_the_rectified_deviation_is_the_integral():
    x = np.random.default_rng(0).standard_normal(2_000_000)
    for threshold in (-1.0, 0.0, 0.84):
        drawn = np.maximum(x - threshold, 0).std()
        assert rectified_std(threshold) == pytest.approx(drawn, rel=5e-3)


def test_neighbours_prefer_the_same_and_pooling_along_the_array_can_use_it(tmp_path):
    """Correlation of next voxels: exp(-d^2 / (4 sigma^2)) for smoothed white noise."""
    inside = np.ones((24, 24, 24), dtype=bool)
    for fwhm in (0.0, 3.0):
        fields = smooth_fields(inside, 4, fwhm, np.random.default_rng(0)).T.reshape(4, 24, 24, 24)
        next_one = np.corrcoef(fields[..., :-1].ravel(), fields[..., 1:].ravel())[0, 1]
        sigma = fwhm / np.sqrt(8 * np.log(2))
        expected = np.exp(-1 / (4 * sigma**2)) if sigma else 0.0
        assert next_one == pytest.approx(expected, abs=0.03)


def test_an_ellipsoid_has_exactly_so_many_voxels_in_one_piece():
    from scipy.ndimage import label

    for n_voxels in (1, 50, 777):
        inside = ellipsoid(n_voxels, np.random.default_rng(n_voxels))
        assert inside.sum() == n_voxels
        assert label(inside)[1] == 1
        assert not inside[0].any() or n_voxels == 1


def test_embeddings_have_the_form_of_clips(folder):
    found = read(folder, "01")
    image, text = (found.embeddings.arrays[name] for name in ("image", "text"))
    assert image.shape == (3 * 60 + 10, 5, 32)
    assert text.shape == (3 * 60 + 10, 3, 32)
    np.testing.assert_allclose(np.linalg.norm(image[:, 0], axis=1), 1, rtol=1e-5)
    table = found.trials.drop_duplicates("stimulus")
    rows = found.embeddings.rows("text", table["stimulus"].tolist())
    for places in table.reset_index(drop=True).groupby("category").indices.values():
        assert np.ptp(rows[places], axis=0).max() < 1e-6  # a caption tells the kind only
    assert table["caption"].str.startswith("a picture of category").all()


def test_pictures_are_drawn_and_what_an_encoder_says_of_them_is_followed(tmp_path):
    options = {
        **SMALL, "n_subjects": 1, "n_train": 12, "n_shared_test": 3, "pictures": "drawn",
    }  # fmt: skip
    for embedding, size in (("latent", 8), ("colour_histogram", 8)):
        made = tmp_path / embedding
        files = SIMULATORS["responses"](made, **options, embedding=embedding)
        assert set(files) == {path.resolve() for path in made.rglob("*") if path.is_file()}
        found = read(made, "01")
        assert found.pictures == made / "stimuli"
        assert read_features(made, found.trials["stimulus"].tolist()).shape == (21, size)
        latents = pd.read_parquet(made / "stimuli" / "latents.parquet")
        assert set(latents["image"]) == set(found.trials["image"])
    encoded = read_features(tmp_path / "colour_histogram", sorted(set(found.trials["stimulus"])))
    np.testing.assert_allclose(encoded.T @ encoded / 15, np.eye(8), atol=1e-6)


def test_it_is_fetched_by_its_name(tmp_path):
    card = find_card("simulated-responses", [CATALOG])
    manifest = fetch(card, root=tmp_path, options={**SMALL, "n_subjects": 1})
    assert "simulated-responses/sub-01/sub-01_responses.npy" in manifest.files
    assert responses_loader(card.name)(tmp_path / card.name, "01").n_voxels == 300


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subjects": 0}, "0 subjects"),
        ({"n_voxels": ()}, "0 numbers of voxels"),
        ({"n_train": 0}, "0 training stimuli"),
        ({"n_repetitions": 0}, "0 repetitions"),
        ({"active": 1.0}, "active 1"),
        ({"ncsnr": (0.2, -0.1)}, "ncsnr -0.1"),
        ({"smooth_noise": 0.7, "ongoing_noise": 0.3}, "whose sum is below 1"),
        ({"category_share": 1.5}, "category_share 1.5"),
        ({"pictures": "drwan"}, "did you mean 'drawn'"),
        ({"embedding": "hog"}, "embedding 'hog' needs pictures"),
        ({"pictures": "drawn", "embedding": "hogg", "n_train": 2}, "did you mean 'hog'"),
    ],
)
def test_wrong_options_are_named(tmp_path, options, message):
    with pytest.raises(ConfigFault, match=message):
        simulate_responses(tmp_path, **{**SMALL, **options})


def test_an_unknown_subject_or_stimulus_is_named(folder):
    with pytest.raises(DataFault, match="unknown subject '04'"):
        VoxelModel.read(folder, "04")
    with pytest.raises(
        DataFault, match="unknown stimulus 'shard-0001', did you mean 'shared-0001'"
    ):
        read_features(folder, ["shard-0001"])
