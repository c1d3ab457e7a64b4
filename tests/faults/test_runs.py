"""Faults of whole runs: offline, misspelt, hostile names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.fault(26, "acm")
def test_no_network_and_no_data_is_answered_at_once(tmp_path, command):
    began = time.monotonic()
    result = command(
        "run", "acm", "physionet", "--out", tmp_path / "run", "--set", "data.subjects=[1]",
        NEURODECODE_OFFLINE="1", NEURODECODE_DATA=str(tmp_path / "data"),
    )  # fmt: skip
    assert time.monotonic() - began < 30
    assert result.returncode == 1
    said = [line for line in result.stdout.splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert "PhysionetMI" in said[0]
    assert "S001R04.edf" in said[0]
    assert str(tmp_path / "data") in said[0]
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["acm", "--set", "modle.order=3"], "unknown key 'modle', did you mean 'model'?"),
        (["acm", "--set", "model.ordr=3"], "unknown key 'model.ordr', did you mean 'model.order'?"),
        (["acn"], "unknown pipeline 'acn', did you mean 'acm'?"),
        (["acm", "smok"], "unknown experiment of acm 'smok', did you mean 'smoke'?"),
        (["acm", "--set", "data.dataset=PhysionetM"], "did you mean 'PhysionetMI'?"),
        (["acm", "--force", "trian"], "unknown rule 'trian', did you mean 'train'?"),
        (["acm", "--set", "decoders=[ACM+TS+SVN]"], "did you mean 'ACM+TS+SVM'?"),
        (["acm", "--set", "model.order=0"], "key 'model.order'"),
        (["acm", "--set", "data.subjects=[12]"], "unknown subject of simulated-motor-imagery '12'"),
        (["acm", "none.yaml"], "file not found"),
    ],
)
def test_a_misspelt_request_is_answered_with_the_nearest_name(command, arguments, answer):
    result = command("run", *arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("error: ")
    assert answer in result.stderr


@pytest.mark.fault(25, "acm")
def test_a_yaml_tag_that_would_run_code_is_refused(tmp_path, command):
    path = tmp_path / "evil.yaml"
    path.write_text("description: !!python/object/apply:os.system ['touch owned']\n")
    result = command("run", "acm", path)
    assert result.returncode == 2
    assert "not plain YAML" in result.stderr
    assert not (REPOSITORY / "owned").exists()


@pytest.mark.fault(25, "acm")
def test_markup_in_a_name_reaches_neither_terminal_nor_report(tmp_path, command):
    hostile = "<script>alert(1)</script> [/red] [bold]x"
    result = command(
        "run", "acm", "smoke", "--out", tmp_path / "run",
        "--set", f"description='{hostile}'", "--set", "data.subjects=['01']",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[/red] [bold]x" in result.stdout
    page = (tmp_path / "run" / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


def test_an_unwritable_place_is_one_line(tmp_path, command):
    (tmp_path / "file").write_text("")
    result = command("run", "acm", "smoke", "--out", tmp_path / "file" / "run")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("error: ")
