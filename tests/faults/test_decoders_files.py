"""Faults of decoders that read files, as somebody meets them who was handed a folder and a file.

Responses of other voxels, masks, people or scale, recordings of other units or on other clocks;
besides, of the list of faults: 8 a truncated file, 20 a flipped bit, 25 an unknown kind and weights
that are a pickle.
"""

from __future__ import annotations

import json
import pickle
import re
import shutil

import nibabel
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.cli import app
from neurodecode.decoder_folder import seal_folder
from neurodecode.faults import Fault
from neurodecode.persistence import save_tensors, save_weights

SCORE = {"metric": "m", "value": 0.5, "ci_low": 0.4, "ci_high": 0.6, "chance": 0.1, "n": 9}
UNITS = ["a", "b", "c"]


def line_of(folder, path, *options):
    """Return the one line that ``neurodecode predict`` answers with."""
    out = path.parent / "p.parquet"
    result = CliRunner().invoke(app, ["predict", str(folder), str(path), "-o", str(out), *options])
    assert isinstance(result.exception, Fault), (result.output, result.exception)
    assert "\n" not in str(result.exception)
    assert not out.exists()
    return str(result.exception)


@pytest.fixture(scope="module")
def bridged(tmp_path_factory):
    """Return the folder of an untrained network of two people, one of whom has a mask."""
    import torch

    from neurodecode.mindbridge.decoder_settings import DecoderSettings

    folder = tmp_path_factory.mktemp("bridged")
    names = ["cat", "dog", "elk"]
    grid = {"shape": (3, 3, 2), "affine": np.eye(4).ravel().tolist(), "sha256": "0" * 64}
    person = {"mean": 0.0, "spread": 1.0, "n_training": 9, "candidates": names, "held_out": SCORE}
    settings = DecoderSettings.model_validate({
        "name": "bridge", "form": "network", "seed": 1, "dataset": "local", "protocol": "published",
        "fold": 0, "target": "category", "centred": False, "image_shape": (3,),
        "bridge": {"pooled_size": 6, "width": 4, "n_blocks": 1, "adapter_size": 2,
                   "builders": False},
        "people": {"01": {"n_voxels": 12, "grid": grid, **person}, "02": {"n_voxels": 9, **person}},
    })  # fmt: skip
    torch.manual_seed(0)
    save_weights(folder, settings.build(), settings.model_dump(mode="json"))
    info = {"names": names, "categories": names}
    save_tensors(folder, {"embeddings": torch.eye(3)}, info, name="candidates")
    save_tensors(folder, {"01": torch.arange(12)}, {}, name="masks")
    seal_folder(folder, "mindbridge")
    return folder


@pytest.fixture
def responses(tmp_path):
    """Return a writer of responses (5, 12), changed before: ``responses(change)``."""

    def write(change=None, name="sub-01_responses.npy"):
        values = np.random.default_rng(0).standard_normal((5, 12)).astype(np.float32)
        np.save(tmp_path / name, values if change is None else change(values))
        return tmp_path / name

    return write


def spoilt(values):
    values[3, 7] = np.nan
    return values


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda x: x[:, 1:], [], "of 11 voxels, participants have: 01 12, 02 9"),
        (None, ["--participant", "02"], "of 12 voxels, this participant has 9"),
        (None, [], r"whose responses are these\? .* --participant, one of 01, 02"),
        (None, ["--participant", "03"], "unknown participant '03'"),
        (spoilt, ["--participant", "01"], "1 values of 1 voxels are NaN .* voxel 7 of response 3"),
        (lambda x: 1000 * x, ["--participant", "01"], "times as much as those of the training"),
        (lambda x: x[0], ["--participant", "01"], r"an array of shape \(12,\)"),
        (lambda x: x[:0], ["--participant", "01"], r"an array of shape \(0, 12\)"),
        (lambda x: np.array([["a"] * 12]), ["--participant", "01"], "give numbers"),
        (None, ["--participant", "01", "--montage", "x"], "has no use for --montage"),
    ],
)  # fmt: skip
def test_responses_that_do_not_fit_are_answered_with_names_and_numbers(
    bridged, responses, change, options, words
):
    line = line_of(bridged, responses(change), *options)
    assert re.search(words, line), line
    assert " -> " in line or "did you mean" in line or "there are 01, 02" in line


def test_a_table_of_trials_of_another_length_is_refused(bridged, responses):
    path = responses()
    table = pd.DataFrame({"stimulus": ["cat", "dog"]})
    table.to_csv(path.with_name("sub-01_trials.tsv"), sep="\t", index=False)
    assert "2 stimuli for 5 responses" in line_of(bridged, path, "--participant", "01")


