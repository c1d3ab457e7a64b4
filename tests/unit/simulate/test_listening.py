"""Simulated listeners' files hold what is stated: sounds, events, channels, and the options."""

from __future__ import annotations

import hashlib
import json

import mne_bids
import numpy as np
import pandas as pd
import pytest
from scipy.io import wavfile

from neurodecode.datasets.simulate.listening import simulate_listening
from neurodecode.datasets.simulate.listening_files import listening_path
from neurodecode.datasets.simulate.listening_truth import Listener
from neurodecode.datasets.simulate.sphere import CHANNELS
from neurodecode.faults import ConfigFault, DataFault

SMALL = {"n_participants": 2, "n_sentences": 6, "n_channels": 8}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = []
    for seed in (1, 1, 2):
        found.append(tmp_path_factory.mktemp("listening") / "data")
        simulate_listening(found[-1], **SMALL, random_state=seed)
    return found


@pytest.fixture(scope="module")
def folder(folders):
    return folders[0]


def hashes(folder):
    kinds = {".eeg", ".wav", ".npz", ".csv"}
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in kinds or "_events" in p.name]
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def events(folder, subject="01"):
    return pd.read_csv(next((folder / f"sub-{subject}").rglob("*_events.tsv")), sep="\t")


def shares(folder):
    return pd.read_csv(folder / "derivatives/truth/shares.csv")


def test_the_same_seed_writes_the_same_files(folders):
    first, second, other = map(hashes, folders)
    assert len(first) == 11
    assert first == second
    changed = {path for path in first if first[path] != other[path]}
    assert {path for path in first if path.suffix in {".eeg", ".wav", ".npz"}} <= changed


def test_more_participants_leave_the_first_ones_as_they_are(folder, tmp_path):
    simulate_listening(tmp_path, **{**SMALL, "n_participants": 1}, random_state=1)
    alone = {k: v for k, v in hashes(tmp_path).items() if k.name != "shares.csv"}
    assert any(path.suffix == ".eeg" for path in alone)
    assert alone.items() <= hashes(folder).items()


def test_every_word_lies_inside_its_sound(folder):
    table = events(folder)
    sounds = table[table["trial_type"] == "sound"].set_index("sound")
    words = table[table["trial_type"] == "word"]
    assert len(words) > 20
    assert table["onset"].is_monotonic_increasing
    start = words["sound"].map(sounds["onset"])
    np.testing.assert_allclose(words["sound_time"], words["onset"] - start, atol=2e-6)
    ends = words["sound_time"] + words["duration"]
    assert (ends <= words["sound"].map(sounds["duration"])).all()
    assert words[["word", "sentence", "part_of_speech", "phonemes"]].notna().all(axis=None)


def test_sound_is_loud_during_words_and_quiet_between_sentences(folder):
    table = events(folder)
    sound, words = table.iloc[0]["sound"], table[table["trial_type"] == "word"]
    rate, samples = wavfile.read(folder / "stimuli" / sound)
    assert rate == 16_000
    assert len(samples) / rate == pytest.approx(table.iloc[0]["duration"])
    spoken = np.zeros(len(samples), dtype=bool)
    for word in words[words["sound"] == sound].itertuples():
        spoken[round(word.sound_time * rate) : round((word.sound_time + word.duration) * rate)] = 1
    power = samples.astype(float) ** 2
    assert power[spoken].mean() > 100 * power[~spoken].mean()


def test_everybody_hears_the_same_story(folder):
    pd.testing.assert_frame_equal(events(folder, "01"), events(folder, "02"))


def test_a_sentence_has_one_spelling_and_holds_its_words_in_order(folder):
    words = events(folder).query("trial_type == 'word'")
    texts = pd.Series(words["sentence"].unique())
    plain = texts.str.casefold().str.replace(r"\W+", " ", regex=True).str.strip()
    assert plain.is_unique
    assert len(texts) == SMALL["n_sentences"]
    for sentence, rows in words.groupby("sentence", sort=False):
        assert " ".join(rows["word"]) == sentence


def test_the_recording_is_read_as_bids_with_electrode_positions(folder):
    raw = mne_bids.read_raw_bids(listening_path(folder, "01"), verbose="error")
    assert raw.info["sfreq"] == 128
    assert all(np.isfinite(channel["loc"][:3]).all() for channel in raw.info["chs"])
    counts = events(folder)["trial_type"].value_counts().to_dict()
    found = pd.Series(raw.annotations.description).value_counts().to_dict()
    assert found == counts
    assert raw.times[-1] > events(folder)["onset"].max() + 3


def test_missing_channels_are_recorded(folder, tmp_path):
    simulate_listening(tmp_path, n_participants=6, n_sentences=1, n_channels=12)
    counts = set()
    for number in range(1, 7):
        truth = Listener.read(tmp_path, f"{number:02d}")
        path = listening_path(tmp_path, f"{number:02d}").copy().update(suffix="channels")
        names = pd.read_csv(path.update(extension=".tsv").fpath, sep="\t")["name"]
        assert tuple(names) == truth.channels
        assert set(truth.channels) | set(truth.dropped) == set(CHANNELS[:12])
        assert not set(truth.channels) & set(truth.dropped)
        counts.add(len(truth.dropped))
    assert counts <= {0, 1, 2, 3}
    assert len(counts) > 1


