"""Brennan 2019: FieldTrip structs and trial tables become words that lie where they were heard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from neurodecode.datasets.listening import LISTENING
from neurodecode.datasets.listening import brennan as loader
from neurodecode.datasets.listening.audio import check_audio
from neurodecode.faults import DataFault
from neurodecode.signals import sensor_positions

read = LISTENING["Brennan2019"]
LABELS = [*loader.CHANNELS, "VEOG", "AUD"]
TEXT = [("Alice was beginning", 1), ("to get very tired", 2)]


def story_table():
    """Return the alignment as published: two sentences in the first sound, one in the second."""
    rows = []
    for segment, sentences in ((1, TEXT), (2, [("so she sat", 3)])):
        start = 0.25
        for text, sentence in sentences:
            for position, word in enumerate(text.split(), start=1):
                times = {"onset": start, "offset": start + 0.3}
                place = {"Order": len(rows) + 1, "Sentence": sentence, "Position": position}
                rows.append({"Word": word, "Segment": segment, **times, "LogFreq": 9.1, **place})
                start += 0.4
    return pd.DataFrame(rows)


def trial_table(story, offset=-150, playback=(2.0, 8.0)):
    """Return proc.trl: the EEG sample (from 1) that each word is locked to, minus 150."""
    begun = np.array(playback)[story["Segment"] - 1]
    event = np.round((begun + story["onset"]) * 500) + 1
    begin = event + offset
    columns = [begin, begin + 650, np.full(len(story), offset), story["Segment"],
               story["onset"], story["Order"]]  # fmt: skip
    return np.stack([np.asarray(column, float) for column in columns], axis=1)


def cell(*entries):
    out = np.empty((1, len(entries)), dtype=object)
    out[0] = entries
    return out


def write_eeg(path, labels=LABELS, seconds=14, fsample=500.0):
    rng = np.random.default_rng(0)
    n = int(seconds * 500)
    signals = rng.standard_normal((len(labels), n)) * 10
    header = {"Fs": fsample, "nChans": float(len(labels)), "label": cell(*labels).T}
    trial, time = np.empty((1, 1), dtype=object), np.empty((1, 1), dtype=object)
    trial[0, 0], time[0, 0] = signals, np.arange(n)[None] / 500
    raw = {"hdr": header, "label": cell(*labels).T, "fsample": fsample, "trial": trial,
           "time": time, "sampleinfo": np.array([[1.0, n]])}  # fmt: skip
    savemat(path, {"raw": raw}, do_compression=True)
    return signals


def write_proc(path, table):
    path.parent.mkdir(exist_ok=True)
    names = cell("segment", "tmin", "Order")
    proc = {"subject": path.stem, "trl": table, "varnames": names, "tot_trials": float(len(table)),
            "tot_chans": 61.0}  # fmt: skip
    savemat(path, {"proc": proc})


@pytest.fixture
def alice(tmp_path, stories):
    """Write participants S01 and S24."""
    story = story_table()
    story.to_csv(tmp_path / "AliceChapterOne-EEG.csv", index=False)
    for segment in (1, 2):
        stories["sine"](tmp_path / "audio" / loader.SOUND.format(segment), 4.0)
    signals = write_eeg(tmp_path / "S01.mat")
    write_eeg(tmp_path / "S24.mat")
    write_proc(tmp_path / "proc" / "S01.mat", trial_table(story))
    write_proc(tmp_path / "proc" / "S24.mat", trial_table(story)[:7])
    return tmp_path, signals


def test_words_are_those_of_the_alignment(alice):
    root, _ = alice
    (recording,) = read(root, "1")
    words = recording.words
    assert (recording.subject, recording.run) == ("S01", "alice")
    assert recording.story == tuple(loader.SOUND.format(k) for k in (1, 2))
    assert words["word"].tolist()[:4] == ["Alice", "was", "beginning", "to"]
    assert words["sentence"].unique().tolist() == [
        "Alice was beginning",
        "to get very tired",
        "so she sat",
    ]
    assert words["sentence_index"].tolist() == [0] * 3 + [1] * 4 + [0] * 3
    np.testing.assert_allclose(words["sound_time"], 0.25 + 0.4 * np.r_[0:7, 0:3])
    np.testing.assert_allclose(words["duration"], 0.3)
    assert check_audio(recording) == dict.fromkeys(recording.story, 4.0)


def test_both_onset_rules_are_right_to_the_sample_and_their_shift_is_noted(alice):
    root, _ = alice
    event, published = read(root, "S01", onsets="event")[0], read(root, "S01")[0]
    playback = np.repeat([2.0, 8.0], [7, 3])
    expected = np.round(500 * (playback + event.words["sound_time"]))
    assert np.round(500 * event.words["onset"]).tolist() == expected.tolist()
    samples = np.round(500 * published.words["onset"])
    assert samples.tolist() == (expected + 1 - 150).tolist()  # first sample of the trial, from 1
    assert event.notes == ()
    assert published.notes == (
        "word onsets are 298 ms before the words: the published rule ignores the offset of the "
        "trials; onsets=event does not",
    )


def test_channels_are_the_60_of_the_montage_in_volts(alice):
    root, signals = alice
    raw = read(root, "S01")[0].raw
    assert raw.ch_names == list(loader.CHANNELS)
    assert len(raw.ch_names) == 60
    assert "29" not in raw.ch_names
    np.testing.assert_allclose(raw.get_data(), signals[:60] * 1e-6)
    assert np.isfinite(sensor_positions(raw.info, raw.ch_names)).all()


def test_excluded_participants_are_read_only_when_asked(alice):
    root, _ = alice
    assert loader.published_subjects(root) == ("S01",)
    assert len(loader.EXCLUDED) == 9
    with pytest.raises(DataFault, match="participant S24 is left out: trial table incomplete"):
        read(root, "S24")
    (recording,) = read(root, "S24", excluded=True)
    assert len(recording.words) == 7
    assert "3 of 10 words have no trial" in recording.notes
    assert recording.words["sentence"].iloc[-1] == "to get very tired"  # whole, from the story


def test_a_shifted_table_and_irregular_playback_are_noted(alice):
    root, _ = alice
    table = trial_table(story_table(), offset=0)
    table[:, 4] += 0.1
    table[3, 0] += 50
    write_proc(root / "proc" / "S01.mat", table)
    notes = read(root, "S01")[0].notes
    assert notes == (
        "trial table and alignment differ by 100 ms",
        f"{loader.SOUND.format(1)}: words are up to 100 ms apart from a steady playback",
    )


def test_broken_files_are_answered_in_one_line(alice):
    root, _ = alice
    write_eeg(root / "S01.mat", labels=[name for name in LABELS if name != "30"])
    with pytest.raises(DataFault, match=r"channels missing: 30 \[.*S01\.mat\]"):
        read(root, "S01")
    write_eeg(root / "S01.mat", fsample=250.0)
    with pytest.raises(DataFault, match=r"sampled at 250\.0 Hz, not 500"):
        read(root, "S01")
    whole = (root / "S24.mat").read_bytes()
    (root / "S01.mat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataFault, match=r"not a whole MATLAB file: .*S01\.mat"):
        read(root, "S01")
    (root / "S01.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400))
    with pytest.raises(DataFault, match=r"MATLAB 7\.3 file.*save it with the option -v7"):
        read(root, "S01")
    (root / "S01.mat").unlink()
    with pytest.raises(DataFault, match=r"file not found \[.*S01\.mat"):
        read(root, "S01")


def test_a_broken_trial_table_or_alignment_is_named(alice):
    root, _ = alice
    proc = root / "proc" / "S01.mat"
    table = trial_table(story_table())
    write_proc(proc, table[:, :5])
    with pytest.raises(DataFault, match="trial table of 5 columns, named segment, tmin, Order"):
        read(root, "S01")
    write_proc(proc, np.r_[table, table[:1]])
    with pytest.raises(DataFault, match="trial table names a word twice"):
        read(root, "S01")
    write_proc(proc, table)
    story_table().rename(columns={"onset": "onsets"}).to_csv(root / loader.WORDS, index=False)
    with pytest.raises(DataFault, match=r"no column 'onset' .*is 'onsets' meant"):
        read(root, "S01")
