"""``neurodecode predict`` and ``neurodecode stream`` do what the library does, and print it."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

import neurodecode
from neurodecode.cli import app
from neurodecode.decoders.commands import outcome_table, parse_speed
from neurodecode.faults import ConfigFault, DataFault


@pytest.fixture
def file(viewing, tmp_path):
    path = tmp_path / "seen_raw.fif"
    viewing().save(path, verbose="error")
    return path


def call(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_predict_writes_what_the_library_returns(decoder_folder, file, viewing, tmp_path):
    import mne

    out = tmp_path / "predictions.parquet"
    said = call("predict", decoder_folder, file, "--participant", "01", "-o", out)
    raw = mne.io.read_raw(file, verbose="error")
    expected = neurodecode.load_decoder(decoder_folder).predict(raw, participant="01")
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected)
    assert "14 of 14 trials decoded" in said
    assert "top-5 accuracy 1.000, chance 1.000" in said


def test_predict_says_how_somebody_new_is_treated(decoder_folder, file, tmp_path):
    said = call("predict", decoder_folder, file, "-o", tmp_path / "p.parquet")
    assert "average participant, scaled by 14 windows" in said


def test_stream_prints_trials_and_the_latency_of_each_stage(decoder_folder, file, tmp_path):
    out = tmp_path / "stream.parquet"
    said = call("stream", decoder_folder, "--replay", file, "--participant", "01", "--speed", "max",
                "--top", 3, "-o", out)  # fmt: skip
    for word in ("wait", "filter", "cut", "scale", "network", "rank", "total", "filter delay",
                 "14 trials decided, 0 lost, 0 gaps", "shown: animal/cat.png, rank"):  # fmt: skip
        assert word in said
    table = pd.read_parquet(out)
    assert len(table) == 3 * 14
    assert (table["latency_ms"] > 0).all()
    assert (table["lost"] == "").all()


def test_stream_stops_after_the_trials_asked_for(decoder_folder, file):
    said = call("stream", decoder_folder, "--replay", file, "--participant", "01", "--speed", "max",
                "--trials", 2)  # fmt: skip
    assert "2 trials decided" in said


def test_stream_takes_somebody_new_with_a_recording_of_theirs(decoder_folder, file):
    said = call("stream", decoder_folder, "--replay", file, "--calibrate", file, "--speed", "max")
    assert "average participant, scaled by" in said
    assert "14 trials decided" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one of --replay FILE and --lsl NAME"),
        (("--replay", "a.fif", "--lsl", "b"), "give one of --replay FILE and --lsl NAME"),
        (("--replay", "a.fif"), "whose signals are these"),
        (("--replay", "a.fif", "--speed", "fast"), "speed 'fast'"),
    ],
)
def test_stream_asks_for_what_it_needs(decoder_folder, arguments, said):
    with pytest.raises(ConfigFault, match=said):
        call("stream", decoder_folder, *arguments)


def test_stream_knows_its_participants(decoder_folder, file):
    with pytest.raises(DataFault, match="unknown participant '3'"):
        call("stream", decoder_folder, "--replay", file, "--participant", "3")


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "quick"])
def test_a_speed_that_cannot_be_is_refused(text):
    with pytest.raises(ConfigFault, match="positive number"):
        parse_speed(text)


def test_speeds_are_read():
    assert parse_speed("max") is None
    assert parse_speed("2.5") == 2.5


def test_without_a_trial_the_table_has_its_columns():
    assert {"onset", "candidate", "latency_ms", "lost"} <= set(outcome_table([]).columns)
