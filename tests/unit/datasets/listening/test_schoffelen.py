"""Schoffelen 2019: sounds are placed by log and triggers, words by the user's TextGrids.

CTF folders cannot be written by MNE, so the recordings here are FIF with the same channels.
"""

from __future__ import annotations

import mne
import mne_bids
import numpy as np
import pytest

from neurodecode.datasets.listening import LISTENING, schoffelen
from neurodecode.datasets.listening.audio import check_audio
from neurodecode.faults import DataFault

read = LISTENING["Schoffelen2019"]
SFREQ = 200.0
LOG_START = 3.0
"""Zero of the log's clock in the recording, s."""

# What happens when, s of the log's clock: announcements, fixation crosses, sounds.
PLAN = [
    (1.0, "ZINNEN", None),
    (2.0, "FIX 3516", None),
    (3.0, "186", ["De", "man", "slaapt"]),
    (6.0, "FIX 3516", None),
    (7.0, "14", ["Toen", "kwam", "zij"]),
    (9.0, "WOORDEN", None),
    (10.0, "FIX 3516", None),
    (11.0, "507", ["huis", "de", "liep"]),
]


def log_text(plan=PLAN):
    """Return a log as the software writes it: two tables, times in 1e-4 s."""
    header = "Subject\tTrial\tEvent Type\tCode\tTime\tTTime\tUncertainty\tDuration\tUncertainty"
    rows, repeated = [], []
    for time, code, words in plan:
        tick = round(time * 1e4)
        if words is None:
            rows.append(f"A2002\t1\tPicture\t{code}\t{tick}\t0\t2\t16998\t4")
            repeated.append(f"Picture\t{code}\tother\t\t\t\t{tick}")
            continue
        rows.append(f"A2002\t1\tSound\t14 Start File {code}.wav\t{tick - 460}\t0\t2\t\t0")
        rows.append(f"A2002\t1\tNothing\t1 Audio onset\t{tick}\t460\t1\t\t460")
        rows.append(f"A2002\t1\tNothing\t15 End of file\t{tick + 20000}\t0\t1\t\t0")
    table = "\n".join([header, "", *rows])
    second = "\n".join(
        ["Event Type\tCode\tType\tResponse\tRT\tRT Uncertainty\tTime", "", *repeated]
    )
    return f"Scenario - \nLogfile written - 01/01/1970\n\n{table}\n\n\n{second}\n"


def textgrid(words):
    """Return a TextGrid with the tiers of the MAUS aligner; words of 0.4 s from 0.1 s on."""
    marks = [(0.0, 0.1, "")]
    marks += [(0.1 + 0.4 * k, 0.5 + 0.4 * k, word) for k, word in enumerate(words)]
    end = marks[-1][1]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0",
             f"xmax = {end}", "tiers? <exists>", "size = 2", "item []:"]  # fmt: skip
    for number, name in enumerate(("ORT-MAU", "MAU"), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"',
                  f'        name = "{name}"', "        xmin = 0", f"        xmax = {end}",
                  f"        intervals: size = {len(marks)}"]  # fmt: skip
        for place, (start, stop, text) in enumerate(marks, start=1):
            lines += [f"        intervals [{place}]:", f"            xmin = {start}",
                      f"            xmax = {stop}", f'            text = "{text}"']  # fmt: skip
    return "\n".join(lines) + "\n"


def write_recording(root, label="A2002", plan=PLAN, lost=(), references=28, channels=273):
    """Write a recording of 18 s whose trigger channel follows the plan."""
    names = [f"R{k}" for k in range(references)] + [f"M{k}" for k in range(channels)]
    kinds = ["ref_meg"] * references + ["mag"] * channels
    info = mne.create_info([*names, "UPPT001"], SFREQ, [*kinds, "stim"])
    info["line_freq"] = 50
    signals = np.random.default_rng(0).standard_normal((len(names) + 1, 3600)) * 1e-12
    signals[-1] = 0
    anchors = [(time, code) for time, code, words in plan if words is None]
    for number, (time, code) in enumerate(anchors):
        if number not in lost:
            at = round((LOG_START + time) * SFREQ)
            signals[-1, at : at + 4] = 20 if "FIX" in code else 10
    raw = mne.io.RawArray(signals, info, verbose="ERROR")
    path = mne_bids.BIDSPath(subject=label, task="auditory", datatype="meg", root=root)
    mne_bids.write_raw_bids(
        raw, path, format="FIF", allow_preload=True, overwrite=True, verbose="ERROR"
    )