def test_files_of_other_kinds_and_broken_ones_are_named(bridged, responses, tmp_path):
    assert "file not found" in line_of(bridged, tmp_path / "no.npy", "--participant", "01")
    (tmp_path / "x.mat").write_bytes(b"MATLAB 5.0 " + bytes(200))
    assert "'.mat' is no form of responses" in line_of(bridged, tmp_path / "x.mat")
    whole = responses()
    whole.write_bytes(whole.read_bytes()[:-40])
    assert "truncated" in line_of(bridged, whole) or "cannot be read" in line_of(bridged, whole)
    whole.write_text("<!DOCTYPE html><html>not found</html>")
    assert "error page" in line_of(bridged, whole)


def test_a_pickle_among_the_responses_is_never_opened(bridged, tmp_path):
    np.savez(tmp_path / "x.npz", responses=np.array([{"a": 1}], dtype=object))
    assert "cannot be read" in line_of(bridged, tmp_path / "x.npz", "--participant", "01")


def test_a_nifti_needs_a_mask_and_the_grid_of_the_training(bridged, tmp_path):
    path = tmp_path / "sub-01_responses.nii.gz"
    nibabel.Nifti1Image(np.zeros((3, 3, 3, 2), np.float32), np.eye(4)).to_filename(path)
    line = line_of(bridged, path, "--participant", "01")
    assert "grids of (3, 3, 3) and (3, 3, 2) voxels" in line
    assert "the mask of participant 01" in line
    assert "no mask of this participant" in line_of(bridged, path, "--participant", "02")
    mask = np.ones((3, 3, 2), np.uint8)
    nibabel.Nifti1Image(mask, np.eye(4)).to_filename(tmp_path / "sub-01_mask.nii.gz")
    assert "another mask: 18 voxels" in line_of(bridged, path, "--participant", "01")


@pytest.fixture(scope="module")
def fired(tmp_path_factory):
    """Return the folder of an untrained network of three units that decodes speed."""
    import torch

    from neurodecode.spikes.decoder_settings import DecoderSettings

    folder = tmp_path_factory.mktemp("fired")
    windows = {"dt": 0.02, "current": 0.1, "past": 0.1, "block": 12, "past_block": 12}
    settings = DecoderSettings.model_validate({
        "name": "joint", "subject": "01", "session": "1", "fold": "fold 0", "seed": 1,
        "n_windows": 9, "units": UNITS, "scales": {"speed": (0.0, 1.0)}, "batch_size": 64,
        "network": {"n_neurons": 3, "windows": windows, "width": 8, "n_heads": 2,
                    "n_state_layers": 1, "n_past_layers": 1,
                    "behaviours": {"targets": {"variables": {"speed": {"role": "target"}}}}},
        "experiment": {"description": "", "data": {"dataset": "local"}, "windows": windows},
        "held_out": {"speed": SCORE},
    })  # fmt: skip
    torch.manual_seed(0)
    network = settings.network.build()
    save_weights(folder, network, settings.model_dump(mode="json"), name="network")
    seal_folder(folder, "spikes")
    return folder


@pytest.fixture
def recorded(tmp_path):
    """Return a writer of a session of 20 s as plain arrays: ``recorded(times=..., speed=...)``."""

    def write(*, times=None, units=None, table=None, speed=None, trials=None, limits=None):
        rng = np.random.default_rng(0)
        folder = tmp_path / "sub-01" / "ses-1"
        folder.mkdir(parents=True, exist_ok=True)
        times = np.sort(rng.uniform(0, 20, 300)) if times is None else times
        labels = rng.choice(UNITS, len(times)) if units is None else units
        if table is not None:
            labels = np.searchsorted(table, labels)
            described = {"unit_table": [{"unit": label} for label in table],
                         "limits": limits or [0, 20]}  # fmt: skip
            (folder / "store.json").write_text(json.dumps(described))
        np.savez(folder / "spikes.npz", times=times, units=labels)
        if speed is not None:
            series = pd.DataFrame({"variable": "speed", "time": speed, "value": np.sin(speed)})
            series.to_parquet(folder / "behaviour.parquet")
        if trials is not None:
            pd.DataFrame(trials).to_parquet(folder / "trials.parquet")
        return folder

    return write


def turned():
    times = np.sort(np.random.default_rng(0).uniform(0, 20, 300))
    times[[50, 51]] = times[[51, 50]]
    return times


