"""A user's own BIDS folder is read as the contract says, and every gap is named in one line."""

from __future__ import annotations

import mne_bids
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.bids_tables import read_events
from neurodecode.datasets.listening import LISTENING
from neurodecode.datasets.listening.audio import check_audio
from neurodecode.faults import ConfigFault, DataFault

read = LISTENING["local"]


def test_words_times_and_story_are_those_of_the_events(bids_set):
    root, _ = bids_set
    first, second = read(root, "sub-01")
    assert [(r.subject, r.session, r.run) for r in (first, second)] == [
        ("01", "a", "listening"),
        ("01", "b", "listening"),
    ]
    assert first.story == ("one.wav", "two.wav")
    assert first.words["word"].tolist() == (
        ["the", "cat", "sat", "it", "was", "warm", "a", "null", "result", "nobody", "minded"]
    )
    assert first.words["sentence_index"].tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 2
    expected = 0.2 + 0.4 * np.r_[0:6, 0:5]
    for recording in (first, second):  # the same sound times, whenever playback began
        np.testing.assert_allclose(recording.words["sound_time"], expected, atol=1e-9)
    np.testing.assert_allclose(second.words["onset"] - first.words["onset"], 1.0)
    assert first.audio == root / "stimuli"
    assert check_audio(first) == {"one.wav": 3.0, "two.wav": 3.0}


def test_channels_and_positions_are_those_of_the_recording(bids_set):
    root, _ = bids_set
    raw = read(root, "01")[0].raw
    assert raw.ch_names == ["Fz", "Cz", "Pz"]
    assert not raw.preload
    places = np.array([channel["loc"][:3] for channel in raw.info["chs"]])
    assert np.isfinite(places).all()
    assert places[0, 1] > places[1, 1] > places[2, 1]  # Fz before Cz before Pz


def test_sessions_and_tasks_can_be_chosen(bids_set, stories):
    root, _ = bids_set
    stories["bids"](root, "01", stories["events"](), names=["Cz"], session="a", task="speech")
    assert [r.session for r in read(root, "01", session="b")] == ["b"]
    assert [r.run for r in read(root, "01", session="a")] == ["listening", "speech"]
    assert [r.run for r in read(root, "01", task=["speech"])] == ["speech"]
    with pytest.raises(DataFault, match="task listening, session a; task listening, session b"):
        read(root, "01", task="listenin")


def test_several_runs_keep_their_order(tmp_path, stories):
    for sound in ("one.wav", "two.wav"):
        stories["sine"](tmp_path / "stimuli" / sound, 3.0)
    for run in ("02", "01"):
        stories["bids"](tmp_path, "x", stories["events"](), names=["Cz"], run=run)
    assert [r.run for r in read(tmp_path, "x")] == ["listening-01", "listening-02"]


def test_meg_recordings_keep_meg_channels_only(tmp_path, stories):
    for sound in ("one.wav", "two.wav"):
        stories["sine"](tmp_path / "stimuli" / sound, 3.0)
    stories["bids"](tmp_path, "01", stories["events"](), names=["MEG0111", "MEG0121"], kind="meg")
    assert read(tmp_path, "01")[0].raw.get_channel_types() == ["mag", "mag"]


def test_a_given_sound_time_and_sentence_index_are_kept(bids_set, stories):
    root, (table, _) = bids_set
    events = read_events(table)
    events = events[events["trial_type"] == "word"].assign(sentence_index=7)
    events["sound_time"] = np.arange(len(events)) * 0.25
    stories["table"](table, events)
    words = read(root, "01", session="a")[0].words
    assert words["sound_time"].tolist() == events["sound_time"].tolist()
    assert set(words["sentence_index"]) == {7}


def test_a_sound_played_twice_counts_from_its_latest_start(bids_set, stories):
    root, (table, _) = bids_set
    one = {"one.wav": ["the cat sat"]}
    twice = [stories["events"](1.0, one), stories["events"](5.0, one)]
    stories["table"](table, pd.concat(twice))
    words = read(root, "01", session="a")[0].words
    np.testing.assert_allclose(words["sound_time"], [0.2, 0.6, 1.0] * 2)


def test_extra_columns_of_the_contract_are_kept(bids_set, stories):
    root, (table, _) = bids_set
    extra = {"part_of_speech": "NOUN", "phonemes": "k ae t", "context": "sentence", "mood": "x"}
    stories["table"](table, read_events(table).assign(**extra))
    words = read(root, "01", session="a")[0].words
    assert words.columns.tolist()[-3:] == ["part_of_speech", "phonemes", "context"]
    assert words["phonemes"][0] == "k ae t"


def test_quotes_in_words_survive_with_and_without_quoting(bids_set, stories):
    root, (table, _) = bids_set
    plain = table.read_text()
    table.write_text(plain.replace("\tcat\t", '\t"cat\t').replace("\tsat\t", '\tsat"\t'))
    assert read(root, "01", session="a")[0].words["word"][1:3].tolist() == ['"cat', 'sat"']
    table.write_text(plain.replace("\tcat\t", '\t"the ""cat"""\t'))
    assert read(root, "01", session="a")[0].words["word"][1] == 'the "cat"'


def test_a_folder_prefix_of_the_sound_column_is_understood(bids_set, stories):
    root, (table, _) = bids_set
    events = read_events(table)
    stories["table"](table, events.assign(sound="stimuli/" + events["sound"]))
    assert read(root, "01", session="a")[0].story == ("one.wav", "two.wav")


