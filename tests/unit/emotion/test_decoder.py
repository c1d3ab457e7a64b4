"""An emotion network that left its run answers as the run's own evaluation does."""

from __future__ import annotations

import json
import re
import shutil

import mne
import numpy as np
import pandas as pd
import pytest

import neurodecode
from neurodecode.datasets.catalog import find_card
from neurodecode.emotion.config_model import HierarchySection, NetworkSection
from neurodecode.emotion.decoder import EmotionDecoder
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.evaluation import evaluate_unit
from neurodecode.emotion.graphs import EPOC
from neurodecode.emotion.loading import fold_folder
from neurodecode.emotion.study import read_subject
from neurodecode.emotion.training import train_unit
from neurodecode.emotion.units import unit_of
from neurodecode.faults import DataFault
from neurodecode.signals.store import open_store
from neurodecode.streaming.latency import replay_latency

UNIT = "leave_clips_out.sub-01"


@pytest.fixture(scope="module")
def run(watched, tmp_path_factory):
    """Return the study, the folder of a small run's models, and its predictions."""
    study = watched(("01",), split={"max_folds": 1}, models=["HiSTN G0", "DE+SVM"])
    unit = unit_of(study.config, UNIT)
    folder = tmp_path_factory.mktemp("emotion-run")
    train_unit(study, unit, folder)
    found = evaluate_unit(study, unit, folder).predictions
    return study, folder, found.query("kind == 'windows' and model == 'HiSTN G0'")


@pytest.fixture(scope="module")
def place(run):
    _, folder, own = run
    return fold_folder(folder, decoder_of("HiSTN G0"), "valence", own["fold"].iloc[0]) / "decoder"


@pytest.fixture(scope="module")
def decoder(place):
    return neurodecode.load_decoder(place)


@pytest.fixture(scope="module")
def session(run, viewers):
    """Return the recording that the run read."""
    config = run[0].config
    return read_subject(config, find_card("simulated-rated"), "01", viewers)[0]


def probabilities(table, levels):
    wide = table.pivot_table(index="trial", columns="candidate", values="probability")
    return wide[list(levels)].to_numpy()


def test_the_first_network_and_every_classical_decoder_leave_the_run(run):
    folders = [path.parent for path in run[1].rglob("decoder.json")]
    names = sorted(path.parent.parent.parent.name for path in folders)
    assert names == ["de-svm", "histn-g0"]


def test_held_out_windows_get_the_probabilities_of_the_evaluation_to_the_last_bit(decoder, run):
    study, _, own = run
    store = open_store(study.folders["01"])
    row = {trial: k for k, trial in enumerate(store.trials["trial"])}
    size = decoder.settings.n_samples
    windows = np.stack([
        store.signals[row[trial], :, start : start + size]
        for trial, start in zip(own["trial"], own["start"], strict=True)
    ])  # fmt: skip
    found = decoder.predict(windows[:, ::-1], channels=decoder.channels[::-1], sfreq=128.0)
    columns = [f"p_{k}" for k in range(len(decoder.cues))]
    np.testing.assert_array_equal(probabilities(found, decoder.cues), own[columns].to_numpy())


def test_a_clip_with_its_rest_is_prepared_as_in_the_run(decoder, run, session):
    """``signals.seconds`` is the whole clip here; the rest is the middle of the baseline."""
    own, chosen = run[2], decoder.settings.signals
    trial = own["trial"].iloc[0]
    k = session.table["trial"].tolist().index(trial)
    rest, wanted = session.baselines[k], round(chosen.baseline_seconds * session.sampling_rate)
    first = (rest.shape[1] - wanted) // 2
    rest = rest[:, first : first + wanted]
    names, rate = session.channel_names, session.sampling_rate
    found = decoder.decode_clip(session.signals[k], rest, channels=names, sfreq=rate)
    columns = [f"p_{k}" for k in range(len(decoder.cues))]
    expected = own.loc[own["trial"] == trial, columns].to_numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_card_has_split_score_with_interval_and_limits(place, run):
    card = (place / "README.md").read_text()
    own = run[2]
    answers = own[[f"p_{k}" for k in range(5)]].to_numpy().argmax(axis=1)
    accuracy = np.mean(answers == own["level"].to_numpy())
    assert re.search(rf"accuracy {accuracy:.3f}, 95 % interval\n0\.\d+ to [01]\.\d+", card)
    for words in ("leave_clips_out", "simulated-rated", "## Limits", "looks at the whole clip"):
        assert words in card


