"""The mindbridge pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

README = Path(__file__).parents[2] / "README.md"
OWN = "neurodecode run mindbridge own_study --set data.path=/my/study"
SMALL = (
    "models=[bridge, ridge]", "seeds=[1]", "tuning.lengths=[]", "trainer.max_epochs=1",
    "bridge={pooled_size: 12, width: 8, n_blocks: 1, adapter_size: 2}",
    "target={image: hog, options: {hog: {size: 32}}}", "evaluation.n_bootstrap=100",
)  # fmt: skip


@pytest.fixture(scope="session")
def bridged(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``mindbridge smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "mindbridge-smoke"
    with FileLock(base / "mindbridge-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "mindbridge", "smoke", "--out", folder, timeout=900)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(bridged):
    """Return what ``report.json`` holds."""
    return json.loads((bridged / "report.json").read_text())


def test_the_run_ends_with_its_report(bridged):
    assert (bridged / "done").read_text().rstrip().endswith("report.html")
    assert (bridged / "report.html").stat().st_size > 10_000


def test_every_score_has_a_chance_level_and_every_model_both_directions(content):
    rows = pd.DataFrame(content["metrics"])
    assert rows[["value", "chance"]].notna().all().all()
    assert rows["chance"].to_numpy() == pytest.approx(0.1)
    directions = rows.groupby("model")["metric"].nunique()
    assert len(directions) == 6
    assert (directions == 2).all()


def test_the_best_possible_score_is_that_of_the_same_sets_for_everybody(bridged, content):
    rows = pd.DataFrame(content["metrics"])
    forward = rows[rows["metric"] == "image retrieval, top-1"]
    assert forward["ceiling"].between(0.1, 1).all()
    spread = forward.groupby(["level", "subject"], dropna=False)["ceiling"].agg(np.ptp)
    assert spread.to_numpy() == pytest.approx(0)
    assert rows.loc[rows["metric"] == "brain retrieval, top-1", "ceiling"].isna().all()
    page = (bridged / "report.html").read_text()
    assert "of a possible" in page
    assert "best possible" in page


def test_no_test_stimulus_of_anybody_trains_anybody(bridged, content):
    trials = pd.read_parquet(bridged / "seen" / "trials.parquet")
    tested = set(trials.loc[trials["part"] == "test", "stimulus"])
    assert tested
    assert not tested & set(trials.loc[trials["part"].isin(["train", "valid"]), "stimulus"])
    assert sum(row["overlap"] for row in content["audit"]) == 0


def test_new_subjects_are_tuned_in_every_way_and_signals_synthesised_for_every_pair(content):
    tuning = pd.DataFrame(content["tuning"])
    assert set(tuning["model"]) == {"reset", "full", "scratch", "reset, no cycle"}
    assert set(tuning["length"]) == {10, 20}
    pairs = {(row["source"], row["subject"]) for row in content["synthesis"]}
    assert len(pairs) == 6
    assert all(source != subject for source, subject in pairs)


def test_each_claim_is_answered_once(content):
    keys = [claim["key"] for claim in content["claims"]]
    assert len(keys) == len(set(keys))
    assert {key[:2] for key in keys} == {f"M{i}" for i in range(1, 8)}


def test_the_same_command_does_nothing_the_second_time(bridged, command):
    result = command("run", "mindbridge", "smoke", "--out", bridged)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout


@pytest.fixture
def own(tmp_path):
    """Lay out two people's responses as the README says: one by NIfTI and mask, one by array."""
    import nibabel
    from PIL import Image

    root, rng = tmp_path / "study", np.random.default_rng(0)
    names = [f"picture{i:02d}" for i in range(16)]
    (root / "stimuli").mkdir(parents=True)
    for name in names:
        pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "stimuli" / f"{name}.png")
    table = pd.DataFrame({"stimulus": names, "image": [f"{name}.png" for name in names]})
    table = table.assign(category=["cat", "dog"] * 8, caption="a picture")
    table.to_csv(root / "stimuli.tsv", sep="\t", index=False)
    for place, label in enumerate(("01", "02")):
        base = root / f"sub-{label}" / f"sub-{label}"
        base.parent.mkdir()
        shown = [*names[:4], *names[:4], *names[4 + 6 * place : 10 + 6 * place]]
        parts = ["test"] * 8 + ["train"] * 6
        trials = pd.DataFrame({"stimulus": shown, "run": "1", "part": parts})
        trials.to_csv(f"{base}_trials.tsv", sep="\t", index=False)
        if label == "02":
            np.save(f"{base}_responses.npy", rng.standard_normal((14, 15)))
            continue
        grid = np.zeros((4, 4, 2), dtype=np.uint8)
        grid[1:3] = 1
        nibabel.Nifti1Image(grid, np.eye(4)).to_filename(f"{base}_mask.nii.gz")
        volumes = rng.standard_normal((4, 4, 2, 14)).astype(np.float32)
        nibabel.Nifti1Image(volumes, np.eye(4)).to_filename(f"{base}_responses.nii.gz")
    return root


