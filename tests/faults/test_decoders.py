"""Faults of a decoder at work, as somebody meets them who was handed its folder and a recording.

The numbers are the rows of the list of faults: 5 another unit, 6 no marker, 7 too short a
recording, 8 a truncated file, 10 an error page, 16 other channels, 20 a flipped bit, 25 a hostile
file.
"""

from __future__ import annotations

import json
import pickle
import shutil

import numpy as np
import pytest

from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.decoders.commands import Input, Live, predict_file, stream_trials
from neurodecode.faults import DataFault


@pytest.fixture
def folder(decoder_folder, tmp_path):
    """Return a copy that a test may spoil."""
    return shutil.copytree(decoder_folder, tmp_path / "decoder")


@pytest.fixture
def record(viewing, tmp_path):
    """Return a writer of recordings, changed before: ``record(change, **options)``."""

    def write(change=None, **options):
        raw = viewing(**options)
        raw = raw if change is None else change(raw) or raw
        raw.save(tmp_path / "seen_raw.fif", overwrite=True, verbose="error")
        return tmp_path / "seen_raw.fif"

    return write


def line_of(folder, path, out, participant="01"):
    """Return the one line that both commands answer with."""
    chosen, lines = Input(folder, participant), []
    for step in (
        lambda: predict_file(chosen, path, out / "p.parquet"),
        lambda: stream_trials(chosen, Live(replay=path, speed=None)),
    ):
        with pytest.raises(DataFault) as caught:
            step()
        lines.append(str(caught.value))
    assert "\n" not in "".join(lines)
    assert not (out / "p.parquet").exists()
    return lines


def reseal(folder, name):
    """Make ``decoder.json`` believe a changed file."""
    content = read_json(folder / "decoder.json")
    content["files"][name] = sha256_file(folder / name)
    write_json(folder / "decoder.json", content)


@pytest.mark.fault(5, "image")
def test_row_5_a_recording_in_another_unit_is_recognised(folder, record, tmp_path):
    offline, streamed = line_of(folder, record(scale=10.0), tmp_path)
    assert "is not EEG in volts, it looks like microvolts" in offline
    assert "signals." not in offline
    assert "mend the recording first" in offline
    assert "times those of the training, in uV" in streamed


def test_row_6_without_any_marker_one_is_told_what_to_give(folder, record, tmp_path):
    for line in line_of(folder, record(lambda raw: raw.set_annotations(None)), tmp_path):
        assert "no marker found" in line
        assert "seen_raw.fif" in line
        assert "--events" in line


@pytest.mark.fault(7, "image")
def test_row_7_a_recording_shorter_than_a_window_gives_both_durations(folder, record, tmp_path):
    def short(raw):
        return raw.crop(tmin=1.0, tmax=1.4)

    path = record(short)
    with pytest.raises(DataFault) as caught:
        predict_file(Input(folder, "01"), path, tmp_path / "p.parquet")
    assert "none of 1 windows of 0.72 s lies in the recording of 0." in str(caught.value)


@pytest.mark.fault(8, "image")
def test_row_8_a_file_cut_short_is_recognised(folder, record, tmp_path):
    path = record()
    path.write_bytes(path.read_bytes()[:-5000])
    for line in line_of(folder, path, tmp_path):
        assert "truncated" in line


@pytest.mark.fault(10, "image")
def test_row_10_an_error_page_is_no_recording(folder, tmp_path):
    path = tmp_path / "seen_raw.fif"
    path.write_text("<!DOCTYPE html><html>404</html>")
    for line in line_of(folder, path, tmp_path):
        assert "error page, not data" in line


def test_a_file_of_no_known_format_is_named(folder, tmp_path):
    path = tmp_path / "seen.xyz"
    path.write_bytes(bytes(100))
    for line in line_of(folder, path, tmp_path):
        assert "cannot read the recording" in line
        assert "seen.xyz" in line


