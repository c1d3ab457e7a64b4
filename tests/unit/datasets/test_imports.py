"""Importing lays out a user's own copy, whatever its folders look like."""

from __future__ import annotations

import pytest

from neurodecode.datasets import Card, find_card, import_dataset, read_manifest
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.imports import _records
from neurodecode.faults import ConfigFault, DataFault


def test_files_are_found_by_name_at_any_depth(card, tmp_path, edf_bytes):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("S01R1.edf", "deep/S01R2.edf"):
        (tmp_path / "in" / name).write_bytes(edf_bytes())
    manifest = import_dataset(card, tmp_path / "in", tmp_path / "root")
    assert manifest.subjects == {"1": ("toy/S01R1.edf", "toy/S01R2.edf")}
    assert read_manifest("Toy", tmp_path / "root") == manifest
    assert fetch(card, subjects=["1"], root=tmp_path / "root", offline=True) == manifest


def test_a_second_import_keeps_the_subjects_of_the_first(card, tmp_path, edf_bytes):
    for subject in (1, 2):
        folder = tmp_path / f"copy{subject}"
        folder.mkdir()
        for run in (1, 2):
            (folder / f"S0{subject}R{run}.edf").write_bytes(edf_bytes())
        manifest = import_dataset(card, folder, tmp_path / "root")
    assert list(manifest.subjects) == ["1", "2"]


def test_physionet_runs_are_found_in_any_layout(tmp_path, edf_bytes):
    card = find_card("PhysionetMI")
    # stand-in recordings have not the published contents
    files = tuple(spec.model_copy(update={"checksums": None}) for spec in card.files)
    card = card.model_copy(update={"files": files})
    for run in (1, 2, 4, 6, 8, 10, 12, 14):
        folder = tmp_path / "in" / f"run{run}"
        folder.mkdir(parents=True)
        (folder / f"s002r{run:02d}.EDF").write_bytes(edf_bytes())
    manifest = import_dataset(card, tmp_path / "in", tmp_path / "root")
    assert sorted(manifest.subjects["2"]) == sorted(card.expected("2"))


def test_a_folder_of_something_else_is_told(card, tmp_path):
    with pytest.raises(DataFault, match=r"no file of Toy.*S01R1\.edf"):
        import_dataset(card, tmp_path, tmp_path / "root")


def test_a_broken_file_is_not_imported(card, tmp_path, edf_bytes):
    for name in ("S01R1.edf", "S01R2.edf"):
        (tmp_path / name).write_bytes(edf_bytes()[:-3])
    with pytest.raises(DataFault, match="truncated"):
        import_dataset(card, tmp_path, tmp_path / "root")


def test_an_unknown_importer_gets_the_nearest(card, tmp_path):
    card = card.model_copy(update={"importer": "kalunga"})
    with pytest.raises(ConfigFault, match="did you mean 'kalunga2016'"):
        import_dataset(card, tmp_path, tmp_path / "root")


def test_kalunga_numbers_do_not_depend_on_the_duplicate_being_there(tmp_path):
    dates = ["2012.07.18-09.21.13", "2012.07.18-09.15.30"]
    for date in dates:
        (tmp_path / f"record-[{date}]_raw.fif").touch()
    without = _records(tmp_path, "7")
    (tmp_path / "record-[2012.07.11-15.33.08]_raw.fif").touch()
    assert _records(tmp_path, "7") == without
    assert [path and path.name[8:27] for path in without] == [None, dates[1], dates[0]]


def test_sessions_the_authors_exclude_are_skipped(tmp_path):
    (tmp_path / "record-[2013.04.06-16.22.32]_raw.fif").touch()
    assert _records(tmp_path, "8") == []
    assert len(_records(tmp_path, "9")) == 1


def test_a_simulated_data_set_is_made_by_its_simulator(tmp_path, monkeypatch):
    def make(folder, **options):
        (folder / "a.txt").write_text(str(options))
        return ["a.txt"]

    monkeypatch.setattr("neurodecode.datasets.fetch.SIMULATORS", {"toy": make})
    card = Card(name="sim", access="simulated", source="toy", options={"n": 1, "seed": 0})
    manifest = fetch(card, root=tmp_path, options={"seed": 3})
    assert list(manifest.files) == ["sim/a.txt"]
    assert (tmp_path / "sim" / "a.txt").read_text() == "{'n': 1, 'seed': 3}"
