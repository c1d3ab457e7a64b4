"""A folder of responses to pictures, and NWB files, from the folder to the report."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from neurodecode.decoders.commands import Input, predict_file

N_TRAIN, N_TEST, VOXELS, SIDE = 40, 10, {"01": 60, "02": 50}, 16
UNITS, SECONDS, CYCLE = 8, 60.0, 10.0


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a study of two people whose voxels follow the brightness of a picture's places."""
    from PIL import Image

    root, rng = tmp_path_factory.mktemp("own") / "pictures", np.random.default_rng(0)
    (root / "stimuli").mkdir(parents=True)
    names = [f"p{k:02d}" for k in range(N_TRAIN + N_TEST)]
    seen = rng.integers(0, 255, (len(names), 4, 4), dtype=np.uint8)
    for name, coarse in zip(names, seen, strict=True):
        image = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        image.convert("RGB").save(root / "stimuli" / f"{name}.png")
    pd.DataFrame({"stimulus": names, "image": [f"{name}.png" for name in names]}).to_csv(
        root / "stimuli.tsv", sep="\t", index=False
    )
    shown = names + names[N_TRAIN:]  # test pictures twice
    parts = ["train"] * N_TRAIN + ["test"] * 2 * N_TEST
    values = seen[[names.index(name) for name in shown]].reshape(len(shown), -1) / 128.0 - 1
    for subject, n_voxels in VOXELS.items():
        base = root / f"sub-{subject}" / f"sub-{subject}"
        base.parent.mkdir()
        responses = values @ rng.standard_normal((values.shape[1], n_voxels))
        responses += 0.2 * rng.standard_normal(responses.shape)
        np.save(f"{base}_responses.npy", responses.astype(np.float32))
        table = pd.DataFrame({"stimulus": shown, "part": parts})
        table.to_csv(f"{base}_trials.tsv", sep="\t", index=False)
    return root


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """Return a study of one animal that runs up and down a track, its units tuned to places."""
    import pynwb

    root, rng = tmp_path_factory.mktemp("own") / "track", np.random.default_rng(0)
    (root / "sub-rat").mkdir(parents=True)
    content = pynwb.NWBFile(session_description="a track", identifier="one",
                            session_start_time=datetime(2020, 1, 1, tzinfo=UTC))  # fmt: skip
    times, fine = np.arange(0, SECONDS, 0.05), np.arange(0, SECONDS, 0.001)

    def place(t):
        return 50 * (1 - np.cos(2 * np.pi * t / CYCLE))

    for centre in np.linspace(0, 100, UNITS):
        rate = 1 + 20 * np.exp(-0.5 * ((place(fine) - centre) / 15) ** 2)
        content.add_unit(spike_times=fine[rng.random(len(fine)) < 0.001 * rate])
    for start in np.arange(0, SECONDS, CYCLE):
        content.add_trial(start_time=start, stop_time=start + 0.95 * CYCLE)
    data = np.column_stack([place(times), rng.standard_normal(len(times))])
    series = pynwb.behavior.SpatialSeries(name="place", data=data, timestamps=times, unit="cm",
                                          reference_frame="start of the track")  # fmt: skip
    movement = content.create_processing_module(name="behavior", description="where it is")
    movement.add(pynwb.behavior.Position(spatial_series=series))
    with pynwb.NWBHDF5IO(str(root / "sub-rat" / "sub-rat_ses-1_ecephys.nwb"), "w") as file:
        file.write(content)
    return root


def report_of(folder):
    return json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def seen(own_run, pictures, tmp_path_factory):
    """Return the folder of a finished run of ``mindbridge`` on the study."""
    folder = tmp_path_factory.mktemp("run") / "pictures"
    survey = own_run(
        "mindbridge", pictures, folder, "models=[bridge, ridge]", "target.image=pixels",
        "trainer.max_epochs=10",
        "optimiser.learning_rate=0.003", "batches.batch_size=18",
        "bridge={pooled_size: 64, width: 32, n_blocks: 1, adapter_size: 8}",
        "evaluation.n_bootstrap=100", "evaluation.n_sets=2",
    )  # fmt: skip
    n_responses = len(VOXELS) * (N_TRAIN + 2 * N_TEST)
    assert dict(survey.found)["stimuli"] == f"{N_TRAIN + N_TEST}, {n_responses} responses"
    return folder