def record(decoder, *, seconds=30.0, sfreq=128.0, scale=1e-5, channels=None):
    rng = np.random.default_rng(0)
    names = list(decoder.channels if channels is None else channels)
    signals = scale * rng.standard_normal((len(names), round(seconds * sfreq)))
    return mne.io.RawArray(signals, mne.create_info(names, sfreq, "eeg"), verbose="error")


def test_a_recording_is_decoded_window_by_window(decoder):
    found = decoder.predict(record(decoder), [5.0, 15.0], true=["4", "2.0"])
    assert found["clip"].tolist() == [0] * 20 + [1] * 20
    firsts = found[found["rank"] == 1]
    assert firsts["onset"].tolist() == [5.0, 6.0, 7.0, 8.0, 15.0, 16.0, 17.0, 18.0]
    assert firsts["true"].tolist() == ["4"] * 4 + ["2"] * 4
    assert (firsts["true_rank"] > 0).all()
    alone = decoder.predict(record(decoder), [15.0])
    later = found.loc[found["clip"] == 1, "probability"]
    np.testing.assert_allclose(alone["probability"], later, atol=1e-6)


def test_a_normalisation_that_looks_ahead_is_not_streamed(decoder):
    with pytest.raises(DataFault, match=r"cannot stream: scaling 'max-abs'.*scaling=baseline"):
        decoder.stranger(record(decoder), [5.0])


def test_a_stream_decides_as_offline_where_the_normalisation_is_causal(decoder):
    signals = decoder.settings.signals.model_copy(update={"scaling": "baseline"})
    settings = decoder.settings.model_copy(update={"signals": signals})
    causal = EmotionDecoder(settings, decoder.network, decoder.target)
    raw = record(decoder, sfreq=256.0)
    person = causal.stranger(raw, [4.0])
    found = replay_latency(causal, raw, [5.0, 7.3, 12.0], person=person)
    assert found.same_as_offline == 1.0
    assert len(found.decisions) == 3


def causal_folder(place, folder):
    """Return a copy of a decoder whose windows are normalised by the rest alone."""
    from neurodecode.artefacts import read_json, sha256_file, write_json

    shutil.copytree(place, folder)
    settings, sealed = read_json(folder / "network.json"), read_json(folder / "decoder.json")
    settings["signals"]["scaling"] = "baseline"
    write_json(folder / "network.json", settings)
    sealed["files"]["network.json"] = sha256_file(folder / "network.json")
    write_json(folder / "decoder.json", sealed)
    return folder


def test_a_stream_over_lsl_decides_as_a_replay(decoder, place, tmp_path, sent, capsys):
    from neurodecode.decoders.commands import Input, Live, stream_trials

    raw = record(decoder, sfreq=256.0, seconds=15.0)
    marks = [(5.0, "4"), (7.25, "2"), (12.0, "5")]
    raw.set_annotations(
        mne.Annotations(*zip(*[(t, 1.0, label) for t, label in marks], strict=True))
    )
    file = tmp_path / "watched_raw.fif"
    raw.save(file, verbose="error")
    chosen, tables = Input(causal_folder(place, tmp_path / "decoder")), []
    with sent(raw, marks, lost=(7.5, 7.6)) as name:
        ways = {"replay": {"replay": file, "speed": None}, "lsl": {"lsl": name, "held": 100.0,
                "markers": f"{name}-markers", "n_trials": 3}}  # fmt: skip
        for way, live in ways.items():
            stream_trials(chosen, Live(calibration=file, **live), tmp_path / way)
            tables.append(pd.read_parquet(tmp_path / way))
    replayed, found = tables
    assert found.loc[found["lost"] != "", "trial"].tolist() == [1]
    assert "2 trials decided, 1 lost, 1 gaps" in capsys.readouterr().out
    pairs = found[found["lost"] == ""].merge(replayed, on=["trial", "rank"])
    assert len(pairs) == 2 * len(decoder.cues)
    assert (pairs["candidate_x"] == pairs["candidate_y"]).all()
    np.testing.assert_allclose(pairs["score_x"], pairs["score_y"], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "onset", "said"),
    [
        ({"channels": EPOC[:-1]}, 5.0, "channels not in the recording: AF4"),
        ({"channels": (*EPOC, "Cz")}, 5.0, "channels the decoder does not know: Cz"),
        ({"scale": 10.0}, 5.0, "looks like microvolts"),
        ({}, 1.0, "-1.00 to 1.00 s is not inside"),
        ({}, 28.0, "28.00 to 32.00 s is not inside the recording"),
    ],
)
def test_a_recording_that_does_not_fit_is_answered_with_what_does(decoder, options, onset, said):
    with pytest.raises(DataFault, match=said):
        decoder.predict(record(decoder, **options), [onset])


