"""The emotion pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from neurodecode.datasets.rated.epoc import CHANNELS

KEYS = ["E1", "E2", "E3", "E4", "E5", "E5b", "E5c", "E6", "E7"]
CONTROL = "HiSTN G0, ratings shuffled"
LEAKS = {"leave_clips_out": False, "time_blocks": True, "calibrated": True}
SMALL = (
    "--set", "protocols=[leave_clips_out]", "--set", "models=[HiSTN G0]",
    "--set", "models_across=null",
)  # fmt: skip
"""One decoder and one protocol only."""


@pytest.fixture(scope="session")
def felt(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``emotion smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "emotion-smoke"
    with FileLock(base / "emotion-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "emotion", "smoke", "--out", folder, timeout=1800)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(felt):
    """Return what ``report.json`` holds."""
    return json.loads((felt / "report.json").read_text())


@pytest.fixture(scope="session")
def rows(content):
    """Return all scores."""
    return pd.DataFrame(content["metrics"])


def test_the_run_ends_with_its_report(felt):
    assert (felt / "done").read_text().rstrip().endswith("report.html")
    assert (felt / "report.html").stat().st_size > 10_000


def test_every_score_has_chance_and_interval_in_both_ways_of_scoring(rows):
    assert rows[["value", "chance", "ci_low", "ci_high"]].notna().all().all()
    assert (rows["ci_low"] <= rows["value"] + 1e-12).all()
    assert (rows["value"] <= rows["ci_high"] + 1e-12).all()
    assert set(rows["kind"]) == {"windows", "balanced crops"}
    windows = rows[rows["kind"] == "windows"]
    assert windows["metric"].nunique() == 11
    counted = windows[windows["level"] == "subject"]
    assert (counted["unit"] == "trial").all()
    assert counted["p_value"].notna().all()


def test_every_protocol_scores_the_decoders_it_is_meant_for(rows):
    models = {name: set(part["model"]) for name, part in rows.groupby("protocol")}
    assert models["leave_clips_out"] == models["time_blocks"] == {
        "HiSTN G0", "HiSTN G0, one-hot", "flat", "DE+SVM", CONTROL,
    }  # fmt: skip
    assert models["calibrated"] == models["before_calibration"] == {"HiSTN G0"}
    assert set(rows["subject"].dropna()) == {"01", "02", "03"}


def test_what_leaks_is_said_and_no_sample_is_on_both_sides(felt, content):
    audit = pd.DataFrame(content["audit"])
    for protocol, leaks in LEAKS.items():
        clips = audit[(audit["split"] == protocol) & (audit["unit"] == "clip")]
        tested = clips[clips["fold"].str.endswith("/ test")]
        assert len(tested) == 3
        assert (tested["overlap"] > 0).all() == leaks
        assert tested["leaks"].notna().all() == leaks
    assert audit.loc[audit["unit"] == "recorded sample", "overlap"].sum() == 0
    assert "so that which clip it is" in (felt / "report.html").read_text()


def test_the_best_possible_score_is_given_where_clips_are_new_and_nowhere_else(felt, rows):
    known = rows["protocol"] == "leave_clips_out"
    assert rows.loc[known, "ceiling"].between(0, 1).all()
    assert rows.loc[~known, "ceiling"].isna().all()
    assert "best possible" in (felt / "report.html").read_text()


def test_every_claim_has_its_row_and_those_of_this_run_are_tested(content):
    assert [claim["key"] for claim in content["claims"]] == KEYS
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert all(verdicts[key] != "not tested" for key in ("E1", "E2", "E3", "E4", "E5", "E5c", "E7"))
    assert verdicts["E5b"] == "not tested"  # one-hot ratings are not trained across subjects
    assert {claim["evidence"] for claim in content["claims"]} == {"simulated"}


def test_every_part_of_the_report_is_on_the_page(felt):
    page = (felt / "report.html").read_text()
    titles = ("Scores: valence leave clips out", "Comparisons: valence leave clips out",
              "Protocols side by side", "Smoothed ratings", "Valence, leave clips out", "Regions",
              "Scalp", "Order of the levels", "Global node", "Throughput", "Claims", "Leak audit",
              "Decoders", "Data", "Provenance")  # fmt: skip
    assert [title for title in titles if f"{title}</h2>" not in page] == []
    assert "before calibration" in page
    assert "(windows)" in page  # what the confusion matrix counts


def test_the_control_is_trained_on_shuffled_ratings_and_shown(felt, rows):
    assert CONTROL in set(rows["model"])
    page = (felt / "report.html").read_text()
    assert "on ratings in random order" in page
    assert "3 subjects are too few to judge" in page
    compared = page.split("Comparisons: valence leave clips out</h2>")[1].split("<h2")[0]
    assert "DE+SVM" in compared
    assert CONTROL not in compared


def test_scores_are_those_of_the_saved_predictions(felt, rows):
    for protocol in LEAKS:
        found = pd.concat([
            pd.read_parquet(felt / "evaluate" / f"{protocol}.sub-{subject}" / "predictions.parquet")
            for subject in ("01", "02", "03")
        ])  # fmt: skip
        mine = found[(found["model"] == "HiSTN G0") & (found["kind"] == "windows")]
        mine = mine[mine["split"] == protocol]
        answers = mine[[f"p_{k}" for k in range(5)]].to_numpy().argmax(axis=1)
        expected = (answers == mine["level"]).groupby(mine["subject"]).mean()
        scored = rows.query(
            "model == 'HiSTN G0' and protocol == @protocol and metric == 'top-1'"
            " and kind == 'windows' and level == 'subject'"
        )
        assert scored.set_index("subject")["value"].to_dict() == pytest.approx(expected.to_dict())


def test_the_same_seed_gives_the_same_numbers_whatever_else_is_run(felt, rows, command, tmp_path):
    result = command("run", "emotion", "smoke", "--out", tmp_path / "run", *SMALL,
                     "--set", "data.subjects=['02']", timeout=600)  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    unit = "evaluate/leave_clips_out.sub-02/predictions.parquet"
    here, there = (pd.read_parquet(folder / unit) for folder in (tmp_path / "run", felt))
    there = there[there["model"] == "HiSTN G0"].reset_index(drop=True)
    pd.testing.assert_frame_equal(here, there, check_exact=True)


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("evaluation.n_crops=7", {"evaluate", "report"}),
        ("description=another", {"report"}),
        ("within.optimiser.learning_rate=0.1", {"train", "evaluate", "report"}),
        ("signals.scaling=none", {"prepare", "train", "evaluate", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_reads_it_and_no_more(
    felt, command, tmp_path, setting, rules
):
    copy = Path(shutil.copytree(felt, tmp_path / "run"))
    result = command("run", "emotion", "smoke", "--out", copy, "-n", "--set", setting)
    found = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert found == rules


def test_the_same_command_does_nothing_the_second_time(felt, command, tmp_path):
    copy = Path(shutil.copytree(felt, tmp_path / "run"))
    result = command("run", "emotion", "smoke", "--out", copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout


@pytest.fixture
def own(tmp_path):
    """Lay out one person's EEG as the README says: clips of 4 s, each after 2 s of rest."""
    import mne
    import mne_bids

    root, rate, n_clips = tmp_path / "my study", 160.0, 9
    onsets = 3.0 + 7.0 * np.arange(n_clips)
    names = [{"T7": "T3", "P8": "T6"}.get(name, name) for name in (*CHANNELS, "Cz")]
    info = mne.create_info(names, rate, "eeg")
    info["line_freq"] = 50
    rng = np.random.default_rng(0)
    raw = mne.io.RawArray(1e-5 * rng.standard_normal((15, round(70 * rate))), info, verbose="error")
    raw.set_annotations(mne.Annotations(onsets, 4.0, "film"))
    path = mne_bids.BIDSPath(root=root, subject="07", task="films", datatype="eeg")
    mne_bids.write_raw_bids(raw, path, format="BrainVision", allow_preload=True, verbose="error")
    events = Path(path.copy().update(suffix="events", extension=".tsv").fpath)
    table = pd.read_csv(events, sep="\t").assign(
        clip=[f"film{k}.mp4" for k in range(n_clips)],
        valence=[1 + k % 3 for k in range(n_clips)],
        mood=[7 + k % 3 for k in range(n_clips)],
    )
    table.to_csv(events, sep="\t", index=False)
    return root


