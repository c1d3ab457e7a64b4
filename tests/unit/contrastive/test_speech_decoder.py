"""A speech decoder that left its run decides as the run did, offline and in a stream."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import neurodecode
from neurodecode.contrastive.speech.decoder import SpeechDecoder
from neurodecode.contrastive.speech.evaluation import evaluate_unit
from neurodecode.contrastive.speech.training import train_unit
from neurodecode.contrastive.speech.units import unit_of
from neurodecode.faults import DataFault
from neurodecode.streaming import Decision, ReplaySource, StreamDecoder, decide_offline
from neurodecode.streaming.latency import same_ranking

SUBJECTS = ["01", "02", "03"]
DECODERS = ("contrastive", "contrastive-deep-mel", "ridge-mel")


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    """Return what a unit's folder and its own evaluation are, by the name of its decoder."""
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("model")
            unit = unit_of(study.heard.config, f"{name}.seed-1", SUBJECTS)
            train_unit(study.heard, unit, folder)
            made[name] = folder, evaluate_unit(study.heard, unit, folder).predictions
        return made[name]

    return of


@pytest.fixture
def decoder(run):
    return neurodecode.load_decoder(run("contrastive")[0] / "decoder")


@pytest.fixture
def raw(study, new_listener):
    """Return the recording of participant 02."""
    return new_listener(study.audio, "02").raw


@pytest.fixture
def heard(run):
    """Return the test windows of participant 02: their anchors and segments."""
    own = run("contrastive")[1]
    return own[own["participant"] == "02"]


@pytest.mark.parametrize("name", DECODERS)
def test_a_recording_is_decoded_as_by_the_run_to_the_last_bit(run, study, new_listener, name):
    folder, own = run(name)
    decoder = neurodecode.load_decoder(folder / "decoder")
    for subject in SUBJECTS:
        mine = own[own["participant"] == subject]
        assert len(mine) > 3
        table = decoder.predict(
            new_listener(study.audio, subject).raw, mine["anchor"].tolist(), participant=subject,
            true=mine["segment"].tolist(), top=len(decoder.segments.segments),
        )  # fmt: skip
        first = table[table["rank"] == 1]
        assert first["true_rank"].tolist() == mine["rank"].tolist()
        heard = table[table["candidate"] == table["true"]]
        np.testing.assert_array_equal(
            heard["probability"].to_numpy(np.float32), mine["probability"].to_numpy()
        )
        assert (heard["group"].to_numpy() == mine["word"].to_numpy()).all()


@pytest.mark.parametrize("chunk", [0.03, 0.7])
def test_a_stream_decides_as_the_same_causal_chain_does_offline(decoder, raw, heard, chunk):
    onsets, person = heard["anchor"].tolist(), decoder.person("02")
    names = [raw.ch_names.index(name) for name in person.channels]
    offline = decide_offline(decoder, raw.get_data(names), 50.0, np.array(onsets), person)
    source = ReplaySource(raw, onsets, heard["segment"].tolist(), speed=None, chunk=chunk)
    decided = list(StreamDecoder(decoder, source, person).run())
    assert len(decided) == len(offline) > 3
    for decision in decided:
        assert isinstance(decision, Decision)
        mine = offline[onsets.index(decision.marker.onset)]
        assert same_ranking(decision.ranking, mine)
        assert decision.ranking.true_rank[0] >= 1


def test_away_from_the_edges_a_stream_ranks_as_the_run_did(decoder, raw, heard):
    source = ReplaySource(raw, heard["anchor"].tolist(), heard["segment"].tolist(), speed=None)
    decided = list(StreamDecoder(decoder, source, decoder.person("02")).run())
    ranks = [int(decision.ranking.true_rank[0]) for decision in decided]
    assert np.abs(np.array(ranks) - heard["rank"].to_numpy()).max() <= 1


def test_estimates_that_do_not_fit_into_memory_are_ranked_in_parts(
    decoder, raw, heard, monkeypatch
):
    given = {"participant": "02", "true": heard["segment"].tolist()}
    whole = decoder.predict(raw, heard["anchor"].tolist(), **given)
    monkeypatch.setattr("neurodecode.contrastive.decoder.QUERY_BYTES", 1)
    monkeypatch.setattr(SpeechDecoder, "batch_size", 2)
    parts = decoder.predict(raw, heard["anchor"].tolist(), **given)
    pd.testing.assert_frame_equal(parts, whole, rtol=1e-4)


