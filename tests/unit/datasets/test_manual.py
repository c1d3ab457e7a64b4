"""Data sets that the user brings: one line says what, where, from where and on which terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodecode.config import validate
from neurodecode.datasets import Card, import_dataset, load_cards, read_manifest
from neurodecode.datasets.fetch import fetch
from neurodecode.faults import ConfigFault, NetworkFault

CARDS = load_cards(Path(__file__).parents[3] / "data" / "catalog")
MANUAL = [name for name, card in CARDS.items() if card.access == "manual"]


@pytest.fixture
def toy():
    return Card(
        name="Toy",
        access="manual",
        subjects=["A1", "A2"],
        url="https://toy.invalid/",
        terms="Sign the agreement.",
        files=[{"path": "Toy/sub-{subject}/*.con"}, {"path": "Toy/audio/*.wav"}],
    )


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"RIFF" + bytes(64))


def test_absent_files_are_named_with_folder_source_and_terms(toy, tmp_path):
    with pytest.raises(NetworkFault) as caught:
        fetch(toy, root=tmp_path)
    text = str(caught.value)
    assert "it lacks audio/*.wav, sub-A1/*.con, sub-A2/*.con" in text
    assert f"[{tmp_path / 'Toy'}]" in text
    assert "get it from https://toy.invalid/ (Sign the agreement) and keep its folders" in text
    assert "\n" not in text


def test_files_that_are_there_get_a_manifest_by_subject(toy, tmp_path):
    put(tmp_path, "Toy/sub-A1/x.con", "Toy/sub-A2/a.con", "Toy/sub-A2/b.con", "Toy/audio/1.wav")
    manifest = fetch(toy, root=tmp_path)
    assert manifest.subjects["A2"] == ("Toy/audio/1.wav", "Toy/sub-A2/a.con", "Toy/sub-A2/b.con")
    assert len(manifest.files) == 4
    assert read_manifest("Toy", tmp_path) == manifest
    assert fetch(toy, root=tmp_path) == manifest


def test_one_subject_needs_no_file_of_another(toy, tmp_path):
    put(tmp_path, "Toy/sub-A1/x.con", "Toy/audio/1.wav")
    assert set(fetch(toy, subjects=["A1"], root=tmp_path).subjects) == {"A1"}
    with pytest.raises(NetworkFault, match=r"lacks sub-A2/\*\.con \["):
        fetch(toy, root=tmp_path)
    held = fetch(toy, root=tmp_path, allow_missing=True)
    assert held.missing == ("Toy/sub-A2/*.con",)
    assert set(held.subjects) == {"A1"}


def test_import_says_that_the_folder_is_kept(toy, tmp_path):
    with pytest.raises(ConfigFault, match=r"link or move the folder to .*Toy, then fetch"):
        import_dataset(toy, tmp_path, tmp_path)


def test_patterns_belong_to_manual_cards_below_their_own_folder():
    files = [{"path": "Other/*.con"}]
    with pytest.raises(ConfigFault, match="needs files below Toy/"):
        validate(Card, {"name": "Toy", "access": "manual", "files": files})
    with pytest.raises(ConfigFault, match="only access 'manual' has patterns"):
        validate(Card, {"name": "Other", "access": "url", "files": files})


REPOSITORY_ONLY = ("IXI-freesurfer", "V1AL", "hippocampus-nelpy", "muse-n170", "visnav")
"""Published without a DOI of their own."""
SEVERAL_RATES = ("FACED",)


SUBJECTS_IN_ITS_TABLE = ("ADHD200-athena",)


@pytest.mark.parametrize("name", MANUAL)
def test_every_manual_card_is_complete(name, tmp_path):
    card = CARDS[name]
    assert all((card.citation, card.url))
    assert card.subjects or card.paradigm == "morphometry" or name in SUBJECTS_IN_ITS_TABLE
    if card.modality in ("eeg", "meg"):  # voxels differ between people
        assert card.channels
        assert card.sfreq or name in SEVERAL_RATES
    assert card.doi or name in REPOSITORY_ONLY
    assert card.notes
    with pytest.raises(NetworkFault, match=f"{name} has to be put here by hand"):
        fetch(card, subjects=card.subjects[:1], root=tmp_path)


def test_participants_of_the_published_speech_decoder():
    numbers = [int(label[1:]) for label in CARDS["Schoffelen2019"].subjects]
    assert len(numbers) == 96
    assert (numbers[0], numbers[-1]) == (2002, 2125)
    assert not {2011, 2036, 2062, 2063, 2076, 2084} & set(numbers)
    assert len(CARDS["Gwilliams2022"].subjects) == 27
    assert len(CARDS["Broderick2019"].subjects) == 19


def test_every_viewing_card_has_a_loader_and_the_reverse():
    from neurodecode.datasets.viewing import VIEWING

    cards = {name for name, card in CARDS.items() if card.paradigm == "viewing"}
    assert cards | {"local"} == set(VIEWING)


def test_every_responses_card_has_a_loader_and_the_reverse():
    from neurodecode.datasets.responses import RESPONSES

    cards = {name for name, card in CARDS.items() if card.paradigm == "responses"}
    assert cards | {"local"} == set(RESPONSES)


def test_every_resting_card_has_a_loader_and_the_reverse():
    from neurodecode.datasets.resting import RESTING

    cards = {name for name, card in CARDS.items() if card.paradigm == "rest"}
    assert cards | {"local", "dev-movie"} == set(RESTING)


def test_a_card_without_subjects_stands_for_everybody(tmp_path):
    files = [{"path": "Toy/**/*_{subject}.nii"}, {"path": "Toy/people.tsv"}]
    card = validate(Card, {"name": "Toy", "access": "manual", "files": files})
    with pytest.raises(NetworkFault, match=r"it lacks \*\*/\*_\.nii, people\.tsv"):
        fetch(card, root=tmp_path)
    put(tmp_path, "Toy/people.tsv", "Toy/a/rest_7.nii", "Toy/a/rest_.nii")
    assert fetch(card, subjects=["7"], root=tmp_path).subjects == {
        "7": ("Toy/a/rest_7.nii", "Toy/people.tsv")
    }
    assert set(fetch(card, root=tmp_path).files) >= {"Toy/people.tsv"}


def test_one_of_several_patterns_is_enough(tmp_path):
    files = [{"path": "Toy/{subject}.tar | Toy/{subject}/*.npy"}]
    card = validate(
        Card, {"name": "Toy", "access": "manual", "subjects": ["1", "2"], "files": files}
    )
    (tmp_path / "Toy" / "2").mkdir(parents=True)
    (tmp_path / "Toy" / "1.tar").touch()
    (tmp_path / "Toy" / "2" / "a.npy").write_bytes(b"\x93NUMPY")
    manifest = fetch(card, root=tmp_path)
    assert manifest.subjects == {"1": ("Toy/1.tar",), "2": ("Toy/2/a.npy",)}
    with pytest.raises(ConfigFault, match="needs files below Toy/"):
        validate(Card, {"name": "Toy", "access": "manual", "files": [{"path": "Toy/a | Other/b"}]})


def test_a_card_reads_well():
    from neurodecode.workflow.tables import console, show_card

    with console.capture() as captured:
        show_card("Schoffelen2019")
    text = " ".join(captured.get().split())
    assert "A2002 to A2125 (96)" in text
    assert "Schoffelen2019/stimuli/stimuli.txt" in text
    assert "- Forced alignments are not in the public release" in text