CLOCK = np.arange(0, 20, 0.05)
OTHERS = np.resize(["a", "b", "x"], 300)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"units": OTHERS}, ["another population", "missing c", "unknown x"]),
        ({"units": np.resize(["a", "b"], 300), "table": ["a", "b"]}, ["missing c", "has 3"]),
        ({"table": ["a", "b", "c", "d"]}, ["unknown d"]),
        ({"times": turned()}, ["spike 51", "is earlier than the spike before"]),
        ({"times": np.r_[turned()[:50], np.nan], "table": UNITS}, ["spike 50", "is not finite"]),
        ({"speed": 1000 * CLOCK}, ["behaviour 'speed' runs from", "different clocks"]),
        ({"speed": CLOCK + 500}, ["different clocks"]),
        ({"speed": CLOCK[::-1]}, ["behaviour 'speed': sample 1", "does not follow"]),
        ({"times": np.array([0.01, 0.05, 0.12]), "units": UNITS}, ["longer than the recording"]),
        ({"times": np.empty(0)}, ["no spike in the file"]),
        ({"table": UNITS, "limits": [0, 5]}, ["is outside the recording, 0.000 to 5.000 s"]),
        ({"trials": {"trial": [1], "start": [3.0], "stop": [2.0]}}, ["stops before it starts"]),
    ],
)
def test_recordings_that_do_not_fit_are_answered_by_name(fired, recorded, parts, words):
    line = line_of(fired, recorded(**parts))
    assert [word for word in words if word not in line] == [], line
    assert "subject 01, session 1" in line or "spikes.npz" in line


def test_other_spike_files_and_people_are_named(fired, recorded, tmp_path):
    assert "neither a file nor a folder" in line_of(fired, tmp_path / "no.nwb")
    (tmp_path / "x.nwb").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    assert "not a whole NWB file" in line_of(fired, tmp_path / "x.nwb")
    (tmp_path / "x.csv").write_text("1,2")
    assert "'.csv' is no form of spikes" in line_of(fired, tmp_path / "x.csv")
    assert "unknown participant '02'" in line_of(fired, recorded(), "--participant", "02")


def test_the_recording_and_responses_that_are_spoilt_here_are_decoded(
    fired, recorded, bridged, responses, tmp_path
):
    """Else every line above could be about something else."""
    for folder, path, options, words in (
        (fired, recorded(speed=CLOCK, table=UNITS), [], "199 windows decoded"),
        (bridged, responses(), ["--participant", "01"], "5 stimuli decoded from 5 responses"),
    ):
        out = tmp_path / f"{folder.name}.parquet"
        asked = ["predict", str(folder), str(path), "-o", str(out), *options]
        result = CliRunner().invoke(app, asked)
        assert result.exit_code == 0, (result.output, result.exception)
        assert words in result.output
        assert len(pd.read_parquet(out))


@pytest.fixture(params=["bridged", "fired"])
def copied(request, tmp_path):
    """Return a copy of each folder that a test may spoil, and its weights."""
    folder = shutil.copytree(request.getfixturevalue(request.param), tmp_path / "decoder")
    return folder, folder / ("model" if request.param == "bridged" else "network")


def test_row_20_one_flipped_bit_is_found(copied, tmp_path):
    folder, weights = copied
    path = weights.with_suffix(".safetensors")
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)
    line = line_of(folder, tmp_path / "any")
    assert "the file is not the one that was written" in line
    assert path.name in line


def test_row_8_a_truncated_file_is_found(copied, tmp_path):
    folder, weights = copied
    path = weights.with_suffix(".json")
    path.write_bytes(path.read_bytes()[:-9])
    assert f"written [{path}]" in line_of(folder, tmp_path / "any")


def test_row_25_an_unknown_kind_is_answered_with_the_nearest(copied, tmp_path):
    folder, _ = copied
    content = read_json(folder / "decoder.json")
    write_json(folder / "decoder.json", {**content, "kind": content["kind"][:-1]})
    assert f"did you mean '{content['kind']}'?" in line_of(folder, tmp_path / "any")


def test_row_25_a_pickle_in_place_of_weights_is_never_opened(copied, tmp_path):
    class Hostile:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    folder, weights = copied
    path = weights.with_suffix(".safetensors")
    path.write_bytes(pickle.dumps(Hostile()))
    said = json.loads(weights.with_suffix(".json").read_text())
    write_json(weights.with_suffix(".json"), {**said, "sha256": sha256_file(path)})
    seal_folder(folder, read_json(folder / "decoder.json")["kind"])
    assert "not a safetensors file, refused to load" in line_of(folder, tmp_path / "any")
    assert not (tmp_path / "owned").exists()