@pytest.fixture
def mous(tmp_path, stories):
    """Write participant A2002 with everything that belongs to it."""
    root = tmp_path / "mous"
    write_recording(root)
    log = root / "sourcedata" / "meg_task" / "MEG-MOUS-AudA2002.log"
    log.parent.mkdir(parents=True)
    log.write_text(log_text())
    grids = root / "derivatives" / "phonemes"
    grids.mkdir(parents=True)
    lines = []
    for name, words in ((code, words) for _, code, words in PLAN if words):
        stories["sine"](root / "stimuli" / "audio_files" / f"EQ_Ramp_Int2_Int1LPF{name}.wav", 2.0)
        (grids / f"EQ_Ramp_Int2_Int1LPF{name.zfill(3)}.TextGrid").write_text(textgrid(words))
        lines.append(f"{name} {' '.join(words)}.")
    (root / "stimuli" / "stimuli.txt").write_text("\n".join(lines) + "\n")
    return root, log


def test_words_are_placed_by_log_and_triggers(mous):
    root, _ = mous
    (recording,) = read(root, "A2002")
    words = recording.words
    assert recording.story == tuple(f"EQ_Ramp_Int2_Int1LPF{k}.wav" for k in ("186", "14", "507"))
    assert words["word"].tolist() == [word for *_, said in PLAN if said for word in said]
    assert words["sentence"].unique().tolist() == [
        "De man slaapt.",
        "Toen kwam zij.",
        "huis de liep.",
    ]
    assert set(words["sentence_index"]) == {0}
    assert words["context"].tolist() == ["sentence"] * 6 + ["list"] * 3
    np.testing.assert_allclose(words["sound_time"], [0.1, 0.5, 0.9] * 3)
    begun = np.repeat([3.0, 7.0, 11.0], 3) + LOG_START
    np.testing.assert_allclose(words["onset"] - words["sound_time"], begun, atol=1e-9)
    assert check_audio(recording) == dict.fromkeys(recording.story, 2.0)
    assert recording.notes == ()


def test_the_273_channels_after_the_references_are_kept(mous):
    root, _ = mous
    raw = read(root, "A2002")[0].raw
    assert (raw.ch_names[0], raw.ch_names[-1], len(raw.ch_names)) == ("M0", "M272", 273)
    write_recording(root, references=27)
    with pytest.raises(DataFault, match="27 reference channels, expected the first 28"):
        read(root, "A2002")
    write_recording(root, channels=270)
    assert read(root, "A2002")[0].notes == ("270 MEG channels, the others have 273",)


def test_word_lists_can_be_left_out(mous):
    root, _ = mous
    words = read(root, "A2002", contexts="sentence")[0].words
    assert set(words["context"]) == {"sentence"}
    assert len(words) == 6


@pytest.mark.parametrize("lost", [0, 1, 2, 3, 4])
def test_a_lost_trigger_does_not_move_the_words(mous, lost):
    root, _ = mous
    expected = read(root, "A2002")[0].words["onset"]
    write_recording(root, lost=(lost,))
    np.testing.assert_allclose(read(root, "A2002")[0].words["onset"], expected, atol=1e-9)


def test_participants_of_the_published_decoder():
    assert len(schoffelen.PARTICIPANTS) == 96
    assert len(schoffelen.ABSENT) == 22
    with pytest.raises(DataFault, match="participant A2011 is left out: the recording is split"):
        read(".", "A2011")


def test_missing_files_are_named_at_once(mous):
    root, log = mous
    for name in ("014", "507"):
        (root / "derivatives" / "phonemes" / f"EQ_Ramp_Int2_Int1LPF{name}.TextGrid").unlink()
    with pytest.raises(DataFault) as caught:
        read(root, "A2002")
    assert "missing: EQ_Ramp_Int2_Int1LPF014.TextGrid, EQ_Ramp_Int2_Int1LPF507" in str(caught.value)
    log.unlink()
    with pytest.raises(DataFault, match=r"0 log files of A2002, expected one .*meg_task"):
        read(root, "A2002")


def test_a_log_of_somebody_else_is_refused(mous):
    root, log = mous
    log.write_text(log_text([(time, "FIX 1", None) for time in (1.0, 30.0)]))
    with pytest.raises(DataFault, match="the log names no sound"):
        read(root, "A2002")
    log.write_text(log_text([(1.0, "ZINNEN", None), (9.0, "186", ["x"])]))
    with pytest.raises(DataFault, match="1 of 1 events of the log match 5 triggers"):
        read(root, "A2002")
    log.write_text("<!DOCTYPE html>")
    with pytest.raises(DataFault, match=r"not a Presentation log.*A2002\.log"):
        read(root, "A2002")
    log.write_text(log_text().replace("\t30000\t", "\tsoon\t"))
    with pytest.raises(DataFault, match=r"line \d+: time 'soon' is not a number"):
        read(root, "A2002")