def test_the_layout_of_the_readme_runs_to_the_report(own, command, tmp_path):
    result = command(
        "run", "emotion", "smoke", "--out", tmp_path / "run", *SMALL,
        "--set", "models=[DE+SVM, TS+LR]", "--set", "data.dataset=local",
        "--set", f"data.path={own}", "--set", "data.options.baseline_seconds=2",
        "--set", "data.options.ratings={valence: [1, 5], mood: [1, 9]}",
        "--set", "labels=[mood, valence]", "--set", "signals.seconds=4",
        "--set", "signals.baseline_seconds=2", "--set", "split.max_folds=null", timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    assert {claim["evidence"] for claim in content["claims"]} == {"real"}
    rows = pd.DataFrame(content["metrics"])
    assert set(rows["label"]) == {"mood", "valence"}
    assert set(rows["subject"].dropna()) == {"07"}
    assert rows["ceiling"].isna().all()
    group = rows.query("level == 'group' and kind == 'windows'")
    assert (group["unit"] == "trial").all()
    assert (group["n"] == 9).all()  # every clip was tested once
    found = pd.read_parquet(
        tmp_path / "run" / "evaluate" / "leave_clips_out.sub-07" / "predictions.parquet"
    )
    mood = found[found["label"] == "mood"]
    assert set(mood["level"]) == {6, 7, 8}
    assert mood[[f"p_{k}" for k in range(9)]].sum(axis=1).to_numpy() == pytest.approx(1)
    store = json.loads((tmp_path / "run" / "stores" / "07" / "store.json").read_text())
    assert store["channels"] == list(CHANNELS)
    assert store["sfreq"] == 128


@pytest.mark.realdata
@pytest.mark.slow
def test_segments_and_random_windows_of_a_real_person_are_scored_side_by_side(
    realdata, command, tmp_path
):
    folder = tmp_path / "data" / "uci-eye-state"
    folder.mkdir(parents=True)
    shutil.copyfile(
        realdata / "uci_eye_state" / "EEG_Eye_State.csv.gz", folder / "EEG_Eye_State.csv.gz"
    )
    result = command(
        "run", "emotion", "real_eye_state", "--out", tmp_path / "run", "--set", "models=[TS+LR]",
        "--set", "evaluation.n_crops=0", "--set", "evaluation.n_permutations=200", timeout=900,
        NEURODECODE_DATA=str(tmp_path / "data"), NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    rows = pd.DataFrame(content["metrics"]).query("metric == 'top-1' and level == 'group'")
    assert rows[["protocol", "n", "unit"]].to_numpy().tolist() == [
        ["leave_clips_out", 103, "trial"], ["random_windows", 103, "trial"],
    ]  # fmt: skip
    values = rows.set_index("protocol")["value"]
    assert values["random_windows"] > values["leave_clips_out"] > 0.5
    audit = pd.DataFrame(content["audit"]).query("unit == 'clip'")
    tested = audit[audit["fold"].str.endswith("/ test")].groupby("split")["overlap"]
    assert tested.max()["leave_clips_out"] == 0
    assert tested.min()["random_windows"] > 0
    assert {claim["verdict"] for claim in content["claims"]} == {"not tested"}
    # the matrix names the states as the recording does
    assert "0 decoded as" in (tmp_path / "run" / "report.html").read_text()


def test_first_network_and_classical_decoders_of_every_fold_leave_the_run(felt):
    import neurodecode

    folders = sorted(path.parent for path in felt.rglob("decoder.json"))
    decoders = [neurodecode.load_decoder(folder) for folder in folders]
    # three subjects, a fold each, under three protocols; across subjects the network alone
    assert Counter(one.settings.name for one in decoders) == {"HiSTN G0": 9, "DE+SVM": 6}
    assert all(one.channels == CHANNELS for one in decoders)
    assert max(len(one.settings.participants) for one in decoders) > 1  # across subjects
