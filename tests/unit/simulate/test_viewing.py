"""Simulated viewers' files hold what is stated: pictures, events, channels, and the options."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import mne_bids
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neurodecode.datasets import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.viewing import simulate_viewing
from neurodecode.datasets.simulate.viewing_features import Features
from neurodecode.datasets.simulate.viewing_participant import viewing_path
from neurodecode.datasets.simulate.viewing_pictures import Gallery
from neurodecode.datasets.simulate.viewing_sources import response_seconds
from neurodecode.datasets.simulate.viewing_truth import Viewer
from neurodecode.datasets.viewing import viewing_loader
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.generation.drawn import DrawnPictures

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
ENCODERS = {"pictures": "drawn", "early": ["colour_histogram"], "late": "hog"}
SMALL = {
    **ENCODERS, "n_participants": 2, "n_categories": 5, "images_per_category": 3,
    "n_test_categories": 2, "test_repetitions": 4, "n_channels": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = []
    for seed in (1, 1, 2):
        found.append(tmp_path_factory.mktemp("viewing") / "data")
        simulate_viewing(found[-1], **SMALL, random_state=seed)
    return found


@pytest.fixture(scope="module")
def folder(folders):
    return folders[0]


def hashes(folder):
    kinds = {".eeg", ".png", ".npz", ".csv", ".parquet"}
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in kinds or "_events" in p.name]
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def events(folder, subject="01"):
    return pd.read_csv(next((folder / f"sub-{subject}").rglob("*_events.tsv")), sep="\t")


def shares(folder):
    return pd.read_csv(folder / "derivatives/truth/shares.csv")


def test_the_same_seed_writes_the_same_files(folders):
    first, second, other = map(hashes, folders)
    assert len(first) == 15 + 2 * 4 + 3
    assert first == second
    same = {path for path in first if first[path] == other[path]}
    assert {path for path in same if not path.endswith(".json")} == set()


def test_more_participants_leave_the_first_ones_as_they_are(folder, tmp_path):
    simulate_viewing(tmp_path, **{**SMALL, "n_participants": 1}, random_state=1)
    alone = {path: digest for path, digest in hashes(tmp_path).items() if "shares" not in path}
    assert any(path.endswith(".eeg") for path in alone)
    assert alone.items() <= hashes(folder).items()


def test_all_files_are_returned(tmp_path):
    files = SIMULATORS["viewing"](tmp_path, **{**SMALL, "n_participants": 1})
    assert set(files) == {path.resolve() for path in tmp_path.rglob("*") if path.is_file()}


def test_it_is_fetched_by_its_name_and_read_as_any_local_folder(tmp_path):
    card = find_card("simulated-viewing", [CATALOG])
    manifest = fetch(card, root=tmp_path, options={**SMALL, "n_participants": 1})
    assert "simulated-viewing/stimuli/latents.parquet" in manifest.files
    (viewing,) = viewing_loader(card.name)(tmp_path / card.name, "01")
    counts = viewing.trials.groupby("part")["image"].agg(["size", "nunique"])
    assert counts.to_numpy().tolist() == [[8, 2], [13, 13]]
    assert viewing.trials["onset"].tolist() == pytest.approx(
        events(tmp_path / card.name)["onset"].tolist()
    )
    assert not viewing.notes


def test_every_picture_is_shown_once_and_those_of_the_test_repeatedly(folder):
    table = events(folder)
    counts = table.groupby(["category", "image", "part"]).size().reset_index(name="count")
    assert len(counts) == 15
    tested = counts[counts["part"] == "test"]
    assert list(tested["image"]) == [
        "category-004/category-004_01.png",
        "category-005/category-005_01.png",
    ]
    assert (tested["count"] == 4).all()
    assert (counts[counts["part"] == "train"]["count"] == 1).all()
    assert (table["trial_type"] == "image").all()
    assert (table["image"].str.split("/").str[0] == table["category"]).all()


def test_everybody_sees_the_same_pictures_in_an_order_of_their_own(folder):
    one, two = (events(folder, subject)["image"] for subject in ("01", "02"))
    assert sorted(one) == sorted(two)
    assert list(one) != list(two)


def test_the_pictures_are_what_the_latents_make(folder):
    latents = pd.read_parquet(folder / "stimuli/latents.parquet")
    made = DrawnPictures().generate({"latent": np.stack(latents["latent"])})
    assert latents["latent"][0].dtype == np.float32
    for image, picture in zip(latents["image"], made, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(folder / "stimuli" / image)), picture)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_latents_have_the_stated_variance_between_categories(share):
    latents = Gallery(300, 4, 0, share, 16, 7).latents(16).reshape(300, 4, 16)
    within = latents.var(axis=1, ddof=1).mean()
    assert within == pytest.approx(1 - share, abs=0.05)
    assert latents.var() == pytest.approx(1, abs=0.05)


def test_latents_differ_in_so_many_dimensions_and_are_as_long_as_the_generator_expects():
    latents = Gallery(300, 4, 0, 0.5, 8, 7).latents(100)
    assert np.linalg.matrix_rank(latents, tol=1e-3) == 8
    assert (latents**2).sum(axis=1).mean() == pytest.approx(100, rel=0.1)


def test_more_categories_leave_those_before_as_they_are():
    few, many = (Gallery(n, 3, 1, 0.5, 16, 7).latents(16) for n in (4, 6))
    np.testing.assert_array_equal(many[: len(few)], few)


def test_the_features_are_whitened_components(folder):
    features = Features.read(folder)
    assert features.images == tuple(sorted(features.images))
    for components in (features.low, features.high):
        n, k = components.shape
        assert k > 2
        np.testing.assert_allclose(components.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(components.T @ components / n, np.eye(k), atol=1e-6)


def test_the_recording_is_read_as_bids_with_electrode_positions(folder):
    raw = mne_bids.read_raw_bids(viewing_path(folder, "01"), verbose="error")
    assert raw.info["sfreq"] == pytest.approx(120)
    assert all(np.isfinite(channel["loc"][:3]).all() for channel in raw.info["chs"])
    assert len(raw.annotations) == len(events(folder)) == 13 + 2 * 4
    assert raw.times[-1] > events(folder)["onset"].max() + 2
    viewer = Viewer.read(folder, "01")
    assert tuple(raw.ch_names) == viewer.channels
    assert not set(viewer.channels) & set(viewer.dropped)


def test_events_and_truth_agree_to_the_sample(folder):
    table, viewer = events(folder), Viewer.read(folder, "01")
    np.testing.assert_allclose(table["onset"] * 120, viewer.onsets, atol=1e-3)
    assert tuple(table["image"]) == viewer.images
    assert (table["duration"] == 0.5).all()


def test_by_default_no_response_reaches_the_next_epoch(folder):
    gaps = np.diff(events(folder)["onset"])
    assert gaps.min() - response_seconds(0.5) >= 0.5 - 1 / 120
    assert gaps.max() <= 1.6 + 1 / 120
    assert gaps.std() > 0.02


@pytest.mark.parametrize(("share", "absent"), [(0.0, "low"), (1.0, "high")])
def test_a_level_of_features_can_be_left_out(share, absent, tmp_path):
    simulate_viewing(tmp_path, **SMALL, low_level_share=share)
    table = shares(tmp_path)
    assert (table[absent] < 1e-12).all()
    assert (table["response"] > 0).all()


def test_the_response_has_the_stated_strength(tmp_path):
    """Before people differ: in the typical person its variance is snr^2 of the noise's."""
    simulate_viewing(tmp_path, **{**SMALL, "n_participants": 12}, snr=0.3)
    table = shares(tmp_path)
    assert table["noise"].to_numpy() == pytest.approx(100.0, rel=0.5)
    median = (table["response"] / table["noise"]).median()
    assert 0.4 * 0.09 < median < 2.5 * 0.09
    assert table["response"].max() > 3 * table["response"].min()
    ratio = table["low"] / (table["low"] + table["high"])
    assert ratio.mean() == pytest.approx(0.4, abs=0.1)