def test_the_card_says_data_split_score_with_interval_and_chance(run, decoder):
    card = (run("contrastive")[0] / "decoder" / "README.md").read_text()
    held_out = decoder.settings.held_out
    for fact in ("simulated-listening", "01, 02, 03", "hash of their text", "top-10 accuracy",
                 f"{held_out.value:.3f}", f"chance {held_out.chance:.3f}", "over sentences",
                 "not calibrated"):  # fmt: skip
        assert fact in card
    own = run("contrastive")[1]
    assert held_out.value == pytest.approx((own["rank"] <= 10).mean())
    assert held_out.ci_low <= held_out.value <= held_out.ci_high


def test_a_control_and_the_points_of_a_curve_leave_no_decoder(study, tmp_path):
    for name in ("contrastive-targets-shuffled.seed-1", "contrastive.seed-1.participants-2"):
        unit = unit_of(study.heard.config, name, SUBJECTS)
        train_unit(study.heard, unit, tmp_path / name)
        assert not (tmp_path / name / "decoder").exists()


def test_somebody_new_is_decoded_as_the_average_and_the_table_says_so(decoder, raw, heard):
    raw.rename_channels({"T8": "T7"})
    anchors = heard["anchor"].tolist()
    table = decoder.predict(raw, anchors)
    assert table["note"].str.startswith("average participant, scaled by").all()


def test_a_segment_that_is_no_candidate_has_no_rank(decoder, raw, heard):
    anchors = heard["anchor"].tolist()
    true = [*heard["segment"].tolist()[:-1], "0|never told"]
    table = decoder.predict(raw, anchors, participant="02", true=true)
    assert (table.loc[table["true"] == true[-1], "true_rank"] == 0).all()
    assert (table.loc[table["true"] != true[-1], "true_rank"] > 0).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": ["Cz", "T8", "POz"]}, "channels not in the recording: Pz"),
        ({"sfreq": 50.0}, "windows at 50 Hz, the decoder was trained at 40 Hz"),
        ({"participant": "2"}, "unknown participant '2', did you mean '02'"),
        ({"scale": 1e-6}, "they look like volts"),
    ],
)
def test_wrong_input_is_answered_with_names(decoder, change, said):
    windows = np.random.default_rng(0).normal(0, 10, (5, 3, 41)) * change.pop("scale", 1.0)
    given = {"channels": ["Cz", "T8", "Pz"], "participant": "02", **change}
    with pytest.raises(DataFault, match=said):
        decoder.estimate(windows, **given)


def test_predict_and_stream_of_the_command_line_take_a_table_of_segments(
    run, raw, heard, tmp_path, capsys
):
    from neurodecode.decoders.commands import Input, Live, predict_file, stream_trials

    raw.save(tmp_path / "heard_raw.fif", verbose="error")
    events = heard[["anchor", "segment"]].rename(columns={"anchor": "onset"})
    events.to_csv(tmp_path / "events.tsv", sep="\t", index=False)
    chosen = Input(run("contrastive")[0] / "decoder", "02", tmp_path / "events.tsv", top=10)
    predict_file(chosen, tmp_path / "heard_raw.fif", tmp_path / "p.parquet")
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found[found["rank"] == 1]["true_rank"].tolist() == heard["rank"].tolist()
    stream_trials(chosen, Live(replay=tmp_path / "heard_raw.fif", speed=None))
    said = capsys.readouterr().out
    assert f"top-10 accuracy {(heard['rank'] <= 10).mean():.3f}" in said
    assert f"{len(heard)} trials decided, 0 lost" in said


@pytest.mark.parametrize("name", DECODERS[1:])
def test_the_exported_network_estimates_as_the_decoder_does(run, tmp_path, name):
    import onnxruntime

    folder, out = run(name)[0] / "decoder", tmp_path / "model.onnx"
    exported = neurodecode.export_onnx(folder, out)
    assert exported.inputs["signals"] == ["batch", 5, 41]
    decoder = neurodecode.load_decoder(folder)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    for place, label in enumerate(SUBJECTS):
        person = decoder.person(label)
        noise = np.random.default_rng(0).normal(0, 10, (3, len(person.channels), 41))
        windows = decoder.scale(noise, person)
        (found,) = session.run(None, {"signals": windows, "participant": np.full(3, place)})
        expected = decoder.infer(windows, person).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