def test_the_layout_of_the_readme_runs_with_its_command(own, command, tmp_path):
    assert f"\n{OWN}\n" in README.read_text(encoding="utf-8")
    words = shlex.split(OWN.replace("/my/study", str(own)))[1:]
    settings = [word for setting in SMALL for word in ("--set", setting)]
    result = command(*words, "--out", tmp_path / "run", *settings, timeout=900)
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    rows = pd.DataFrame(content["metrics"])
    assert set(rows["model"]) == {"bridge", "ridge"}
    assert set(rows["subject"].dropna()) == {"01", "02"}
    assert rows["chance"].to_numpy() == pytest.approx(1 / 4)
    assert rows["ceiling"].isna().all()
    sizes = {name: json.loads((tmp_path / "run" / "stores" / name / "store.json").read_text())
             for name in ("01", "02")}  # fmt: skip
    assert {name: info["n_voxels"] for name, info in sizes.items()} == {"01": 16, "02": 15}
    assert "Best possible" not in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.realdata
@pytest.mark.slow
def test_runs_of_a_real_person_are_left_out_in_turn_and_pooled(realdata, command, tmp_path):
    folder = tmp_path / "data" / "haxby-slice"
    folder.mkdir(parents=True)
    for name in ("bold.nii.gz", "mask.nii.gz", "attributes_literal.txt"):
        shutil.copyfile(realdata / "haxby2001_subject1_mini" / name, folder / name)
    result = command(
        "run", "mindbridge", "real_haxby", "--out", tmp_path / "run", "--set", "models=[ridge]",
        "--set", "split.folds=3", timeout=900, NEURODECODE_DATA=str(tmp_path / "data"),
        NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    group = pd.DataFrame(content["metrics"]).query("level == 'group'")
    assert group[["n", "unit", "chance"]].drop_duplicates().to_numpy().tolist() == [
        [3, "run", 0.125]
    ]
    assert (group["value"] > 0.2).all()
    assert {row["fold"][:6] for row in content["audit"]} == {"fold 0", "fold 1", "fold 2"}
    assert sum(row["overlap"] for row in content["audit"]) == 0


@pytest.mark.parametrize("subject", ["01", "02", "03"])
def test_the_decoder_that_is_left_finds_held_out_pictures_bit_for_bit_as_the_run(bridged, subject):
    from neurodecode import load_decoder
    from neurodecode.mindbridge.retrieval import retrieve_by
    from neurodecode.signals.store import open_store

    store = open_store(bridged / "stores" / subject)
    trials = store.trials.query("part == 'test'")
    decoder = load_decoder(bridged / "model" / "bridge.seed-42" / "decoder")
    found = decoder.predict(store.signals[trials.index.to_numpy()], participant=subject, top=99,
                            stimuli=trials["stimulus"].tolist())  # fmt: skip
    table = found.pivot_table(index="true", columns="candidate", values="score")
    hits = retrieve_by(table.to_numpy(), set_size=10, n_sets=5, seed=42).brain_to_image.by_query
    own = pd.read_parquet(bridged / "evaluate" / "bridge.seed-42" / "predictions.parquet")
    own = own[(own["subject"] == subject) & (own["kind"] == "model")]
    own = own[own["metric"] == "image retrieval, top-1"].set_index("stimulus")["hit"]
    np.testing.assert_array_equal(hits, own.reindex(table.index))
