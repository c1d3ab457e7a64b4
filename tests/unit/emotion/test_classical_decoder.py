"""Classical decoders that left their run answer as its evaluation does, offline and streamed."""

from __future__ import annotations

import re
import shutil

import mne
import numpy as np
import pytest

import neurodecode
from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.emotion.classical import CLASSICAL
from neurodecode.emotion.classical_decoder import ClassicalDecoder
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.evaluation import evaluate_unit
from neurodecode.emotion.loading import fold_folder
from neurodecode.emotion.training import train_unit
from neurodecode.emotion.units import unit_of
from neurodecode.faults import DataFault
from neurodecode.signals.store import open_store
from neurodecode.streaming.latency import replay_latency

NAMES = tuple(CLASSICAL)


@pytest.fixture(scope="module")
def run(watched, tmp_path_factory):
    models = [*NAMES, "DE+SVM, ratings shuffled"]
    study = watched(("01",), split={"max_folds": 1}, models=models)
    unit = unit_of(study.config, "leave_clips_out.sub-01")
    folder = tmp_path_factory.mktemp("classical-run")
    train_unit(study, unit, folder)
    return study, folder, evaluate_unit(study, unit, folder).predictions.query("kind == 'windows'")


@pytest.fixture(scope="module")
def place_of(run):
    def place(name):
        own = run[2].query("model == @name")
        fold = own["fold"].iloc[0]
        return fold_folder(run[1], decoder_of(name), "valence", fold) / "decoder", own

    return place


def test_every_classical_decoder_leaves_the_run_and_no_control(run):
    found = sorted(path.parents[3].name for path in run[1].rglob("decoder.json"))
    assert found == sorted(decoder_of(name).slug for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_held_out_windows_get_the_probabilities_of_the_evaluation_to_the_last_bit(
    run, place_of, name
):
    place, own = place_of(name)
    decoder = neurodecode.load_decoder(place)
    store = open_store(run[0].folders["01"])
    row = {trial: k for k, trial in enumerate(store.trials["trial"])}
    size = decoder.settings.n_samples
    windows = np.stack([
        store.signals[row[trial], :, start : start + size]
        for trial, start in zip(own["trial"], own["start"], strict=True)
    ])  # fmt: skip
    columns = [f"p_{k}" for k in range(len(decoder.cues))]
    np.testing.assert_array_equal(decoder.infer(windows), own[columns].to_numpy())
    hits = own[columns].to_numpy().argmax(axis=1) == own["level"].to_numpy()
    card = (place / "README.md").read_text()
    assert re.search(rf"accuracy {hits.mean():.3f}, 95 % interval", card)
    assert decoder_of(name).description in card


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_decides_as_offline_where_the_normalisation_is_causal(place_of, name):
    decoder = neurodecode.load_decoder(place_of(name)[0])
    signals = decoder.settings.signals.model_copy(update={"scaling": "baseline"})
    settings = decoder.settings.model_copy(update={"signals": signals})
    causal = ClassicalDecoder(settings, decoder.pipeline)
    noise = 1e-5 * np.random.default_rng(0).standard_normal((len(decoder.channels), 20 * 128))
    info = mne.create_info(list(decoder.channels), 128.0, "eeg")
    raw = mne.io.RawArray(noise, info, verbose="error")
    found = replay_latency(causal, raw, [5.0, 12.0], person=causal.stranger(raw, [4.0]))
    assert found.same_as_offline == 1.0
    assert len(found.decisions) == 2
    with pytest.raises(DataFault, match="cannot stream"):
        decoder.stranger(raw, [4.0])


def test_another_pipeline_under_the_name_is_refused(place_of, tmp_path):
    folder = shutil.copytree(place_of("TS+LR")[0], tmp_path / "decoder")
    content = read_json(folder / "model.json")
    write_json(folder / "model.json", {**content, "name": "DE+SVM"})
    sealed = read_json(folder / "decoder.json")
    sealed["files"]["model.json"] = sha256_file(folder / "model.json")
    write_json(folder / "decoder.json", sealed)
    with pytest.raises(DataFault, match=r"the saved model is no DE\+SVM"):
        neurodecode.load_decoder(folder)
