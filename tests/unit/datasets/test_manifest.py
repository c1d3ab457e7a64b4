"""A manifest tells what is here, and finds what changed."""

from __future__ import annotations

import pytest

from neurodecode.datasets import (
    build_manifest,
    read_manifest,
    same_bytes,
    verify,
    verify_text,
    write_manifest,
)
from neurodecode.faults import DataFault


@pytest.fixture
def held(tmp_path, edf_bytes):
    for name in ("a.edf", "b.edf"):
        (tmp_path / name).write_bytes(edf_bytes())
    manifest = build_manifest("Toy", tmp_path, {"1": ["a.edf"], "2": ["b.edf"]}, source="test")
    return manifest, tmp_path


def test_a_manifest_survives_its_file(held):
    manifest, root = held
    assert write_manifest(manifest, root) == root / "Toy" / "manifest.json"
    assert read_manifest("Toy", root) == manifest


def test_untouched_files_have_no_problem(held):
    assert verify(*held) == []


def test_a_missing_file_is_named(held):
    manifest, root = held
    (root / "a.edf").unlink()
    assert verify(manifest, root) == ["a.edf: missing"]


def test_a_flipped_bit_is_found_by_checksum_but_not_by_size(held):
    manifest, root = held
    content = bytearray((root / "b.edf").read_bytes())
    content[-1] ^= 1
    (root / "b.edf").write_bytes(content)
    assert verify(manifest, root, checksums=False) == []
    assert verify(manifest, root) == ["b.edf: SHA-256 differs from the manifest"]


def test_a_longer_file_is_found_by_its_size(held, edf_bytes):
    manifest, root = held
    (root / "b.edf").write_bytes(edf_bytes() + b"xx")
    assert "manifest says" in verify(manifest, root, checksums=False)[0]


def test_the_text_names_problems_and_accepted_gaps(held):
    manifest = held[0].model_copy(update={"missing": ("c.edf",)})
    assert "all files as fetched" in verify_text(manifest, [])
    text = verify_text(manifest, ["a.edf: missing"])
    assert "problem: a.edf: missing" in text
    assert "missing (accepted): c.edf" in text


def test_files_of_equal_contents_are_told_since_they_leak(held, edf_bytes):
    manifest, root = held
    assert same_bytes(manifest) == [("a.edf", "b.edf")]
    assert "same bytes: a.edf = b.edf" in verify_text(manifest, [])
    (root / "b.edf").write_bytes(edf_bytes(5))
    assert same_bytes(build_manifest("Toy", root, ["a.edf", "b.edf"], source="test")) == []


def test_a_file_unlike_its_published_checksum_gets_no_manifest(held):
    _, root = held
    with pytest.raises(DataFault, match="published 0000"):
        build_manifest("Toy", root, ["a.edf"], source="test", expected={"a.edf": "0" * 64})


def test_no_manifest_says_how_to_fetch(tmp_path):
    with pytest.raises(DataFault, match="neurodecode data fetch Toy"):
        read_manifest("Toy", tmp_path)
