"""Broderick 2019: runs as MATLAB files; what the user has to bring is named at once."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.io import savemat

from neurodecode.datasets.listening import LISTENING
from neurodecode.datasets.listening.audio import check_audio
from neurodecode.faults import DataFault
from neurodecode.signals import sensor_positions

read = LISTENING["Broderick2019"]
WORDS = ["He", "was", "an", "old", "man", "Everyone", "knew"]
TRANSCRIPT = "He was an old man. Everyone knew."


def gentle(words=WORDS, transcript=TRANSCRIPT):
    """Return an alignment as Gentle writes it; the word "an" was not found in the audio."""
    entries, place = [], 0
    for number, word in enumerate(words):
        place = transcript.index(word, place)
        entry = {"word": word, "startOffset": place, "endOffset": place + len(word)}
        place += len(word)
        if word == "an":
            entries.append({**entry, "case": "not-found-in-audio"})
            continue
        start = 0.5 + 0.4 * number
        times = {"start": start, "end": start + 0.3}
        phones = {"phones": [{"phone": "hh_B", "duration": 0.3}]}
        found = {"case": "success", "alignedWord": word.lower()}
        entries.append({**entry, **found, **times, **phones})
    return json.dumps({"transcript": transcript, "words": entries})


def write_run(root, run, seconds=6.0, channels=128, fs=128):
    folder = root / "Natural Speech" / "EEG" / "Subject3"
    folder.mkdir(parents=True, exist_ok=True)
    n = int(seconds * 128)
    signals = np.random.default_rng(run).standard_normal((n, channels)) * 20
    path = folder / f"Subject3_Run{run}.mat"
    savemat(path, {"eegData": signals, "fs": fs, "mastoids": np.zeros((n, 2))})
    return signals


@pytest.fixture
def speech(tmp_path, stories):
    """Write runs 1 and 2 of participant 3."""
    signals = [write_run(tmp_path, run) for run in (1, 2)]
    for run in (1, 2):
        stories["sine"](tmp_path / "stimuli" / f"audio{run}.wav", 5.0)
        (tmp_path / "stimuli" / f"align{run}.json").write_text(gentle())
    return tmp_path, signals


def test_words_are_those_of_the_alignment_and_begin_with_the_eeg(speech):
    root, _ = speech
    first, second = read(root, "3", runs=(1, 2))
    assert (first.subject, first.run, second.run) == ("3", "1", "2")
    assert first.story == ("audio1.wav",)
    words = first.words
    assert words["word"].tolist() == ["He", "was", "old", "man", "Everyone", "knew"]
    assert words["sentence_index"].tolist() == [0] * 4 + [1] * 2
    assert words["sentence"].nunique() == 2
    np.testing.assert_allclose(words["onset"], 0.5 + 0.4 * np.array([0, 1, 3, 4, 5, 6]))
    assert words["onset"].equals(words["sound_time"])
    assert check_audio(first) == {"audio1.wav": 5.0}
    assert first.notes == ()


def test_channels_are_the_128_of_the_montage_in_volts(speech):
    root, signals = speech
    raw = read(root, "3", runs=2)[0].raw
    assert (raw.ch_names[0], raw.ch_names[-1], len(raw.ch_names)) == ("A1", "D32", 128)
    np.testing.assert_allclose(raw.get_data(), signals[1].T * 1e-6)
    assert np.isfinite(sensor_positions(raw.info, raw.ch_names)).all()


def test_a_table_or_textgrid_may_replace_gentle(speech):
    root, _ = speech
    (root / "stimuli" / "align1.json").unlink()
    (root / "stimuli" / "align1.csv").write_text(
        "word,onset,duration,sentence\nHe,0.5,0.3,He ran\nran,0.9,0.3,He ran\n"
    )
    words = read(root, "3", runs=1)[0].words
    assert words["sentence"].tolist() == ["He ran", "He ran"]


def test_words_after_the_end_of_the_eeg_are_left_out_and_noted(speech):
    root, _ = speech
    write_run(root, 1, seconds=2.0)
    (recording,) = read(root, "3", runs=1)
    assert recording.words["word"].tolist() == ["He", "was", "old"]
    assert recording.notes == ("3 words lie outside the recording, left out",)


def test_what_the_user_has_to_bring_is_named_at_once(speech):
    root, _ = speech
    (root / "stimuli" / "audio1.wav").unlink()
    (root / "stimuli" / "align2.json").unlink()
    with pytest.raises(DataFault) as caught:
        read(root, "3", runs=(1, 2))
    assert "not in the public release, missing: audio1.wav, align2.json" in str(caught.value)
    assert str(root / "stimuli") in str(caught.value)


def test_missing_and_broken_eeg_files_are_named(speech):
    root, _ = speech
    with pytest.raises(DataFault, match=r"18 of 20 EEG files missing: Subject3_Run3\.mat, "):
        read(root, "3")
    with pytest.raises(DataFault, match=r"no participant '4' .*it has 3"):
        read(root, "4")
    write_run(root, 1, channels=64)
    with pytest.raises(DataFault, match=r"eegData of shape \(768, 64\), not \(samples, 128\)"):
        read(root, "3", runs=1)
    write_run(root, 1, fs=512)
    with pytest.raises(DataFault, match=r"sampled at 512 Hz, not 128 \[.*Subject3_Run1\.mat"):
        read(root, "3", runs=1)
    path = root / "Natural Speech" / "EEG" / "Subject3" / "Subject3_Run1.mat"
    savemat(path, {"fs": 128})
    with pytest.raises(DataFault, match=r"no 'eegData' in the file, found: fs"):
        read(root, "3", runs=1)
