"""Rows 6, 8, 10, 25, 26 and 27 of the fault list: one clear line, nothing lost."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from neurodecode.datasets import Card, find_card, no_network, unpack
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault, NetworkFault

# Row 8: truncated FIF or EDF


def test_a_whole_edf_and_fif_pass(tmp_path, edf_bytes, fif_bytes):
    for name, content in (("a.edf", edf_bytes()), ("a_raw.fif", fif_bytes())):
        (tmp_path / name).write_bytes(content)
        sniff(tmp_path / name)


def test_a_truncated_edf_names_both_sizes(tmp_path, edf_bytes):
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes()[:-7])
    whole = len(edf_bytes())
    with pytest.raises(DataFault, match=rf"{whole - 7} bytes, expected {whole} .*fetch again"):
        sniff(path)


def test_a_bdf_has_three_bytes_a_sample(tmp_path, edf_bytes):
    header, samples = edf_bytes()[8:768], bytes(3 * 10 * 2 * 3)
    (tmp_path / "a.bdf").write_bytes(b"\xffBIOSEMI" + header + samples)
    sniff(tmp_path / "a.bdf")
    (tmp_path / "a.bdf").write_bytes(b"\xffBIOSEMI" + header + samples[:-1])
    with pytest.raises(DataFault, match="truncated"):
        sniff(tmp_path / "a.bdf")


def test_an_edf_cut_within_its_header_is_refused(tmp_path, edf_bytes):
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes()[:300])
    with pytest.raises(DataFault, match="EDF header"):
        sniff(path)


def test_an_edf_of_unknown_length_must_end_with_a_whole_record(tmp_path, edf_bytes):
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes(3, declared=-1))
    sniff(path)
    path.write_bytes(edf_bytes(3, declared=-1)[:-1])
    with pytest.raises(DataFault, match=f"expected {len(edf_bytes(3))}"):
        sniff(path)


@pytest.mark.parametrize("cut", [1, 16, 17, 60, 300])
def test_a_truncated_fif_is_found_wherever_it_breaks(tmp_path, fif_bytes, cut):
    path = tmp_path / "a_raw.fif"
    path.write_bytes(fif_bytes()[:-cut])
    with pytest.raises(DataFault, match=r"truncated: \d+ bytes, expected at least \d+"):
        sniff(path)


@pytest.mark.realdata
def test_real_recordings_pass_and_their_halves_do_not(realdata, tmp_path):
    found = [next(realdata.rglob("S001R04.edf")), next(realdata.rglob("*_raw.fif"))]
    for path in found:
        sniff(path)
        half = tmp_path / path.name
        half.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(DataFault, match="truncated"):
            sniff(half)


# Row 10: an HTML error page saved as data


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html>\n<html>",
        b"\n\n  <HTML><body>404",
        b"\xef\xbb\xbf<html>",
        b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    ],
)
@pytest.mark.parametrize("name", ["a.edf", "a.fif", "a.nii.gz", "a.mat", "a.npz", "a.tsv", "a.set"])
def test_an_error_page_is_not_data(tmp_path, name, page):
    (tmp_path / name).write_bytes(page)
    with pytest.raises(DataFault, match="error page, not data"):
        sniff(tmp_path / name)


def test_a_web_page_may_be_called_one(tmp_path):
    (tmp_path / "report.html").write_text("<html></html>")
    sniff(tmp_path / "report.html")


@pytest.mark.parametrize("name", ["a.edf", "a.fif", "a.gz", "a.nii.gz", "a.mat", "a.zip", "a.npz"])
def test_another_kind_of_file_is_not_data(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xff\xff\xffRIFF and something else entirely")
    with pytest.raises(DataFault, match="it starts with"):
        sniff(tmp_path / name)


def test_true_kinds_pass(tmp_path):
    import numpy as np
    from scipy.io import savemat

    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    np.save(tmp_path / "a.npy", np.zeros(3))
    for version in ("4", "5"):
        savemat(tmp_path / f"v{version}.mat", {"x": np.zeros(3)}, format=version)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(400)))
    for path in tmp_path.iterdir():
        sniff(path)


def test_a_truncated_zip_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", bytes(1000))
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(content[:-40])
    with pytest.raises(DataFault, match="truncated archive"):
        sniff(tmp_path / "a.zip")


# Row 25: hostile archives


def hostile_tar(path, name, **fields):
    with tarfile.open(path, "w:gz") as archive:
        good = tarfile.TarInfo("good.txt")
        good.size = 4
        archive.addfile(good, io.BytesIO(b"good"))
        member = tarfile.TarInfo(name)
        for key, value in fields.items():
            setattr(member, key, value)
        archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


@pytest.mark.parametrize(
    ("name", "fields", "why"),
    [
        ("../evil", {"size": 1}, "leaves the folder"),
        ("a/../../evil", {"size": 1}, "leaves the folder"),
        ("/etc/evil", {"size": 1}, "absolute path"),
        ("C:\\evil", {"size": 1}, "absolute path"),
        ("..\\evil", {"size": 1}, "leaves the folder"),
        ("link", {"type": tarfile.SYMTYPE, "linkname": "/etc"}, "link or a device"),
        ("hard", {"type": tarfile.LNKTYPE, "linkname": "good.txt"}, "link or a device"),
        ("device", {"type": tarfile.CHRTYPE}, "link or a device"),
        ("pipe", {"type": tarfile.FIFOTYPE}, "link or a device"),
    ],
)
def test_a_hostile_tar_is_refused_and_nothing_is_written(tmp_path, name, fields, why):
    archive = hostile_tar(tmp_path / "a.tar.gz", name, **fields)
    with pytest.raises(DataFault, match=f"refused.*{why}"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_a_zip_that_leaves_its_folder_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good.txt", "good")
        archive.writestr(name, "evil")
    with pytest.raises(DataFault, match="refused"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_zip_with_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataFault, match="link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(2_000_000))
    else:
        hostile_tar(path, "zeros", size=2_000_000)
    with pytest.raises(DataFault, match="the limit is 1000000"):
        unpack(path, tmp_path / "out", max_bytes=1_000_000)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_truncated_archive_is_one_line(tmp_path):
    archive = hostile_tar(tmp_path / "a.tar.gz", "more", size=100_000)
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(DataFault, match="cannot be unpacked"):
        unpack(archive, tmp_path / "out")


def test_a_good_archive_is_unpacked(tmp_path):
    archive = hostile_tar(tmp_path / "a.tar.gz", "in/good2.txt", size=5)
    assert unpack(archive, tmp_path / "out") == ["good.txt", "in/good2.txt"]
    assert (tmp_path / "out" / "in" / "good2.txt").read_text() == "xxxxx"


# Row 26: no network and data not present

CATALOG = [Path(__file__).parents[2] / "data" / "catalog"]


@pytest.mark.parametrize("name", ["PhysionetMI", "Kalunga2016", "BNCI2014_001"])
def test_absent_and_offline_is_told_at_once(tmp_path, monkeypatch, name):
    monkeypatch.setenv("NEURODECODE_OFFLINE", "1")
    card = find_card(name, CATALOG)
    first = Path(next(iter(card.expected("1")))).name
    started = time.perf_counter()
    with no_network() as tries, pytest.raises(NetworkFault) as caught:
        fetch(card, subjects=["1"], root=tmp_path)
    assert time.perf_counter() - started < 1
    assert tries == []
    for part in (name, first, str(tmp_path), "data import"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


# Row 27: half of a data set is missing


@pytest.fixture
def half(tmp_path, edf_bytes):
    spec = {"path": "toy/S{subject:02d}R{run}.edf", "runs": [1, 2]}
    card = Card(name="Toy", access="url", subjects=["1", "2"], files=[spec], url="http://x.invalid")
    (tmp_path / "toy").mkdir()
    for name in ("S01R1", "S01R2", "S02R1"):
        (tmp_path / "toy" / f"{name}.edf").write_bytes(edf_bytes())
    return card, tmp_path


def test_an_incomplete_data_set_is_an_error_that_names_the_files(half):
    card, root = half
    with pytest.raises(DataFault, match=r"1 of 4 files missing: toy/S02R2\.edf"):
        fetch(card, root=root, offline=True)


def test_accepted_gaps_are_reported_and_the_subject_left_out(half):
    card, root = half
    manifest = fetch(card, root=root, offline=True, allow_missing=True)
    assert manifest.missing == ("toy/S02R2.edf",)
    assert list(manifest.subjects) == ["1"]
    assert fetch(card, root=root, offline=True, allow_missing=True) == manifest


def test_accepted_gaps_are_an_error_again_without_the_flag(half):
    card, root = half
    fetch(card, root=root, offline=True, allow_missing=True)
    with pytest.raises(DataFault, match="1 of 4 files missing"):
        fetch(card, root=root, offline=True)


def test_a_partial_subject_stays_where_its_reader_can_do_with_it(half):
    card, root = half
    card = card.model_copy(update={"partial": True})
    manifest = fetch(card, root=root, offline=True, allow_missing=True)
    assert manifest.subjects["2"] == ("toy/S02R1.edf",)


def test_a_file_that_vanished_after_the_fetch_is_named(half):
    card, root = half
    fetch(card, subjects=["1"], root=root, offline=True)
    (root / "toy" / "S01R2.edf").unlink()
    with pytest.raises(DataFault, match=r"1 of 2 files .*S01R2\.edf: missing"):
        fetch(card, subjects=["1"], root=root, offline=True)


def test_a_second_subject_joins_the_manifest_of_the_first(half, edf_bytes):
    card, root = half
    (root / "toy" / "S02R2.edf").write_bytes(edf_bytes())
    fetch(card, subjects=["1"], root=root, offline=True)
    assert list(fetch(card, subjects=["2"], root=root, offline=True).subjects) == ["1", "2"]
