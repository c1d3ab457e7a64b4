"""``neurodecode stream --lsl`` decides from another process's stream what a replay decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from neurodecode.cli import app
from neurodecode.decoders.recordings import open_recording, trials_of

HELD_OUT = "cross_session.subject-01-session-1"


def call(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def folder(imagined):
    return imagined / "model" / "decoders" / HELD_OUT


@pytest.fixture(scope="module")
def file(imagined):
    return imagined / "study/sub-01/ses-1/eeg/sub-01_ses-1_task-imagery_eeg.vhdr"


@pytest.fixture(scope="module")
def raw(file):
    return open_recording(file)


@pytest.fixture(scope="module")
def marks(raw, file):
    """Return cues and rests, as a paradigm sends them."""
    return list(trials_of(raw, file, columns=("trial_type",)).itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def replayed(folder, file, tmp_path_factory):
    out = tmp_path_factory.mktemp("replayed") / "p.parquet"
    call("stream", folder, "--replay", file, "--speed", "max", "-o", out)
    return pd.read_parquet(out)


def streamed(folder, name, out, *options):
    said = call("stream", folder, "--lsl", name, "--markers", f"{name}-markers", "--held", 100,
                "-o", out, *options)  # fmt: skip
    return said, pd.read_parquet(out)


def assert_same(found, replayed):
    """Compare what was decided, trial by trial, with a replay."""
    kept = found[found["lost"] == ""]
    pairs = kept.merge(replayed, on=["trial", "rank"], suffixes=("", "_replayed"))
    assert len(pairs) == len(kept) > 0
    assert (pairs["candidate"] == pairs["candidate_replayed"]).all()
    assert (pairs["true"] == pairs["true_replayed"]).all()
    np.testing.assert_allclose(pairs["score"], pairs["score_replayed"], rtol=1e-6)


def test_the_decisions_are_those_of_a_replay(folder, raw, marks, replayed, sent, tmp_path):
    with sent(raw, marks, stop=42.0) as name:
        said, found = streamed(folder, name, tmp_path / "p.parquet", "--trials", 10)
    assert_same(found, replayed)
    assert "10 trials decided, 0 lost, 0 gaps" in said
    assert "markers that are no cue, left out: rest (16)" in said
    for word in ("jitter", "wait", "network", "total"):
        assert word in said


def test_a_lost_chunk_costs_the_trial_around_it_and_a_sender_that_leaves_the_last_one(
    folder, raw, marks, replayed, sent, tmp_path
):
    """The trial at 9 s loses 0.1 s of its window; the stream ends within that of the fifth."""
    with sent(raw, marks, stop=18.0, lost=(9.9, 10.0)) as name:
        said, found = streamed(folder, name, tmp_path / "p.parquet", "--trials", 5)
    assert_same(found, replayed)
    lost = found[found["lost"] != ""].set_index("trial")["lost"].to_dict()
    assert lost == {2: "a gap lies in its window", 4: "the stream ended before its window did"}
    assert "3 trials decided, 2 lost, 1 gaps" in said


def test_only_markers_that_are_named_begin_a_trial(folder, raw, sent, tmp_path):
    with sent(raw, [(1.0, "go"), (5.0, "stop")], stop=8.0) as name:
        said, found = streamed(folder, name, tmp_path / "p.parquet", "--cue", "go")
    assert set(found["true"]) == {"go"}
    assert "left out: stop (1)" in said


def test_a_stream_without_a_cue_says_how_to_name_one(folder, raw, sent, tmp_path):
    with sent(raw, [(1.0, "go")], stop=3.0) as name:
        said, _ = streamed(folder, name, tmp_path / "p.parquet")
    assert "no trial began: name what begins one with --cue" in said
