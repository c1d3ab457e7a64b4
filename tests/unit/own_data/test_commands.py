"""What ``data check`` prints and writes."""

from __future__ import annotations

import pytest

from neurodecode.faults import ConfigFault
from neurodecode.own_data.survey import study_name
from neurodecode.workflow.own_data import check_study
from neurodecode.workflow.project import find_project
from neurodecode.workflow.run import RunRequest
from neurodecode.workflow.run_all import run_all


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return an empty working folder, with the project's pipelines in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def test_the_written_experiment_is_the_one_that_runs(imagery, here, look, capsys):
    assert check_study(imagery, "acm", None, (), None) == 0
    said = capsys.readouterr().out
    assert "neurodecode run acm hands_acm.yaml" in said
    assert "within_session" in said
    text = (here / "hands_acm.yaml").read_text()
    assert "# events: rest (48), left (24), right (24)" in text
    loaded = find_project().pipeline("acm").load(str(here / "hands_acm.yaml"))
    assert loaded.data.path == imagery
    assert loaded.data.events == ("left", "right")


def test_an_experiment_that_is_there_is_replaced_only_by_name(imagery, here, capsys):
    mine = here / "hands_acm.yaml"
    mine.write_text("description: mine\n")
    check_study(imagery, "acm", None, (), None)
    assert mine.read_text() == "description: mine\n"
    assert "left as it is" in capsys.readouterr().out
    check_study(imagery, "acm", None, (), mine)
    assert "replaced" in capsys.readouterr().out
    assert "events" in mine.read_text()


def test_a_study_that_cannot_run_ends_with_1_and_writes_nothing(imagery, here, capsys):
    assert check_study(imagery, "acm", None, ("data.events=[lefft, right]",), None) == 1
    assert "error: no event 'lefft'" in capsys.readouterr().out
    assert check_study(imagery, "acm", None, ("evaluation.protocols=[cross_session]",), None) == 1
    assert not list(here.iterdir())


def test_a_run_is_named_after_its_study(tmp_path):
    assert study_name(tmp_path / "my study") == "my-study"
    assert study_name(tmp_path / "ds001" / "derivatives" / "fmriprep") == "ds001"
    assert RunRequest("acm", bids=tmp_path / "ds001").folder.name == "ds001"


def test_a_study_is_not_read_by_all_pipelines(tmp_path):
    with pytest.raises(ConfigFault, match="one pipeline"):
        run_all(RunRequest("all", bids=tmp_path))
