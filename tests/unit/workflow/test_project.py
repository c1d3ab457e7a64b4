"""Projects, plans and locks."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from neurodecode.faults import ConfigFault, DataFault, DiskFault
from neurodecode.workflow.lock import run_lock
from neurodecode.workflow.plan import Plan, make_plan
from neurodecode.workflow.project import PACKAGE, find_project, init_project
from neurodecode.workflow.run import RunRequest, run_pipeline
from neurodecode.workflow.step import Job

REPOSITORY = Path(__file__).parents[3]
EXPERIMENTS = sorted(path.stem for path in (REPOSITORY / "configs" / "acm").glob("*.yaml"))


@pytest.fixture
def project(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    return find_project()


def test_away_from_a_checkout_the_installed_pipelines_are_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = find_project()
    assert found.root in (PACKAGE / "bundled", PACKAGE.parent)
    assert {"demo", "smoke", "bnci2014_001"} <= set(found.pipeline("acm").experiments)


def test_init_lays_a_project_that_is_then_used_and_overwrites_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    init_project(tmp_path)
    assert (tmp_path / "pipelines" / "acm" / "steps.py").exists()
    assert (tmp_path / "data" / "catalog" / "PhysionetMI.yaml").exists()
    with pytest.raises(DiskFault, match="already there"):
        init_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find_project().root == tmp_path


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_shipped_experiment_can_be_planned_and_dry_run(
    project, experiment, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path / "data"))
    (tmp_path / "study" / "sub-01").mkdir(parents=True)
    folder = ("data.path=study", "data.events=[left, right]", "data.interval=[0, 4]")
    own = tuple(word.replace("study", str(tmp_path / "study")) for word in folder)
    given = own if experiment == "own_study" else ()
    request = RunRequest("acm", experiment, given, out=tmp_path / "run", dry_run=True)
    assert run_pipeline(request) == 0
    assert "would run  report" in capsys.readouterr().out


def test_a_dry_run_of_a_new_run_leaves_no_folder(project, tmp_path):
    run_pipeline(RunRequest("acm", "smoke", out=tmp_path / "run", dry_run=True))
    assert not (tmp_path / "run").exists()


def test_crossing_subjects_makes_every_job_read_every_store(project):
    pipeline = project.pipeline("acm")
    config = pipeline.load("smoke", ["evaluation.protocols=[cross_subject]"])
    plan = make_plan(project, pipeline, "smoke", config)
    assert plan.units == {"01": ["01", "02"], "02": ["01", "02"]}
    config = pipeline.load("smoke")
    assert make_plan(project, pipeline, "smoke", config).units == {"01": ["01"], "02": ["02"]}


def test_an_unknown_subject_is_told_with_those_there_are(project):
    pipeline = project.pipeline("acm")
    config = pipeline.load("physionet", ["data.subjects=[110]"])
    with pytest.raises(DataFault, match=r"no subject '110'.*1 to 109"):
        make_plan(project, pipeline, "physionet", config)


def test_a_plan_is_read_as_it_was_written(project, tmp_path):
    pipeline = project.pipeline("acm")
    config = pipeline.load("smoke")
    plan = make_plan(project, pipeline, "smoke", config)
    plan.write(tmp_path, config)
    assert Plan.read(tmp_path) == plan


def test_a_plan_of_another_version_is_answered_with_what_to_do(project, tmp_path):
    pipeline = project.pipeline("acm")
    config = pipeline.load("smoke")
    make_plan(project, pipeline, "smoke", config).write(tmp_path, config)
    content = json.loads((tmp_path / "plan.json").read_text())
    del content["stores"]
    (tmp_path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(DataFault, match=r"another version.*give `neurodecode run` again"):
        Plan.read(tmp_path)


def test_a_pipeline_may_put_many_subjects_in_one_store(project, tmp_path, monkeypatch, capsys):
    model = project.pipeline("acm").config_model
    monkeypatch.setattr(model, "stores", lambda config, subjects: {"everybody": subjects})
    monkeypatch.setattr(model, "units", lambda config, subjects: {"one": ["everybody"]})
    assert run_pipeline(RunRequest("acm", "smoke", out=tmp_path / "run", dry_run=True)) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    planned = [words[2:4] for words in lines if words[0] == "would"]
    assert ["prepare", "everybody"] in planned
    assert ["train", "one"] in planned
    assert len(planned) == 5
    config = project.pipeline("acm").load("smoke")
    plan = make_plan(project, project.pipeline("acm"), "smoke", config)
    assert plan.stores == {"everybody": ["01", "02"]}
    job = Job("prepare", "everybody", tmp_path, plan, config)
    assert job.subjects == ["01", "02"]
    assert job.stores == [tmp_path / "stores" / "everybody"]


def test_a_locked_folder_names_who_holds_it(tmp_path):
    with run_lock(tmp_path):
        holder = json.loads((tmp_path / "run.lock.json").read_text())
        assert holder["pid"] == os.getpid()
        who = rf"process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(DiskFault, match=who), run_lock(tmp_path):
            pass
    with run_lock(tmp_path):
        pass


def test_a_wrong_rule_name_is_answered_before_anything_runs(project, tmp_path):
    with pytest.raises(ConfigFault, match="did you mean 'evaluate'"):
        run_pipeline(RunRequest("acm", "smoke", out=tmp_path / "run", until="evalute"))


def test_a_local_folder_has_its_own_subjects_whatever_the_experiment_s_data_set(project, tmp_path):
    for label in ("anna", "ben"):
        (tmp_path / f"sub-{label}").mkdir()
    pipeline = project.pipeline("acm")
    settings = [f"data.path={tmp_path}", "data.events=[a, b]", "data.interval=[0, 4]"]
    plan = make_plan(project, pipeline, "smoke", pipeline.load("smoke", settings))
    assert plan.subjects == ["anna", "ben"]
    assert plan.dataset == "local"


@pytest.mark.parametrize("given", [("--profile", "profiles/slurm"), ("--profile", "slurm"),
                                   ("--profile=profiles/slurm",)])  # fmt: skip
def test_profiles_are_found_from_here_though_jobs_start_in_the_run_folder(given):
    expected = str(REPOSITORY / "profiles" / "slurm")
    said = RunRequest("acm", extra=("--keep-going", *given)).options.extra
    assert said[0] == "--keep-going"
    assert "=".join(said[1:]) == f"--profile={expected}"


def test_a_profile_of_another_name_is_left_to_snakemake():
    extra = ("--profile", "of-our-university", "--jobs", "3")
    assert RunRequest("acm", extra=extra).options.extra == extra
