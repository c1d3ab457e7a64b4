"""The bench pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def bench(tmp_path_factory, command):
    """Return the folder of a finished ``bench smoke`` run; do not change it."""
    folder = tmp_path_factory.mktemp("bench") / "run"
    result = command("run", "bench", "smoke", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(scope="module")
def found(bench):
    return json.loads((bench / "report.json").read_text())


def test_every_candidate_of_the_exact_search_scores_as_the_peer_does(found):
    assert len(found["candidates"]) == 6  # three sampled pairs, one setting per worker
    assert all(abs(row["exact"] - row["peer"]) <= 1e-3 for row in found["candidates"])
    assert found["gaps"]["exact"] <= 1e-3


def test_ratios_are_given_for_the_modes_that_agree_and_no_other(found):
    agreeing = {mode for mode, gap in found["gaps"].items() if gap <= 1e-3}
    assert "exact" in agreeing
    assert {row["model"] for row in found["metrics"]} == agreeing
    for row in found["metrics"]:
        assert 0 < row["ci_low"] <= row["value"] <= row["ci_high"]
        assert row["chance"] == 1.0


def test_ratios_are_those_of_the_seconds(found):
    (seconds,) = found["seconds"]
    (row,) = [r for r in found["metrics"] if r["model"] == "exact"]
    assert row["value"] == pytest.approx(seconds["peer"] / seconds["exact"])


def test_each_claim_has_a_verdict(found):
    keys = {claim["key"] for claim in found["claims"]}
    assert keys == {"scores-exact", "scores-shared", "exact-2", "shared-2"}
    verdicts = {"holds", "fails", "not shown", "not tested"}
    assert {claim["verdict"] for claim in found["claims"]} <= verdicts


def test_a_curve_has_a_point_for_every_value_and_repeat(found):
    points = [(row["curve"], row["value"], row["repeat"]) for row in found["curves"]]
    assert points == [("channels", n, r) for n in (3, 6) for r in (1, 2)]
    assert all(min(row["peer"], row["exact"], row["shared"]) > 0 for row in found["curves"])


def test_nothing_else_runs_while_something_is_timed(bench):
    jobs = [json.loads(path.read_text()) for path in bench.glob("timings/*/*.json")]
    spans = {(j["rule"], j["name"]): (j["finished"] - j["wall_s"], j["finished"]) for j in jobs}
    timed = {key: span for key, span in spans.items() if key[0] == "train"}
    assert len(timed) == 2
    for key, (start, end) in timed.items():
        others = [span for other, span in spans.items() if other != key]
        assert all(stop <= start or begin >= end for begin, stop in others)


def test_the_report_names_the_machine_and_how_the_peer_was_estimated(bench, found):
    page = (bench / "report.html").read_text()
    assert "as fast as the peer" in page
    assert "only the seconds of a fit are estimated" in page
    assert {"processor", "cores", "BLAS while timed"} <= set(found["machine"])


def test_runs_lists_the_ratio(bench, command):
    result = command("runs", bench)
    assert "complete" in result.stdout
    assert "1.00" in result.stdout


def test_new_targets_rerun_the_report_only_and_time_nothing_again(bench, command):
    result = command("run", "bench", "smoke", "--out", bench, "-n", "--set", "targets.exact=2")
    assert result.returncode == 0, result.stdout + result.stderr
    rules = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert rules == {"report"}


@pytest.fixture(scope="module")
def speech(tmp_path_factory, command):
    """Return the folder of a finished ``bench speech_smoke`` run; do not change it."""
    folder = tmp_path_factory.mktemp("bench-speech") / "run"
    result = command("run", "bench", "speech_smoke", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_speech_gives_a_ratio_for_every_program_that_computes_the_same(speech):
    found = json.loads((speech / "report.json").read_text())
    assert {(row["model"], row["split"]) for row in found["metrics"]} == {
        ("ours", "threads-1"),
        ("our attention", "threads-1"),
        ("our convolutions", "threads-1"),
        ("ours", "MNE, from the file"),
        ("ours", "MNE, loaded"),
    }
    assert all(0 < row["ci_low"] <= row["value"] <= row["ci_high"] for row in found["metrics"])
    assert found["gaps"]["loss"] <= 1e-5
    assert found["gaps"]["windows"] <= 1e-4


def test_speech_answers_every_claim_and_names_what_it_measured(speech):
    found = json.loads((speech / "report.json").read_text())
    verdicts = {claim["key"]: claim["verdict"] for claim in found["claims"]}
    assert set(verdicts) == {"losses", "B1-threads-1", "windows", "B2", "ranks", "B3"}
    for key in ("losses", "windows", "ranks", "B3"):
        assert verdicts[key] == "holds"
    assert found["retrieval"]["peak_memory_gb"] < 2
    assert found["machine"]["waiting threads (OMP_WAIT_POLICY)"] == "PASSIVE"
    page = (speech / "report.html").read_text()
    for heading in ("Training step", "Windows", "Retrieval", "Claims"):
        assert heading in page


def test_new_targets_of_speech_rerun_the_report_only(speech, command):
    result = command(
        "run", "bench", "speech_smoke", "--out", speech, "-n", "--set", "targets.step=2"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    rules = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert rules == {"report"}


@pytest.fixture(scope="module")
def image(tmp_path_factory, command):
    """Return the folder of a finished ``bench image_smoke`` run; do not change it."""
    folder = tmp_path_factory.mktemp("bench-image") / "run"
    result = command("run", "bench", "image_smoke", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_image_gives_a_ratio_for_every_program_that_computes_the_same(image):
    found = json.loads((image / "report.json").read_text())
    assert {row["split"] for row in found["metrics"]} == {
        "scikit-learn, RidgeCV, threads: 1",
        "himalaya, KernelRidgeCV, threads: 1",
        "himalaya, RidgeCV, threads: 1",
        "NumPy, query by query, threads: 1",
        "NumPy, all at once and sorted, threads: 1",
    }
    assert all(0 < row["ci_low"] <= row["value"] <= row["ci_high"] for row in found["metrics"])
    assert found["gaps"]["ridge"] <= 1e-4
    assert found["gaps"]["ranks"] == 0


def test_image_answers_every_claim_and_names_what_it_measured(image):
    found = json.loads((image / "report.json").read_text())
    claims = {claim["key"]: claim for claim in found["claims"]}
    assert set(claims) == {"ridge", "ranks", "R1-threads-1", "R2-threads-1", "R3-threads-1"}
    assert claims["ridge"]["verdict"] == claims["ranks"]["verdict"] == "holds"
    assert "another" in claims["R1-threads-1"]["note"]
    page = (image / "report.html").read_text()
    for heading in ("Ridge regression", "Retrieval", "Claims"):
        assert heading in page


def test_mindbridge_compares_equal_steps_and_states_memory(tmp_path, command):
    folder = tmp_path / "run"
    result = command("run", "bench", "mindbridge_smoke", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads((folder / "report.json").read_text())
    assert {row["split"] for row in found["metrics"]} == {"threads-1"}
    claims = {claim["key"]: claim for claim in found["claims"]}
    assert set(claims) == {"loss", "gradient", "T1-threads-1", "T2"}
    assert claims["loss"]["verdict"] == claims["gradient"]["verdict"] == "holds"
    assert "another" in claims["T1-threads-1"]["note"]
    assert set(found["memory"]) == {"weights", "gradients", "optimiser", "peak"}
    page = (folder / "report.html").read_text()
    for heading in ("Training step", "Memory", "Claims"):
        assert heading in page


def test_emotion_compares_equal_networks_and_gives_windows_per_second(tmp_path, command):
    folder = tmp_path / "run"
    result = command("run", "bench", "emotion_smoke", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads((folder / "report.json").read_text())
    assert {row["split"] for row in found["metrics"]} == {
        f"{phase}, {peer}, threads: 1"
        for phase in ("training", "inference")
        for peer in ("plain", "EEGNet")
    }
    claims = {claim["key"]: claim for claim in found["claims"]}
    assert claims["outputs"]["verdict"] == claims["gradient"]["verdict"] == "holds"
    assert "another" in claims["eegnet_training-threads-1"]["note"]
    assert len(found["throughput"]) == 2 * 3 * 2
    page = (folder / "report.html").read_text()
    for heading in ("Windows per second", "Claims"):
        assert heading in page


def test_spikes_compares_equal_programs_and_measures_growth(tmp_path, command):
    folder = tmp_path / "run"
    result = command("run", "bench", "spikes_smoke", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads((folder / "report.json").read_text())
    assert {(row["model"], row["split"]) for row in found["metrics"]} == {
        *((f"ours, {how}", f"writing, {peer}, threads: 1")
          for how in ("one window at a time", "windows together")
          for peer in ("a pass per token", "a pass per token, of the tokens so far")),
        *(("ours", f"training, dropout {dropout}, threads: 1") for dropout in ("0.2", "0")),
    }  # fmt: skip
    claims = {claim["key"]: claim for claim in found["claims"]}
    for key in ("tokens", "loss", "gradient"):
        assert claims[key]["verdict"] == "holds"
    assert "another" in claims["writing-threads-1"]["note"]
    (growth,) = found["growth"]
    assert growth["n_rounds"] == 6
    assert growth["low"] <= growth["exponent"] <= growth["high"]
    page = (folder / "report.html").read_text()
    for heading in ("Writing", "Training", "Growth with units", "Claims"):
        assert heading in page