@pytest.mark.parametrize(("share", "absent"), [(0.0, "lexical"), (1.0, "acoustic")])
def test_a_part_of_the_response_can_be_left_out(share, absent, tmp_path):
    simulate_listening(tmp_path, **SMALL, lexical_share=share)
    table = shares(tmp_path)
    assert (table[absent] == 0).all()
    assert (table["lexical_share"] == share).all()
    assert (table["response"] > 0).all()


def test_the_response_has_the_stated_strength(folder):
    """Before people differ: sources of the typical person have variance snr^2 of the noise."""
    table = shares(folder)
    assert table["noise"].to_numpy() == pytest.approx(100.0, rel=0.5)
    assert 0.05 * 0.01 < (table["response"] / table["noise"]).mean() < 20 * 0.01
    assert (table["lexical_share"].between(0.1, 0.9)).all()


def test_heads_differ_unless_they_are_common(folder, tmp_path):
    simulate_listening(tmp_path, **SMALL, common_head=True)
    assert max(head_distance(tmp_path)) < 1e-12
    assert min(head_distance(folder)) > 0.05


def head_distance(folder):
    """1 - |correlation| of each source's gains in two participants, over common channels."""
    one, two = (Listener.read(folder, subject) for subject in ("01", "02"))
    names = [name for name in one.channels if name in two.channels]
    fields = [t.gains[[t.channels.index(name) for name in names]] for t in (one, two)]
    unit = [field / np.linalg.norm(field, axis=0) for field in fields]
    return np.sort(1 - np.abs((unit[0] * unit[1]).sum(axis=0)))[len(unit[0].T) // 2 :]


def test_pops_are_large_and_as_frequent_as_asked(tmp_path):
    simulate_listening(tmp_path, **SMALL, pops_per_minute=20.0)
    pops = pd.concat([Listener.read(tmp_path, subject).pops for subject in ("01", "02")])
    assert 3 < len(pops) < 60
    assert pops["amplitude"].abs().between(1e3, 1e4).all()


@pytest.fixture
def speech(tmp_path):
    """Two phrases in four seconds of noise."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "speech"
    folder.mkdir()
    sound = (3000 * rng.standard_normal(4 * 22_050)).astype(np.int16)
    wavfile.write(folder / "clip.wav", 22_050, sound)
    rows = ["file,start_s,duration_s,machine_text", "clip.wav,0.5,1.0,Oh my.", "clip.wav,2,1.5,No!"]
    (folder / "transcripts.csv").write_text("\n".join(rows))
    return folder


def test_recorded_speech_comes_before_the_synthetic_story(speech, tmp_path):
    simulate_listening(tmp_path / "data", **{**SMALL, "n_sentences": 2}, audio=speech)
    table = events(tmp_path / "data")
    assert list(table["sound"].unique()) == ["clip.wav", "chapter-01.wav"]
    clip = table[(table["sound"] == "clip.wav") & (table["trial_type"] == "word")]
    assert list(clip["word"]) == ["Oh", "my", "No"]
    assert list(clip["sound_time"]) == [0.5, 1.0, 2.0]
    assert list(clip["sentence"]) == ["Oh my.", "Oh my.", "No!"]
    assert wavfile.read(tmp_path / "data/stimuli/clip.wav")[0] == 16_000


def test_a_table_of_words_is_taken_as_it_is(speech, tmp_path):
    rows = ["sound,onset,duration,word,sentence", "clip.wav,0.25,0.5,yes,yes sir"]
    (speech / "transcripts.csv").write_text("\n".join([*rows, "clip.wav,0.75,0.5,sir,yes sir"]))
    simulate_listening(tmp_path / "data", **{**SMALL, "n_sentences": 0}, audio=speech)
    words = events(tmp_path / "data").query("trial_type == 'word'")
    assert list(words["sound_time"]) == [0.25, 0.75]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("start_s", "begin_s", "no column start_s"),
        ("clip.wav,2", "other.wav,2", "audio file not found"),
        ("2,1.5", "2,long", r"duration 'long' is not a time .*line 3"),
        ("2,1.5", "2,9.5", "audio is 4.0 s, its alignment ends at 11.5 s"),
    ],
)
def test_broken_transcripts_are_refused_in_one_line(old, new, message, speech, tmp_path):
    path = speech / "transcripts.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataFault, match=message):
        simulate_listening(tmp_path / "data", n_sentences=0, audio=speech)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_participants": 0}, "0 participants"),
        ({"n_sentences": 0}, "recorded speech"),
        ({"n_channels": 65}, "give 1 to 64"),
        ({"sfreq": 100.0}, "50 Hz line"),
        ({"lexical_share": 1.5}, "give 0 to 1"),
        ({"snr": -0.1}, "must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, message, tmp_path):
    with pytest.raises(ConfigFault, match=message):
        simulate_listening(tmp_path, **options)


def test_truth_files_are_plain(folder):
    for path in (folder / "derivatives/truth").glob("*.npz"):
        with np.load(path, allow_pickle=False) as archive:
            assert all(archive[name].dtype.kind == "f" for name in archive.files)
    for path in (folder / "derivatives/truth").glob("*.json"):
        assert json.loads(path.read_text())["sfreq"] == 128


@pytest.mark.realdata
def test_real_speech_can_be_heard(realdata, tmp_path):
    simulate_listening(
        tmp_path, n_participants=1, n_sentences=0, n_channels=8, audio=realdata / "speech_audio"
    )
    words = events(tmp_path).query("trial_type == 'word'")
    assert set(words["sound"]) == {"beckett.wav", "two_cities.wav"}
    assert len(words) > 100
