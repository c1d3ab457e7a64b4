"""A download is whole, checked, resumed, or absent."""

from __future__ import annotations

import hashlib

import pytest

from neurodecode.datasets import Card, fetch_url, no_network
from neurodecode.datasets.fetch import fetch
from neurodecode.faults import DataFault, NetworkFault

QUICK = {"pause": 0.01, "progress": False}


@pytest.fixture(scope="module")
def body(edf_bytes):
    return edf_bytes(n_records=20000)


@pytest.fixture(scope="module")
def sha(body):
    return hashlib.sha256(body).hexdigest()


def test_a_file_arrives_under_its_name_only(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    path = fetch_url(f"{site.base}/a.edf", tmp_path / "sub" / "a.edf", sha256=sha, **QUICK)
    assert path.read_bytes() == body
    assert [entry.name for entry in path.parent.iterdir()] == ["a.edf"]


def test_a_present_file_is_not_asked_for_again(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    for _ in range(2):
        fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256=sha, **QUICK)
    assert len(site.ranges) == 1


def test_a_broken_transfer_goes_on_where_it_stopped(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    site.cut[:] = [300_000]
    path = fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256=sha, **QUICK)
    assert path.read_bytes() == body
    assert site.ranges[0] is None
    assert site.ranges[1] is not None
    assert 0 < int(site.ranges[1][len("bytes=") : -1]) <= 300_000


def test_the_next_call_continues_what_the_last_one_lost(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    site.cut[:] = [200_000]
    with pytest.raises(NetworkFault, match="continues where it stopped"):
        fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", attempts=1, **QUICK)
    assert not (tmp_path / "a.edf").exists()
    path = fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256=sha, **QUICK)
    assert path.read_bytes() == body
    assert site.ranges[-1] is not None


def test_a_partial_file_longer_than_the_source_starts_over(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    (tmp_path / ".a.edf.partial").write_bytes(body + b"more")
    path = fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256=sha, **QUICK)
    assert path.read_bytes() == body


def test_a_server_without_ranges_sends_it_all_again(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    site.plain = True
    (tmp_path / ".a.edf.partial").write_bytes(body[:5000])
    path = fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256=sha, **QUICK)
    assert path.read_bytes() == body
    assert site.ranges == ["bytes=5000-"]


def test_no_answer_is_told_before_any_transfer(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_OFFLINE", "1")
    with pytest.raises(NetworkFault, match=r"toy\.invalid does not answer"):
        fetch_url("https://toy.invalid/a.edf", tmp_path / "a.edf")


def test_a_whole_partial_file_is_taken_as_it_is(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    (tmp_path / ".a.edf.partial").write_bytes(body)
    path = fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256=sha, **QUICK)
    assert path.read_bytes() == body


def test_a_wrong_checksum_leaves_nothing_behind(site, tmp_path, body, sha):
    site.files["/a.edf"] = body
    with pytest.raises(DataFault, match=f"SHA-256 {sha[:12]}..., expected 000000000000"):
        fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", sha256="0" * 64, **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_an_error_page_with_status_200_is_not_data(site, tmp_path):
    site.files["/a.edf"] = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    with pytest.raises(DataFault, match="error page, not data"):
        fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_file_is_refused_before_it_gets_its_name(site, tmp_path):
    site.files["/a.edf"] = b"PK\x03\x04" + bytes(600)
    with pytest.raises(DataFault, match=r"not a \.edf file"):
        fetch_url(f"{site.base}/a.edf", tmp_path / "a.edf", **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_404_is_told_at_once(site, tmp_path):
    with pytest.raises(NetworkFault, match="404"):
        fetch_url(f"{site.base}/gone.edf", tmp_path / "gone.edf", **QUICK)
    assert len(site.ranges) == 1


def test_only_web_addresses_are_fetched(tmp_path):
    with pytest.raises(DataFault, match="only http and https"):
        fetch_url("file:///etc/passwd", tmp_path / "x")


def test_a_card_with_addresses_is_fetched_then_left_alone(site, tmp_path, body, sha):
    site.files["/S01.edf"] = body
    spec = {"path": "toy/S{subject:02d}.edf", "url": site.base + "/S{subject:02d}.edf"}
    spec["sha256"] = {"S01.edf": sha}
    card = Card(name="Toy", access="url", subjects=["1"], files=[spec])
    manifest = fetch(card, root=tmp_path)
    assert manifest.files["toy/S01.edf"].sha256 == sha
    with no_network() as tries:
        assert fetch(card, root=tmp_path, offline=True) == manifest
    assert (len(site.ranges), tries) == (1, [])


def test_an_archive_is_unpacked_and_its_files_are_in_the_manifest(site, tmp_path, body):
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("in/a.edf", body)
    site.files["/all.zip"] = buffer.getvalue()
    spec = {"path": "toy/all.zip", "url": site.base + "/all.zip", "unpack_to": "toy/files"}
    manifest = fetch(Card(name="Toy", access="url", files=[spec]), root=tmp_path)
    assert set(manifest.files) == {"toy/all.zip", "toy/files/in/a.edf"}