def test_a_constant_channel_is_named(decoder):
    raw = record(decoder)
    raw.apply_function(lambda x: 0 * x, picks=["O1"], verbose="error")
    with pytest.raises(DataFault, match="constant channels: O1"):
        decoder.predict(raw, [5.0])


def test_a_rest_of_a_participant_is_not_kept(decoder):
    with pytest.raises(DataFault, match="--calibrate FILE"):
        decoder.person("01" if "01" in decoder.participants else decoder.participants[0])
    with pytest.raises(DataFault, match="unknown participant"):
        decoder.predict(record(decoder), [5.0], participant="99")


def test_own_regions_leave_with_the_decoder_and_need_no_file():
    half = {"left": {"channels": EPOC[:7]}, "right": {"channels": EPOC[7:]}}
    section = NetworkSection(hierarchy=HierarchySection.model_validate({"regions": half}))
    again = NetworkSection.model_validate(section.resolved().model_dump(mode="json"))
    assert again.hierarchy.build() == section.hierarchy.build()


def test_a_changed_weight_is_found_and_another_shape_refused(place, tmp_path):
    from neurodecode.artefacts import read_json, sha256_file, write_json

    folder = shutil.copytree(place, tmp_path / "decoder")
    content = read_json(folder / "network.json")
    write_json(folder / "network.json", {**content, "network": {"name": "EEGNet"}})
    with pytest.raises(DataFault, match=r"not the one that was written"):
        neurodecode.load_decoder(folder)
    sealed = read_json(folder / "decoder.json")
    sealed["files"]["network.json"] = sha256_file(folder / "network.json")
    write_json(folder / "decoder.json", {**sealed})
    with pytest.raises(DataFault, match="weights do not fit the model"):
        neurodecode.load_decoder(folder)


def test_the_command_reads_ratings_from_a_table_and_counts_clips(decoder, place, tmp_path, capsys):
    from neurodecode.decoders.commands import Input, predict_file

    record(decoder).save(tmp_path / "watched_raw.fif", verbose="error")
    table = tmp_path / "events.tsv"
    rows = pd.DataFrame({"onset": [1.0, 3.0, 5.0, 15.0], "valence": [5, None, 4, 2]})
    rows.to_csv(table, sep="\t", index=False)
    chosen = Input(place, events=table)
    predict_file(chosen, tmp_path / "watched_raw.fif", tmp_path / "p.parquet")
    said = capsys.readouterr().out
    assert "2 of 3 trials decoded" in said  # the first has no rest before it
    assert "no label (1)" in said
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found["true"].tolist() == ["4"] * 20 + ["2"] * 20


def test_the_exported_network_gives_the_probabilities_of_the_decoder(decoder, place, tmp_path):
    import onnxruntime

    exported = neurodecode.export_onnx(place, tmp_path / "model.onnx", participant="01")
    size = (len(decoder.channels), decoder.settings.n_samples)
    assert exported.inputs == {"windows": ["batch", *size]}
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    windows = np.random.default_rng(0).standard_normal((5, *size), dtype=np.float32)
    (found,) = session.run(None, {"windows": windows})
    np.testing.assert_allclose(found, decoder.infer(windows), atol=1e-5)
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["labels"]) == list(decoder.cues)
