"""The spikes pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

KEYS = {"N1", "N1b", "N1c", "N2", "N2b", "N2c", "N3", "N4", "N5", "N6", "N7"}
MAIN, SHARED = "state+past", "state+past, shared body"
MODELS = {MAIN, "state", SHARED, "state+past+stimulus+behaviour+contrastive", "Poisson GLM"}
DECODERS = {"joint", "Lasso", "MLP", "joint, behaviour shuffled"}
SMALL = (
    "--set", f"models=[{MAIN}]", "--set", "wiring=null", "--set", "few_shot.n_seeds=0",
    "--set", "training.trainer.max_epochs=1",
)  # fmt: skip
"""One small model alone."""


@pytest.fixture(scope="session")
def fired(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``spikes smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "spikes-smoke"
    with FileLock(base / "spikes-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "spikes", "smoke", "--out", folder, timeout=1800)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(fired):
    """Return what ``report.json`` holds."""
    return json.loads((fired / "report.json").read_text())


@pytest.fixture(scope="session")
def rows(content):
    """Return all scores."""
    return pd.DataFrame(content["metrics"])


def test_the_run_ends_with_its_report(fired):
    assert (fired / "done").read_text().rstrip().endswith("report.html")
    assert (fired / "report.html").stat().st_size > 10_000


def test_every_score_has_its_chance_and_those_of_windows_an_interval(rows):
    assert rows[["value", "chance"]].notna().all().all()
    bounded = rows[~rows["metric"].isin(["rate correlation", "pulse F1"])]
    bounded = bounded[bounded["level"] == "subject"]
    assert bounded[["ci_low", "ci_high"]].notna().all().all()
    assert (bounded["ci_low"] <= bounded["value"] + 1e-12).all()
    assert (bounded["value"] <= bounded["ci_high"] + 1e-12).all()
    assert (rows.loc[rows["metric"] == "pulse F1", "chance"] > 0).all()
    assert (rows.loc[rows["metric"] == "F1", "chance"] > 0).all()


def test_every_model_and_decoder_is_scored_for_every_subject(rows):
    subjects = rows[rows["level"] == "subject"]
    for metric, models in (("F1", MODELS), ("bits per spike", MODELS), ("speed r", DECODERS)):
        part = subjects[subjects["metric"] == metric]
        assert set(part["model"]) == models
        assert (part.groupby("model")["subject"].agg(set).map(sorted).map(tuple)
                == ("01", "02")).all()  # fmt: skip


def test_the_best_possible_score_is_given_where_the_process_is_known(rows):
    for metric in ("F1", "bits per spike", "speed r"):
        part = rows[rows["metric"] == metric]
        assert part["ceiling"].notna().all()
        # what is drawn from the process itself beats constant rates
        assert (part["ceiling"] > part["chance"]).all()


def test_few_shot_scores_stand_apart_by_way_share_and_seed(content, rows):
    few = pd.DataFrame(content["few_shot"])
    assert set(few["metric"]) == {"speed r"}
    assert set(few["way"]) == {"pretrained", "scratch"}
    assert set(few["share"]) == {0.1, 1.0}
    assert len(few) == 2 * 2 * 2 * 2  # ways, shares, seeds, subjects
    assert not rows["model"].str.contains("scratch").any()


def test_the_wiring_is_read_from_attention_and_scored_beside_its_rivals(fired, content):
    wired = pd.DataFrame(content["wiring"])
    assert set(wired["estimate"]) == {
        "attention", "attention, gradient", "Pearson", "partial correlation",
        "lagged cross-correlation", "Poisson GLM",
    }  # fmt: skip
    assert set(wired["subject"]) == {"01", "02"}
    symmetric = wired.query("estimate == 'Pearson' and metric == 'direction'")
    assert (symmetric["value"] == 0.5).all()
    assert wired["value"].between(0, 1).all()


def test_every_claim_has_its_row_and_those_of_this_run_are_tested(content):
    assert {claim["key"] for claim in content["claims"]} == KEYS
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    tested = KEYS - {"N4", "N5"}
    assert all(verdicts[key] != "not tested" for key in tested)
    assert verdicts["N4"] == "not tested"  # no network was trained on behaviour alone
    past = next(c for c in content["claims"] if c["key"] == "N5" and "past" in c["text"])
    assert past["verdict"] != "not tested"
    assert {claim["evidence"] for claim in content["claims"]} == {"simulated", "measured"}


def test_every_part_of_the_report_is_on_the_page(fired):
    page = (fired / "report.html").read_text()
    titles = ("Scores blocked time", "Comparisons blocked time", "Written spikes", "Wiring",
              "Decoded speed", "Few-shot speed", "Cost", "Claims", "Leak audit", "Models", "Data",
              "Provenance")  # fmt: skip
    assert [title for title in titles if f"{title}</h2>" not in page] == []
    assert page.count("<svg") >= 5
    assert "Few-shot speed median" not in page


def test_nothing_crosses_what_must_not(content):
    audit = pd.DataFrame(content["audit"])
    assert set(audit["unit"]) == {"time_block", "recorded moment"}
    assert audit["overlap"].sum() == 0
    assert audit["leaks"].isna().all()


def test_scores_are_those_of_the_saved_predictions(fired, rows):
    (folder,) = (fired / "evaluate").glob("all-*.sub-02")
    found = pd.read_parquet(folder / "predictions.parquet")
    mine = found[(found["task"] == "generate") & (found["model"] == MAIN)]
    scored = rows.query("model == @MAIN and metric == 'F1' and subject == '02'")["value"].item()
    assert scored == pytest.approx(mine["F1"].mean())
    speed = found[(found["task"] == "decode") & (found["model"] == "joint")]
    r = np.corrcoef(speed["true"], speed["decoded"])[0, 1]
    scored = rows.query("model == 'joint' and metric == 'speed r' and subject == '02'")["value"]
    assert scored.item() == pytest.approx(r)


def test_the_same_seed_gives_the_same_numbers_whatever_else_is_run(fired, command, tmp_path):
    result = command(
        "run", "spikes", "smoke", "--out", tmp_path / "run", *SMALL[:6],
        "--set", "data.subjects=['02']", "--set", "decoders=[Lasso]", timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    here, there = (
        pd.read_parquet(next((folder / "evaluate").glob("all-*.sub-02")) / "predictions.parquet")
        for folder in (tmp_path / "run", fired)
    )
    for model in (MAIN, "Lasso"):
        one, other = (
            table[(table["model"] == model) & (table["task"] != "few-shot")][here.columns]
            .reset_index(drop=True) for table in (here, there)
        )  # fmt: skip
        pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("evaluation.n_draws=3", {"evaluate", "report"}),
        ("network.dropout=0.1", {"train", "evaluate", "report"}),
        ("decoders=[joint, Lasso]", {"train", "evaluate", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_reads_it_and_no_more(
    fired, command, tmp_path, setting, rules
):
    copy = Path(shutil.copytree(fired, tmp_path / "run"))
    result = command("run", "spikes", "smoke", "--out", copy, "-n", "--set", setting)
    found = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert found == rules


def test_the_same_command_does_nothing_the_second_time(fired, command, tmp_path):
    copy = Path(shutil.copytree(fired, tmp_path / "run"))
    result = command("run", "spikes", "smoke", "--out", copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout


@pytest.fixture
def arrays(tmp_path):
    """Lay out spike trains of one animal as the README says: two arrays, nothing else."""
    folder = tmp_path / "my study" / "sub-rat" / "ses-1"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    times = 100.0 + np.sort(rng.uniform(0, 40, 1200))
    np.savez(folder / "spikes.npz", times=times, units=rng.choice(["b7", "a1", "c3"], 1200))
    return tmp_path / "my study"


def test_the_layout_of_the_readme_runs_to_the_report_and_a_leaking_draw_is_marked(
    arrays, command, tmp_path
):
    result = command(
        "run", "spikes", "own_study", "--out", tmp_path / "run", *SMALL,
        "--set", f"data.path={arrays}", "--set", "protocol=random_windows",
        "--set", "network.width=8", "--set", "network.n_heads=2", "--set", "windows.past_block=16",
        "--set", "windows.block=16", "--set", "evaluation.n_windows=40", timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    audit = pd.DataFrame(content["audit"])
    assert audit["leaks"].str.contains("neighbouring windows").all()
    assert audit["overlap"].max() > 0
    assert "neighbouring windows" in (tmp_path / "run" / "report.html").read_text()
    rows = pd.DataFrame(content["metrics"])
    assert set(rows["subject"].dropna()) == {"rat"}
    assert rows["ceiling"].isna().all()
    assert {claim["evidence"] for claim in content["claims"]} == {"real", "measured"}
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert verdicts["N2"] == "not tested"  # nobody knows the wiring


def test_a_folder_of_nwb_files_is_read_as_it_is(command, tmp_path):
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed (extra spikes)")
    import datetime

    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile(session_description="toy", identifier="1", session_start_time=start)
    rng = np.random.default_rng(0)
    for _ in range(3):
        file.add_unit(spike_times=np.sort(rng.uniform(0, 30, 90)))
    module = file.create_processing_module("behavior", "behaviour")
    module.add(pynwb.TimeSeries(name="running", data=np.arange(300.0), unit="m/s", rate=10.0))
    folder = tmp_path / "study" / "sub-m1"
    folder.mkdir(parents=True)
    with pynwb.NWBHDF5IO(str(folder / "sub-m1_ses-7_ecephys.nwb"), "w") as handle:
        handle.write(file)
    result = command(
        "run", "spikes", "own_study", "--out", tmp_path / "run", "--until", "prepare",
        "--set", f"data.path={tmp_path / 'study'}",
        "--set", "data.options.behaviour={speed: running}", "--set", "targets=[speed]",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    store = json.loads((tmp_path / "run" / "stores" / "m1" / "store.json").read_text())
    assert store["sessions"] == ["sub-m1/ses-7"]
    (said,) = store["described"]
    assert (said["units"], said["spikes"], said["behaviour"]) == (3, 270, ["speed"])


@pytest.mark.realdata
@pytest.mark.slow
def test_position_on_a_real_track_is_decoded_from_held_out_blocks(realdata, command, tmp_path):
    folder = tmp_path / "data" / "hippocampus-nelpy"
    folder.mkdir(parents=True)
    shutil.copyfile(realdata / "hippocampus_nelpy" / "linear-track.npz",
                    folder / "linear-track.npz")  # fmt: skip
    result = command(
        "run", "spikes", "real_hippocampus", "--out", tmp_path / "run",
        "--set", "models=[Poisson GLM]", "--set", "decoders=[Bayesian, Lasso]",
        "--set", "targets=[position]",
        "--set", "split.folds=[0]", timeout=900, NEURODECODE_DATA=str(tmp_path / "data"),
        NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    rows = pd.DataFrame(content["metrics"]).query("level == 'group'").set_index(["model", "metric"])
    bayes = rows.loc[("Bayesian", "position median error")]
    assert bayes["value"] < 60 < bayes["chance"]  # pixels of a track of 419
    assert rows.loc[("Lasso", "position r"), "ci_low"] > 0
    assert sum(row["overlap"] for row in content["audit"]) == 0


def test_the_decoder_that_is_left_decodes_held_out_windows_bit_for_bit_as_the_run(fired):
    from neurodecode import load_decoder

    places = sorted((fired / "model").rglob("decoder"))
    assert len(places) == 2
    for place in places:
        decoder = load_decoder(place)
        subject, session = decoder.settings.subject, decoder.settings.session
        recording = decoder.read(fired / "stores" / subject / f"sub-{subject}" / f"ses-{session}")
        (own,) = (fired / "evaluate").glob(f"*sub-{subject}/predictions.parquet")
        own = pd.read_parquet(own).query("task == 'decode' and model == 'joint'")
        rows = np.flatnonzero(recording.windows["start"].isin(own["start"]).to_numpy())
        found = decoder.predict(recording, rows=rows)
        np.testing.assert_array_equal(found["start"], own["start"])
        np.testing.assert_array_equal(found["decoded_speed"], own["decoded"])
        np.testing.assert_array_equal(found["true_speed"], own["true"])
