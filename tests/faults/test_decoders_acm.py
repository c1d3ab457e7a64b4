"""Faults of an acm decoder at work on a recording that does not fit, by predict and by stream.

The numbers are the rows of the list of faults: 1 NaN, 3 flat, 5 another unit, 11 another rate,
16 other channels, 20 a flipped bit, 25 a hostile file.
"""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest

from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.decoders.commands import Input, Live, predict_file, stream_trials
from neurodecode.faults import DataFault

FOLD = "cross_session.subject-01-session-1"
RECORDING = "study/sub-01/ses-1/eeg/sub-01_ses-1_task-imagery_eeg.vhdr"


@pytest.fixture
def folder(imagined, tmp_path):
    """Return a copy of a decoder that a test may spoil."""
    return shutil.copytree(imagined / "model" / "decoders" / FOLD, tmp_path / "decoder")


@pytest.fixture
def record(imagined, tmp_path):
    """Return a writer of the held-out recording, changed before."""
    import mne

    def write(change):
        raw = mne.io.read_raw(imagined / RECORDING, preload=True, verbose="error")
        raw = change(raw) or raw
        raw.save(tmp_path / "imagined_raw.fif", overwrite=True, verbose="error")
        return tmp_path / "imagined_raw.fif"

    return write


def line_of(folder, path, out, **options):
    """Return the one line that predict answers with."""
    with pytest.raises(DataFault) as caught:
        predict_file(Input(folder, **options), path, out / "p.parquet")
    assert "\n" not in str(caught.value)
    assert not (out / "p.parquet").exists()
    return str(caught.value)


def streamed_line_of(folder, path):
    with pytest.raises(DataFault) as caught:
        stream_trials(Input(folder), Live(replay=path, speed=None, n_trials=1))
    return str(caught.value)


def test_a_recording_that_fits_is_decoded_and_its_rests_are_counted(
    imagined, folder, tmp_path, capsys
):
    predict_file(Input(folder), imagined / RECORDING, tmp_path / "p.parquet")
    said = capsys.readouterr().out
    assert "16 of 16 trials decoded" in said
    assert "markers that are no cue, left out: rest (16)" in said
    assert "top-1 accuracy" in said
    assert "trials whose class is a candidate" in said
    stream_trials(Input(folder), Live(replay=imagined / RECORDING, speed=None, n_trials=2))
    assert "2 trials decided, 0 lost" in capsys.readouterr().out


@pytest.mark.fault(16, "acm")
def test_row_16_missing_and_extra_channels_are_named(folder, record, tmp_path):
    path = record(lambda raw: raw.rename_channels({"Cz": "CPz"}))
    for said in (line_of(folder, path, tmp_path), streamed_line_of(folder, path)):
        assert "channels not in the recording: Cz (nearest: CPz)" in said
    path = record(
        lambda raw: raw.add_channels([raw.copy().pick("Cz").rename_channels({"Cz": "Fz"})])
    )
    for said in (line_of(folder, path, tmp_path), streamed_line_of(folder, path)):
        assert "channels the decoder does not know: Fz" in said
    predict_file(Input(folder, drop_extra=True), path, tmp_path / "p.parquet")


@pytest.mark.fault(11, "acm")
def test_row_11_another_rate_is_answered_with_both(folder, record, tmp_path):
    path = record(lambda raw: raw.resample(128.0, verbose="error"))
    said = line_of(folder, path, tmp_path)
    assert "recorded at 128 Hz, the decoder was trained at 100 Hz" in said
    assert "raw.resample(100)" in said


@pytest.mark.fault(5, "acm")
def test_row_5_another_unit_is_recognised(folder, record, tmp_path):
    path = record(lambda raw: raw.apply_function(lambda x: 1e6 * x, verbose="error"))
    said = line_of(folder, path, tmp_path)
    assert "it looks like microvolts" in said
    assert "signals." not in said
    assert "they look like" in streamed_line_of(folder, path)


@pytest.mark.fault(1, "acm")
def test_rows_1_and_3_nan_and_flat_channels_are_named(folder, record, tmp_path):
    def spoil(raw):
        raw._data[1, 300:310] = np.nan
        raw._data[3] = 0

    said = line_of(folder, record(spoil), tmp_path)
    assert "Cz: 10 samples are NaN from 3.00 s" in said
    assert "Pz: flat" in said


@pytest.mark.fault(20, "acm")
def test_row_20_one_flipped_bit_is_found(folder, imagined, tmp_path):
    for name in ("models.skops", "model.json"):
        held = bytearray((folder / name).read_bytes())
        held[len(held) // 2] ^= 1
        (folder / name).write_bytes(held)
        said = line_of(folder, imagined / RECORDING, tmp_path)
        assert "the file is not the one that was written" in said
        assert name in said


@pytest.mark.fault(25, "acm")
@pytest.mark.parametrize("hostile", ["pickle", "skops"])
def test_row_25_a_hostile_model_is_never_built(folder, imagined, tmp_path, hostile):
    """Both lie about their sha256, as somebody would who hands the folder on."""
    import skops.io

    class Hostile:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    content = pickle.dumps(Hostile()) if hostile == "pickle" else skops.io.dumps(Hostile())
    (folder / "models.skops").write_bytes(content)
    for name, key in (("models.skops", "model.json"), ("model.json", "decoder.json")):
        said = read_json(folder / key)
        if key == "model.json":
            said["sha256"] = sha256_file(folder / name)
        else:
            said["files"] = {n: sha256_file(folder / n) for n in said["files"]}
        write_json(folder / key, said)
    assert "refused to load" in line_of(folder, imagined / RECORDING, tmp_path)
    assert not (tmp_path / "owned").exists()