def broken(events, how):
    if how == "no words":
        return events.assign(trial_type=events["trial_type"].replace("word", "wrd"))
    if how == "no sound column":
        return events.rename(columns={"sound": "sounds"})
    if how == "a word without sound":
        return events.assign(sound=events["sound"].where(events["word"] != "cat"))
    if how == "no start":
        return events[events["trial_type"] == "word"]
    if how == "absent sound":
        return events.replace({"sound": {"two.wav": "too.wav"}})
    if how == "outside":
        return events.replace({"sound": {"two.wav": "../two.wav"}})
    return events.assign(onset=events["onset"].astype(str).replace("1.2", "soon"))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no words", r"no event with trial_type 'word', found: wrd \(11\), sound \(2\)"),
        ("no sound column", r"no column 'sound' in the events .*events\.tsv.*is 'sounds' meant"),
        ("a word without sound", r"line 4: a word event without its sound .*events\.tsv"),
        ("no start", r"no start of sound 'one\.wav' at or before the word 'the' at 1\.200 s"),
        ("absent sound", r"sound files not found: too\.wav \[.*stimuli\].*nearest.*two\.wav"),
        ("outside", r"sound '\.\./two\.wav' lies outside the sound folder"),
        ("bad number", r"row 3: onset 'soon' is not a number"),
    ],
)
def test_a_broken_events_file_is_answered_in_one_line(bids_set, stories, how, message):
    root, (table, _) = bids_set
    stories["table"](table, broken(read_events(table), how))
    with pytest.raises(DataFault, match=message) as caught:
        read(root, "01")
    assert "\n" not in str(caught.value)


def test_sentences_nobody_wrote_down_are_put_together_and_noted(bids_set, stories):
    root, (table, _) = bids_set
    events = read_events(table).drop(columns="sentence")
    stories["table"](table, events.replace({"word": {"sat": "sat.", "null": "null!"}}))
    recording = read(root, "01", session="a")[0]
    assert recording.words["sentence"].unique().tolist() == [
        "the cat sat.",
        "it was warm",
        "a null!",
        "result nobody minded",
    ]
    assert recording.words["sentence_index"].tolist() == [0] * 3 + [1] * 3 + [0] * 2 + [1] * 3
    assert recording.notes == (
        "sentences are put together from punctuation or pauses, no column names them",
    )


def test_audio_shorter_than_its_alignment_is_refused(bids_set, stories):
    root, _ = bids_set
    stories["sine"](root / "stimuli" / "two.wav", 1.5)
    with pytest.raises(
        DataFault, match=r"audio is 1\.5 s, its alignment ends at 2\.1 s .*two\.wav"
    ):
        check_audio(read(root, "01")[0])


def test_an_error_page_saved_as_audio_is_refused(bids_set):
    root, _ = bids_set
    (root / "stimuli" / "two.wav").write_text("<!DOCTYPE html><html>404</html>")
    with pytest.raises(DataFault, match=r"error page, not data .*two\.wav"):
        check_audio(read(root, "01")[0])
    (root / "stimuli" / "two.wav").write_bytes(b"RIFF")
    with pytest.raises(DataFault, match=r"not a readable sound file .*two\.wav"):
        check_audio(read(root, "01")[0])


def test_a_subject_or_recording_that_is_not_there_is_named(bids_set):
    root, tables = bids_set
    with pytest.raises(DataFault, match=r"no subject '1'.*did you mean '01'"):
        read(root, "1")
    with pytest.raises(DataFault, match="no MEG recording of subject '01'"):
        read(root, "01", datatype="meg")
    tables[0].unlink()
    with pytest.raises(DataFault, match=r"no events\.tsv beside the recording .*ses-a"):
        read(root, "01")


@pytest.fixture
def unplaced(tmp_path, stories):
    for sound in ("one.wav", "two.wav"):
        stories["sine"](tmp_path / "stimuli" / sound, 3.0)
    events = stories["events"]()
    stories["bids"](tmp_path, "01", events, names=["FZ", "cz", "X1"], positions=False)
    stories["bids"](tmp_path, "02", events, names=["A1x", "A2x"], positions=False)
    return tmp_path


def test_a_standard_montage_can_be_given_and_unknown_channels_are_named(unplaced):
    recording = read(unplaced, "01", montage="standard_1020")[0]
    assert recording.notes == ("not in montage standard_1020: X1",)
    places = np.array([channel["loc"][:3] for channel in recording.raw.info["chs"]])
    assert np.isfinite(places).all(axis=1).tolist() == [True, True, False]
    assert np.linalg.norm(places[0]) > 0.05


def test_a_montage_that_knows_no_channel_is_refused(unplaced):
    with pytest.raises(DataFault, match=r"standard_1020 knows none of the channels A1x, A2x"):
        read(unplaced, "02", montage="standard_1020")
    with pytest.raises(ConfigFault, match="did you mean 'standard_1020'"):
        read(unplaced, "01", montage="standard-1020")


def test_the_recording_is_what_mne_bids_reads(bids_set):
    root, _ = bids_set
    path = mne_bids.BIDSPath(subject="01", session="a", task="listening", datatype="eeg", root=root)
    plain = mne_bids.read_raw_bids(path, verbose="ERROR")
    np.testing.assert_array_equal(read(root, "01")[0].raw.get_data(), plain.get_data())