def test_heads_differ_unless_they_are_common(folder, tmp_path):
    simulate_viewing(tmp_path, **SMALL, common_head=True)
    assert max(head_distance(tmp_path)) < 1e-12
    assert min(head_distance(folder)) > 0.02


def head_distance(folder):
    """1 - |correlation| of each source's gains in two participants, the larger half."""
    one, two = (Viewer.read(folder, subject) for subject in ("01", "02"))
    names = [name for name in one.channels if name in two.channels]
    fields = [v.gains[[v.channels.index(name) for name in names]] for v in (one, two)]
    unit = [field / np.linalg.norm(field, axis=0) for field in fields]
    return np.sort(1 - np.abs((unit[0] * unit[1]).sum(axis=0)))[len(unit[0].T) // 2 :]


def test_the_network_and_the_faces_are_the_default_where_they_are_installed(tmp_path):
    pytest.importorskip("efficientnet_lite_pytorch")
    options = {key: value for key, value in SMALL.items() if key not in ENCODERS}
    small = {"efficientnet_lite0": {"size": 64}}
    simulate_viewing(tmp_path, **{**options, "n_participants": 1}, encoder_options=small)
    latents = pd.read_parquet(tmp_path / "stimuli/latents.parquet")["latent"]
    assert len(latents[0]) in (16, 100)
    assert Features.read(tmp_path).high.shape == (15, 14)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_participants": 0}, "0 participants"),
        ({"n_categories": 0}, "0 categories"),
        ({"images_per_category": 0}, "0 pictures in a category"),
        ({"test_repetitions": 0}, "0 repetitions"),
        ({"n_test_categories": 6}, "6 test categories of 5 .* give 0 to 5"),
        ({"n_channels": 65}, "give 1 to 64"),
        ({"sfreq": 100.0}, "50 Hz line"),
        ({"low_level_share": 1.5}, "low_level_share 1.5 .* give 0 to 1"),
        ({"category_share": -0.5}, "category_share -0.5 .* give 0 to 1"),
        ({"snr": -0.1}, "snr -0.1 .* give 0 or more"),
        ({"duration": 1.45}, "must go before the next one comes"),
        ({"n_components": (0, 16)}, "components"),
        ({"early": []}, "0 early encoders"),
        ({"pictures": "draw"}, "did you mean 'drawn'"),
        ({"pictures": "diffusion"}, "valid: default, drawn, faces"),
        ({"late": "hogg"}, "did you mean 'hog'"),
        ({"encoder_options": {"hog": {"sise": 8}}}, "did you mean 'size'"),
        ({"encoder_options": {"lbp": {"size": 8}}}, "encoder_options 'lbp'"),
    ],
)
def test_impossible_options_are_refused(options, message, tmp_path):
    with pytest.raises(ConfigFault, match=message):
        simulate_viewing(tmp_path, **{**SMALL, **options})


def test_truth_files_are_plain(folder):
    for path in (folder / "derivatives/truth").glob("*.npz"):
        with np.load(path, allow_pickle=False) as archive:
            assert all(archive[name].dtype.kind == "f" for name in archive.files)
    for path in (folder / "derivatives/truth").glob("*.json"):
        assert json.loads(path.read_text())["sfreq"] == 120


def test_missing_truth_is_named(folder, tmp_path):
    with pytest.raises(DataFault, match=r"features\.parquet.*simulate the data set again"):
        Features.read(tmp_path)
    with pytest.raises(DataFault, match="did you mean '01'"):
        Viewer.read(folder, "1")
    with pytest.raises(DataFault, match=r"unknown picture 'category-001_01\.png', did you mean"):
        Features.read(folder).rows(["category-001_01.png"])
