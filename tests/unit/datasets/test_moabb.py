"""MOABB data sets come from our root, quietly, without touching the user's configuration."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from neurodecode.datasets import find_card, import_dataset, moabb_dataset, no_network, use_root
from neurodecode.datasets.fetch import fetch
from neurodecode.faults import ConfigFault, DataFault, NetworkFault

CATALOG = [Path(__file__).parents[3] / "data" / "catalog"]


@pytest.fixture(scope="module")
def kalunga(realdata, tmp_path_factory):
    """Return card, data root and manifest of subjects 1 and 7, laid out from the repository."""
    folder, root = tmp_path_factory.mktemp("ssvep"), tmp_path_factory.mktemp("root")
    for subject in ("subject01", "subject07"):
        shutil.copytree(realdata / "ssvep_exoskeleton" / subject, folder / subject)
    card = find_card("Kalunga2016", CATALOG)
    return card, root, import_dataset(card, folder, root)


@pytest.fixture(scope="module")
def physionet(realdata, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    card = find_card("PhysionetMI", CATALOG)
    return card, root, import_dataset(card, realdata / "eegmmidb_S001", root)


@pytest.mark.realdata
def test_imported_physionet_runs_have_their_published_checksums(physionet):
    card, _, manifest = physionet
    assert len(manifest.files) == 14
    assert all(e.sha256 == card.checksum(name) for name, e in manifest.files.items())
    assert manifest.missing == ()


@pytest.mark.realdata
# MOABB 1.7.2 asks MNE for a montage by its older name.
@pytest.mark.filterwarnings("ignore:Montage name 'standard_1005' is deprecated:FutureWarning")
def test_moabb_reads_the_imported_physionet_subject(physionet):
    from moabb.paradigms import LeftRightImagery

    card, root, _ = physionet
    with no_network() as tries:
        fetch(card, subjects=["1"], root=root)
        dataset = moabb_dataset(card, ["1"], root)
        x, labels, meta = LeftRightImagery(fmin=8, fmax=30).get_data(dataset, [1])
    assert tries == []
    assert x.shape[:2] == (45, 64)
    assert sorted(np.unique(labels, return_counts=True)[1]) == [22, 23]
    assert meta["run"].nunique() == 3


@pytest.mark.realdata
def test_moabb_reads_the_imported_ssvep_subject(kalunga):
    from moabb.paradigms import SSVEP

    card, root, _ = kalunga
    with no_network() as tries:
        dataset = moabb_dataset(card, ["1"], root)
        x, labels, meta = SSVEP(fmin=10, fmax=25).get_data(dataset, [1])
    assert tries == []
    assert x.shape[:2] == (64, 8)
    assert dict(zip(*np.unique(labels, return_counts=True), strict=True)) == dict.fromkeys(
        ["13", "17", "21", "rest"], 16
    )
    assert meta["run"].nunique() == 2


@pytest.mark.realdata
def test_a_subject_short_of_runs_is_read_from_those_it_has(kalunga):
    card, root, manifest = kalunga
    assert [Path(name).name for name in manifest.missing] == ["subject07_run1_raw.fif"]
    with pytest.raises(DataFault, match=r"1 of 3 files missing: .*subject07_run1"):
        moabb_dataset(card, ["7"], root)
    with no_network() as tries:
        dataset = moabb_dataset(card, ["7"], root, allow_missing=True)
        runs = dataset.get_data([7])[7]["0"]
    assert tries == []
    assert len(runs) == 2


@pytest.mark.realdata
def test_half_of_physionet_is_an_error_and_the_subject_unusable(physionet, tmp_path):
    card, root, _ = physionet
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    next(tmp_path.rglob("S001R08.edf")).unlink()
    (tmp_path / card.name / "manifest.json").unlink()
    for allow in (False, True):
        with pytest.raises(DataFault, match=r"1 of 8 files missing: .*S001R08\.edf"):
            fetch(card, subjects=["1"], root=tmp_path, offline=True, allow_missing=allow)


def test_the_users_mne_configuration_is_neither_written_nor_followed(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / ".mne").mkdir(parents=True)
    config = home / ".mne" / "mne-python.json"
    config.write_text('{"MNE_DATASETS_EEGBCI_PATH": "/elsewhere"}')
    monkeypatch.setenv("_MNE_FAKE_HOME_DIR", str(home))
    monkeypatch.setenv("MNE_DATASETS_EEGBCI_PATH", "undone afterwards")
    monkeypatch.delenv("MNE_DATASETS_EEGBCI_PATH")
    use_root(tmp_path / "root")
    from moabb.datasets.download import get_dataset_path
    from moabb.utils import get_download_provider

    assert get_dataset_path("EEGBCI", None) == tmp_path / "root"
    assert get_download_provider() == "upstream"
    assert config.read_text() == '{"MNE_DATASETS_EEGBCI_PATH": "/elsewhere"}'


def test_a_data_set_without_listed_files_is_absent_at_once(tmp_path):
    card = find_card("Zhou2016", CATALOG)
    started = time.perf_counter()
    with no_network(), pytest.raises(NetworkFault, match=r"Zhou2016 is not here.*subjects 1"):
        fetch(card, subjects=["1"], root=tmp_path, offline=True)
    assert time.perf_counter() - started < 10


def test_terms_must_be_accepted_before_a_data_set_that_asks(tmp_path):
    card = find_card("Shin2017A", CATALOG)
    with pytest.raises(DataFault, match="accept its publisher's terms"):
        fetch(card, subjects=["1"], root=tmp_path, offline=True)


def test_moabb_downloads_what_is_absent_and_we_keep_its_checksums(tmp_path, monkeypatch, edf_bytes):
    """A stand-in for MOABB's own downloader writes the file it is asked for."""
    from moabb.datasets import download

    import neurodecode.datasets.moabb as room

    def write(url, known_hash, fname=None, path=None, **_):
        Path(path).mkdir(parents=True, exist_ok=True)
        Path(path, fname).write_bytes(edf_bytes(2))
        return str(Path(path, fname))

    monkeypatch.setattr(download, "retrieve", write)
    monkeypatch.setattr(room, "reachable", lambda card: True)
    card = find_card("PhysionetMI", CATALOG)
    # stand-in recordings have not the published contents
    files = tuple(spec.model_copy(update={"checksums": None}) for spec in card.files)
    card = card.model_copy(update={"files": files})
    manifest = fetch(card, subjects=["2"], root=tmp_path)
    assert sorted(manifest.subjects["2"]) == sorted(card.expected("2"))
    assert all(entry.size == len(edf_bytes(2)) for entry in manifest.files.values())


