"""All pipelines by one command: what fails is said and stops nothing, what is missing at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neurodecode.faults import EXTRA_OF, ConfigFault, DataFault
from neurodecode.workflow import run_all as module
from neurodecode.workflow.lock import run_lock
from neurodecode.workflow.project import find_project
from neurodecode.workflow.run import RunRequest
from neurodecode.workflow.run_all import run_all

REPOSITORY = Path(__file__).parents[3]
CHEAP = ("acm", "emotion", "mci")


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def request_all(tmp_path):
    """Return a maker of requests of the smoke experiments into ``reports``."""

    def make(**options):
        return RunRequest("all", "smoke", out=tmp_path / "reports", **options)

    return make


@pytest.fixture
def outcomes(monkeypatch, write_run):
    """Let each run end as told, a code or an error, and leave its record; return the requests."""
    asked = []

    def install(**ends):
        def run(request):
            asked.append(request)
            end = ends[request.pipeline]
            if isinstance(end, Exception):
                raise end
            failed = {"status": "failed", "headline": None, "report": False} if end else {}
            write_run(f"{request.pipeline}/{request.label}", **failed)
            return end

        monkeypatch.setattr(module, "run_pipeline", run)
        return asked

    return install


def test_a_pipeline_that_fails_does_not_stop_the_others_and_the_summary_names_it(
    request_all, outcomes, capsys, tmp_path
):
    asked = outcomes(acm=1, emotion=DataFault("no trials", where="x"), mci=0)
    assert run_all(request_all(), CHEAP) == 1
    folders = [request.folder for request in asked]
    assert folders == [tmp_path / "reports" / name / "smoke" for name in CHEAP]
    said = capsys.readouterr().out
    assert "error: no trials" in said
    rows = {line.split()[0]: line for line in said[said.index("pipeline ") :].splitlines()[1:4]}
    assert "failed" in rows["acm"]
    assert "not run" in rows["emotion"]
    assert "AROC 0.630 [0.560, 0.700], chance 0.50" in rows["mci"]
    assert rows["mci"].endswith("report.html")
    assert "mci/smoke" in (tmp_path / "reports" / "index.html").read_text()


def test_an_error_nobody_thought_of_is_said_and_stops_nothing(request_all, outcomes, capsys):
    asked = outcomes(acm=ValueError("odd [x]"), emotion=0, mci=0)
    assert run_all(request_all(), CHEAP) == 1
    assert len(asked) == 3
    assert "error: ValueError: odd [x]" in capsys.readouterr().out


def test_all_done_is_success(request_all, outcomes):
    outcomes(acm=0, mci=0)
    assert run_all(request_all(), ("acm", "mci")) == 0


def test_by_default_every_decoder_is_run_and_no_benchmark(request_all, outcomes):
    names = ("acm", "adhd", "emotion", "image", "mci", "mindbridge", "speech", "spikes")
    asked = outcomes(**dict.fromkeys(names, 0))
    assert run_all(request_all()) == 0
    assert tuple(request.pipeline for request in asked) == names


def test_missing_packages_are_answered_before_anything_starts(request_all, outcomes, monkeypatch):
    asked = outcomes()
    absent = ("torch", "imblearn")
    monkeypatch.setattr(module, "find_spec", lambda name: None if name in absent else object())
    with pytest.raises(ConfigFault, match=r"imblearn \(mci\).*neurodecode\[mci,torch\]'"):
        run_all(request_all())
    assert not asked


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"overrides": ("evaluation.n_bootstrp=3",)}, r"n_bootstrap.*\[acm"),
        ({"overrides": ("model.order=3",)}, r"unknown key 'model'.*\[emotion"),
    ],
)
def test_a_setting_that_one_pipeline_lacks_is_answered_before_anything_starts(
    request_all, outcomes, options, answer
):
    asked = outcomes()
    with pytest.raises(ConfigFault, match=answer):
        run_all(request_all(**options), CHEAP)
    assert not asked


def test_every_package_a_pipeline_needs_has_an_extra_that_brings_it():
    for pipeline in find_project().pipelines.values():
        assert set(pipeline.needs) <= set(EXTRA_OF)


def test_a_dry_run_shows_the_jobs_of_each_and_writes_nothing(request_all, capsys, tmp_path):
    assert run_all(request_all(dry_run=True), ("acm", "mci")) == 0
    said = capsys.readouterr().out
    assert "1/2 acm" in said
    assert "2/2 mci" in said
    assert said.count("nothing was run") == 2
    assert not (tmp_path / "reports").exists()


PROGRAM = """
import sys
from pathlib import Path
from neurodecode.workflow.run import RunRequest
from neurodecode.workflow.run_all import run_all
if __name__ == "__main__":
    request = RunRequest("all", "smoke", out=Path(sys.argv[1]), until="fetch")
    sys.exit(run_all(request, ("acm", "mci", "adhd")))
"""


def test_real_runs_follow_one_another_in_one_process(tmp_path):
    reports = tmp_path / "reports"
    with run_lock(reports / "acm" / "smoke"):
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(reports)],
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert result.returncode == 1, result.stderr
    assert "another run is at work" in result.stdout
    assert result.stdout.count("1/1  fetch") == 2
    assert (reports / "index.html").read_text().count("until fetch") == 2


def test_what_one_pipeline_says_of_its_files_is_not_taken_for_the_next(request_all):
    import snakemake.workflow

    names = {"ONE_BY_ONE", "STORE_FILES", "DRAWS"}
    for pipeline in ("bench", "mci"):
        assert run_all(request_all(dry_run=True), (pipeline,)) == 0
        assert "PLAN" in vars(snakemake.workflow)
        assert not names & set(vars(snakemake.workflow))
