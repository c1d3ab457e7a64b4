"""Data sets from the command line: imported, verified, run offline."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def imported(realdata, tmp_path_factory, command):
    """Return a data root with PhysioNet subject 1 and Kalunga2016 subject 1 imported."""
    root = tmp_path_factory.mktemp("root")
    source = tmp_path_factory.mktemp("source")
    for folder, subject in (("eegmmidb_S001", ""), ("ssvep_exoskeleton", "subject01")):
        target = source / folder / subject
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(realdata / folder / subject)
    for name, folder in (("PhysionetMI", "eegmmidb_S001"), ("Kalunga2016", "ssvep_exoskeleton")):
        result = command("data", "import", name, source / folder, NEURODECODE_DATA=str(root))
        assert result.returncode == 0, result.stdout + result.stderr
    return root


def test_an_imported_data_set_is_listed_as_here(imported, command):
    result = command("data", "list", NEURODECODE_DATA=str(imported))
    (line,) = (x for x in result.stdout.splitlines() if x.startswith("PhysionetMI"))
    assert " yes " in line


def test_a_changed_byte_is_found_by_verify(imported, command):
    assert command("data", "verify", "PhysionetMI", NEURODECODE_DATA=str(imported)).returncode == 0
    path = next(imported.rglob("S001R14.edf"))
    original = path.read_bytes()
    path.unlink()  # it may be a hard link to the source
    path.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    try:
        result = command("data", "verify", "PhysionetMI", NEURODECODE_DATA=str(imported))
    finally:
        path.write_bytes(original)
    assert result.returncode == 1
    assert "S001R14.edf" in result.stdout
    assert "SHA-256 differs" in result.stdout


def test_fetching_what_is_here_needs_no_network(imported, command):
    result = command(
        "data", "fetch", "physionetmi", "-s", "1",
        NEURODECODE_DATA=str(imported), NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_real_motor_imagery_is_decoded_above_chance(imported, command, tmp_path):
    result = command(
        "run", "acm", "physionet_hands_feet", "--out", tmp_path / "run",
        "--set", "data.subjects=[1]", "--set", "decoders=[ACM+TS+SVM, TS+SVM, CSP+LDA]",
        NEURODECODE_DATA=str(imported), NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    rows = json.loads((tmp_path / "run" / "report.json").read_text())["metrics"]
    group = {row["model"]: row for row in rows if row["level"] == "group"}
    for row in group.values():
        assert row["ci_low"] > row["chance"]
        assert row["p_value"] < 0.01


def test_a_truncated_recording_is_told_with_both_sizes(imported, command, tmp_path):
    path = next(imported.rglob("S001R10.edf"))
    original = path.read_bytes()
    path.unlink()
    path.write_bytes(original[:100_000])
    (imported / "PhysionetMI" / "manifest.json").rename(tmp_path / "manifest.json")
    try:
        result = command(
            "run", "acm", "physionet", "--out", tmp_path / "run", "--set", "data.subjects=[1]",
            NEURODECODE_DATA=str(imported), NEURODECODE_OFFLINE="1",
        )  # fmt: skip
    finally:
        path.write_bytes(original)
        (tmp_path / "manifest.json").rename(imported / "PhysionetMI" / "manifest.json")
    assert result.returncode == 1
    (line,) = (x for x in result.stdout.splitlines() if x.startswith("error:"))
    assert "S001R10.edf" in line
    assert "100000" in line.replace(",", "").replace("_", "")
