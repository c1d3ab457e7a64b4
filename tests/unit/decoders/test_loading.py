"""A decoder's folder is either whole and of a known kind, or refused."""

from __future__ import annotations

import json
import shutil

import pytest

import neurodecode
import neurodecode.decoder_folder
from neurodecode.artefacts import read_json, write_json
from neurodecode.contrastive.image.decoder import ImageDecoder
from neurodecode.decoder_folder import describe_folder, open_folder
from neurodecode.faults import DataFault


@pytest.fixture
def folder(decoder_folder, tmp_path):
    """Return a copy that a test may spoil."""
    return shutil.copytree(decoder_folder, tmp_path / "decoder")


def test_load_decoder_is_at_hand_in_the_package(decoder_folder):
    decoder = neurodecode.load_decoder(str(decoder_folder))
    assert isinstance(decoder, ImageDecoder)
    assert decoder.participants == ("01", "02")
    assert decoder.channels == ("Fz", "C3", "Cz", "C4", "Pz", "Oz")


def test_the_folder_says_with_what_it_was_written(decoder_folder):
    sealed = open_folder(decoder_folder)
    assert sealed.versions["neurodecode"] == neurodecode.__version__
    assert {"python", "numpy"} <= set(sealed.versions)
    assert set(sealed.files) == {
        path.name for path in decoder_folder.iterdir() if path.name != "decoder.json"
    }


def test_every_file_is_checked_once_when_a_decoder_is_loaded(decoder_folder, monkeypatch):
    checked, real = [], neurodecode.decoder_folder.sha256_file
    monkeypatch.setattr(
        neurodecode.decoder_folder, "sha256_file", lambda p: checked.append(p.name) or real(p)
    )
    neurodecode.load_decoder(decoder_folder)
    assert sorted(checked) == sorted(describe_folder(decoder_folder).files)


def test_a_model_card_may_be_edited(folder):
    (folder / "README.md").write_text("ours")
    neurodecode.load_decoder(folder)


def test_a_folder_of_a_later_format_is_refused(folder):
    content = read_json(folder / "decoder.json")
    write_json(folder / "decoder.json", {**content, "format": 99})
    with pytest.raises(DataFault, match=r"format 99, this program reads up to 1"):
        neurodecode.load_decoder(folder)


@pytest.mark.parametrize("name", ["../outside.json", "/etc/passwd", "..", "sub/file.json"])
def test_a_file_outside_the_folder_is_not_even_read(folder, name):
    content = read_json(folder / "decoder.json")
    content["files"][name] = "0" * 64
    write_json(folder / "decoder.json", content)
    with pytest.raises(DataFault, match="lies outside the folder"):
        neurodecode.load_decoder(folder)


@pytest.mark.parametrize("text", ["[]", "{}", "nonsense", '{"kind": "image"}'])
def test_a_description_of_another_form_is_refused(folder, text):
    (folder / "decoder.json").write_text(text)
    with pytest.raises(DataFault, match=r"not (the description of a decoder|a whole JSON file)"):
        neurodecode.load_decoder(folder)


def test_loading_needs_no_file_of_the_run(folder):
    names = json.loads((folder / "candidates.json").read_text())["names"]
    decoder = neurodecode.load_decoder(folder)
    assert decoder.candidates.names == names