def test_pictures_are_found_above_chance_and_the_report_counts_them(seen):
    rows = [row for row in report_of(seen)["metrics"] if row["metric"] == "image retrieval, top-1"]
    found = {row["subject"]: row for row in rows
             if (row["level"], row["model"]) == ("subject", "ridge")}  # fmt: skip
    assert set(found) == set(VOXELS)
    for row in found.values():
        assert row["value"] > 3 * row["chance"] == pytest.approx(3 / N_TEST)
    assert f"among {N_TEST} test stimuli" in (seen / "report.html").read_text()


def test_responses_of_the_study_find_the_pictures_that_the_evaluation_found(
    seen, pictures, tmp_path
):
    out, decoder = tmp_path / "found.parquet", seen / "model/bridge.seed-42/decoder"
    path = pictures / "sub-01" / "sub-01_responses.npy"
    predict_file(Input(decoder, participant="01", top=1), path, out)
    found = pd.read_parquet(out)
    tested = found[(found["rank"] == 1) & (found["true_rank"] > 0)]
    assert len(tested) == N_TEST
    own = pd.read_parquet(seen / "evaluate/bridge.seed-42/predictions.parquet")
    own = own.query("kind == 'model' and subject == '01' and metric.str.startswith('image')")
    hits = tested.set_index("true")["hit"]
    assert own.set_index("stimulus")["hit"].loc[hits.index].tolist() == hits.tolist()


@pytest.fixture(scope="module")
def ran(own_run, track, tmp_path_factory):
    """Return the folder of a finished run of ``spikes`` on the study, and its survey."""
    folder = tmp_path_factory.mktemp("run") / "track"
    survey = own_run(
        "spikes", track, folder, "data.options.behaviour={x: place:0}", "targets=[x]",
        "decoders=[joint, Lasso]", "models=[Poisson GLM]", "split.n_blocks=10",
        "training.trainer.max_epochs=3", "training.optimiser.warmup_tokens=100",
        "network={width: 16, n_heads: 2, n_state_layers: 1, n_past_layers: 1, dropout: 0.0}",
        "evaluation.n_windows=20", "evaluation.n_draws=1", "evaluation.n_resamples=100",
    )  # fmt: skip
    return folder, survey


def test_the_place_is_decoded_and_the_report_counts_units_and_trials(ran):
    folder, survey = ran
    assert dict(survey.found)["trials"] == "1 (6)"
    assert "place 1200 x 2" in dict(survey.found)["time series in the first file"]
    (row,) = (row for row in report_of(folder)["metrics"] if row["level"] == "subject"
              and (row["metric"], row["model"]) == ("x r", "Lasso"))  # fmt: skip
    assert row["value"] > 0.7
    assert row["ci_low"] > row["chance"] == 0
    assert f"{UNITS} units" in (folder / "report.html").read_text()


def test_windows_left_out_are_decoded_from_the_file_as_the_evaluation_decoded_them(
    ran, track, tmp_path
):
    out = tmp_path / "found.parquet"
    (decoder,) = ran[0].glob("model/*/decode.joint/*/*/decoder")
    predict_file(Input(decoder), next(track.rglob("*.nwb")), out)
    (own,) = (pd.read_parquet(path) for path in ran[0].glob("evaluate/decode.joint*/pred*"))
    own = own[own["model"] == "joint"]
    found = pd.read_parquet(out).set_index("start").loc[own["start"]]
    np.testing.assert_array_equal(found["decoded_x"], own["decoded"])
    np.testing.assert_array_equal(found["true_x"], own["true"])