@pytest.mark.fault(16, "image")
def test_row_16_missing_channels_are_named_with_the_nearest(folder, record, tmp_path):
    path = record(channels=("Fz", "C3", "CPz", "C4", "Pz", "Oz"))
    for line in line_of(folder, path, tmp_path):
        assert "channels not in the recording: Cz (nearest: CPz)" in line


@pytest.mark.fault(16, "image")
def test_row_16_channels_too_many_are_named_and_may_be_dropped(folder, record, tmp_path):
    path = record(channels=("Fz", "C3", "Cz", "C4", "Pz", "Oz", "Fp1"))
    for line in line_of(folder, path, tmp_path):
        assert "channels the decoder does not know: Fp1" in line
        assert "--drop-extra" in line
    predict_file(Input(folder, "01", drop_extra=True), path, tmp_path / "p.parquet")
    stream_trials(Input(folder, "01", drop_extra=True), Live(replay=path, speed=None, n_trials=1))


@pytest.mark.fault(3, "image")
def test_row_16_a_flat_channel_is_named(folder, record, tmp_path):
    def flat(raw):
        raw.apply_function(lambda x: 0 * x, picks=["C4"], verbose="error")

    path = record(flat)
    with pytest.raises(DataFault, match=r"C4: flat at 0 V"):
        predict_file(Input(folder, "01"), path, tmp_path / "p.parquet")


def test_a_missing_folder_and_a_missing_file_are_told_apart(folder, record, tmp_path):
    path = record()
    for line in line_of(tmp_path / "nowhere", path, tmp_path):
        assert "no decoder here" in line
    (folder / "candidates.safetensors").unlink()
    for line in line_of(folder, path, tmp_path):
        assert "file not found" in line
        assert "candidates.safetensors" in line


@pytest.mark.fault(20, "image")
@pytest.mark.parametrize("name", ["network.safetensors", "candidates.safetensors", "people.json"])
def test_row_20_one_flipped_bit_is_found(folder, record, tmp_path, name):
    held = bytearray((folder / name).read_bytes())
    held[len(held) // 2] ^= 1
    (folder / name).write_bytes(held)
    for line in line_of(folder, record(), tmp_path):
        assert "the file is not the one that was written" in line
        assert name in line


@pytest.mark.parametrize("kind", ["imge", "os.system", "neurodecode.faults:Fault", ""])
def test_row_25_an_unknown_kind_of_decoder_is_refused(folder, record, tmp_path, kind):
    content = read_json(folder / "decoder.json")
    write_json(folder / "decoder.json", {**content, "kind": kind})
    for line in line_of(folder, record(), tmp_path):
        assert f"unknown kind of decoder '{kind}'" in line


@pytest.mark.fault(25, "image")
def test_row_25_a_pickle_in_place_of_weights_is_never_opened(folder, record, tmp_path):
    class Hostile:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    path = folder / "network.safetensors"
    path.write_bytes(pickle.dumps(Hostile()))
    held = json.loads((folder / "network.json").read_text())
    write_json(folder / "network.json", {**held, "sha256": sha256_file(path)})
    reseal(folder, "network.safetensors")
    reseal(folder, "network.json")
    for line in line_of(folder, record(), tmp_path):
        assert "not a safetensors file, refused to load" in line
    assert not (tmp_path / "owned").exists()


def test_row_25_a_network_larger_than_its_weights_is_refused(folder, record, tmp_path):
    held = json.loads((folder / "network.json").read_text())
    held["network"]["n_participants"] = 3
    write_json(folder / "network.json", held)
    reseal(folder, "network.json")
    for line in line_of(folder, record(), tmp_path):
        assert "weights do not fit the model" in line


@pytest.mark.fault(1, "image")
def test_row_1_nan_samples_are_named_with_channel_and_time(folder, record, tmp_path):
    def spoil(raw):
        raw._data[2, 500:510] = np.nan

    with pytest.raises(DataFault, match=r"Cz: 10 samples are NaN from 2\.00 s"):
        predict_file(Input(folder, "01"), record(spoil), tmp_path / "p.parquet")
