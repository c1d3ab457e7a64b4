"""A decoder of files is asked to read its file by itself; what belongs to recordings is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from neurodecode.decoder_folder import seal_folder
from neurodecode.decoders import loading
from neurodecode.decoders.commands import Input, Live, predict_file, stream_trials
from neurodecode.faults import ConfigFault


class Sums:
    """Adds up the numbers of a JSON file."""

    kind = "sums"
    noun = "row"

    def read(self, path):
        return json.loads(path.read_text())

    def predict(self, data, *, participant=None, top=5):
        return pd.DataFrame({"row": range(len(data)), "sum": [sum(row) for row in data],
                             "note": [f"for {participant}"] * len(data)})  # fmt: skip

    def summary(self, found):
        return [f"{len(found)} rows"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setitem(loading.KINDS, "sums", lambda _: Sums())
    folder = tmp_path / "decoder"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    seal_folder(folder, "sums")
    return folder


def test_predictions_notes_and_summary_are_written_and_said(folder, tmp_path, capsys):
    (tmp_path / "numbers.json").write_text("[[1, 2], [3, 4]]")
    predict_file(Input(folder, "01"), tmp_path / "numbers.json", tmp_path / "p.parquet")
    assert pd.read_parquet(tmp_path / "p.parquet")["sum"].tolist() == [3, 7]
    said = capsys.readouterr().out
    assert "2 rows" in said
    assert said.count("for 01") == 1


def test_options_of_recordings_are_refused_by_name(folder, tmp_path):
    chosen = Input(folder, montage="standard_1020", drop_extra=True)
    with pytest.raises(ConfigFault, match="no use for --montage, --drop-extra"):
        predict_file(chosen, tmp_path / "numbers.json", tmp_path / "p.parquet")


def test_what_reads_files_cannot_follow_a_stream(folder, tmp_path):
    with pytest.raises(ConfigFault, match="the sums decoder cannot follow a stream"):
        stream_trials(Input(folder), Live(replay=tmp_path / "numbers.json"))