def test_an_error_page_from_a_downloader_is_found(tmp_path, monkeypatch):
    from moabb.datasets import download

    import neurodecode.datasets.moabb as room

    def write(url, known_hash, fname=None, path=None, **_):
        Path(path).mkdir(parents=True, exist_ok=True)
        Path(path, fname).write_bytes(b"<!DOCTYPE html><html>")
        return str(Path(path, fname))

    monkeypatch.setattr(download, "retrieve", write)
    monkeypatch.setattr(room, "reachable", lambda card: True)
    with pytest.raises(DataFault, match="error page, not data"):
        fetch(find_card("PhysionetMI", CATALOG), subjects=["2"], root=tmp_path)


@pytest.fixture
def unlisted(tmp_path, monkeypatch):
    """Return a card without listed files and a data root; its publisher does not answer."""
    import neurodecode.datasets.moabb as room

    monkeypatch.setattr(room, "reachable", lambda card: False)
    return find_card("AlexMI", CATALOG).model_copy(update={"files": ()}), tmp_path


def test_files_that_only_moabb_can_name_are_found_without_network(unlisted, fif_bytes):
    card, root = unlisted
    folder = root / "MNE-alexeeg-data" / "zenodo" / "806023"
    folder.mkdir(parents=True)
    (folder / "subject1.raw.fif").write_bytes(fif_bytes())
    with no_network() as tries:
        manifest = fetch(card, subjects=["1"], root=root)
    assert tries == []
    assert manifest.subjects == {"1": ("MNE-alexeeg-data/zenodo/806023/subject1.raw.fif",)}
    with pytest.raises(NetworkFault, match="needs subjects 2"):
        fetch(card, subjects=["1", "2"], root=root)


def test_a_download_that_fails_is_one_line(tmp_path, monkeypatch):
    from moabb.datasets import download

    import neurodecode.datasets.moabb as room

    def fail(*args, **kwargs):
        raise ConnectionError("reset\nby peer")

    monkeypatch.setattr(download, "retrieve", fail)
    monkeypatch.setattr(room, "reachable", lambda card: True)
    with pytest.raises(NetworkFault, match="could not be fetched: ConnectionError reset") as caught:
        fetch(find_card("PhysionetMI", CATALOG), subjects=["2"], root=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_class_that_this_moabb_lacks_gets_the_nearest(tmp_path):
    card = find_card("Zhou2016", CATALOG).model_copy(update={"source": "Zhou2015"})
    with pytest.raises(ConfigFault, match="did you mean 'Zhou2016'"):
        moabb_dataset(card, "all", tmp_path)
    assert "set, so that" not in os.environ["MNE_DATA"]
