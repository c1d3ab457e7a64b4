"""An acm decoder that left its run answers as the run's own evaluation does."""

from __future__ import annotations

import re

import mne
import numpy as np
import pandas as pd
import pytest

import neurodecode
from neurodecode.artefacts import read_json
from neurodecode.decoders.recordings import open_recording
from neurodecode.faults import DataFault
from neurodecode.riemann.config import FIXED, SHUFFLED_TIME, ModelSection
from neurodecode.riemann.decoder import ACMDecoder, Answers
from neurodecode.riemann.decoders import class_probabilities, decision_scores, make_decoder
from neurodecode.signals.config import SignalsSection
from neurodecode.signals.onsets import cut_onsets
from neurodecode.signals.store import open_store
from neurodecode.streaming.latency import replay_latency

HELD_OUT = "cross_session.subject-01-session-1"


@pytest.fixture(scope="module")
def decoder(imagined):
    return neurodecode.load_decoder(imagined / "model" / "decoders" / HELD_OUT)


@pytest.fixture(scope="module")
def raw(imagined):
    folder = imagined / "study" / "sub-01" / "ses-1" / "eeg"
    return open_recording(folder / "sub-01_ses-1_task-imagery_eeg.vhdr")


@pytest.fixture(scope="module")
def own(imagined):
    """Return the run's own answers to the held-out session."""
    found = pd.read_parquet(imagined / "predictions.parquet")
    return found[found["session"] == "1"].reset_index(drop=True)


def scores(table, name):
    return table[table["candidate"] == name].sort_values("trial")["score"].to_numpy()


def test_every_fold_leaves_a_folder(imagined):
    names = {path.name for path in (imagined / "model" / "decoders").iterdir()}
    assert names == {HELD_OUT, HELD_OUT.replace("session-1", "session-0")}


def test_the_held_out_recording_gets_the_scores_of_the_evaluation_to_the_last_bit(
    decoder, raw, own
):
    found = decoder.predict(raw)
    assert len(own) == 16
    for name in decoder.cues:
        np.testing.assert_array_equal(scores(found, name), own[f"score_{name}"])
    first = found[found["rank"] == 1]
    assert first["candidate"].tolist() == own["y_pred"].tolist()
    assert first["true"].tolist() == own["y_true"].tolist()


def test_windows_of_a_store_are_answered_alike_in_any_order_of_rows(decoder, imagined, own):
    store = open_store(imagined / "stores" / "01")
    windows = store.signals[(store.trials["session"] == "1").to_numpy()]
    found = decoder.predict(windows[:, ::-1], channels=decoder.channels[::-1], sfreq=100.0)
    np.testing.assert_array_equal(scores(found, "left_hand"), own["score_left_hand"])
    assert found["onset"].isna().all()


def test_no_answer_depends_on_the_label(decoder, raw):
    onsets = raw.annotations.onset[raw.annotations.description != "rest"]
    labelled, bare = decoder.predict(raw), decoder.predict(raw, onsets.tolist())
    assert "true" not in bare
    np.testing.assert_array_equal(labelled["score"], bare["score"])


def test_the_card_has_data_split_score_with_interval_and_limits(decoder, imagined, own):
    card = (imagined / "model" / "decoders" / HELD_OUT / "README.md").read_text()
    held_out = decoder.settings.held_out
    for words in ("local", "left_hand: 8", "cross_session", "## Limits", "chance 0.500"):
        assert words in card
    assert f"roc_auc {held_out.value:.3f}" in card
    assert re.search(rf"interval\s+{held_out.ci_low:.3f} to {held_out.ci_high:.3f}", card)
    margin = own["score_right_hand"].to_numpy()
    right = (own["y_true"] == "right_hand").to_numpy()
    assert held_out.value == np.mean(margin[right][:, None] > margin[~right])


def test_the_folder_says_what_it_was_written_with(imagined):
    sealed = read_json(imagined / "model" / "decoders" / HELD_OUT / "decoder.json")
    assert sealed["kind"] == "acm"
    assert {"pyriemann", "scikit-learn", "moabb", "mne", "python"} <= set(sealed["versions"])
    assert set(sealed["files"]) == {"model.json", "models.skops"}


def test_a_stream_decides_as_offline_on_the_same_causal_chain(decoder, raw):
    onsets = raw.annotations.onset[raw.annotations.description != "rest"]
    found = replay_latency(decoder, raw, onsets.tolist(), person=decoder.anyone(), chunk=0.07)
    assert found.same_as_offline == 1.0
    assert len(found.decisions) == 16


def test_a_bank_of_bands_streams_each_band_as_it_was_stacked(decoder, raw):
    from neurodecode.streaming.causal import CausalChain

    bands = ((8.0, 12.0), (12.0, 30.0))
    changed = decoder.settings.signals.model_copy(update={"bands": bands})
    chain = decoder.settings.model_copy(update={"signals": changed}).chain()
    signals = raw.get_data(stop=500)
    stacked = CausalChain(chain, 100.0).push(signals)
    assert stacked.shape == (chain.n_lanes * 4, 500)
    for lane, band in enumerate(bands):
        one = decoder.settings.signals.model_copy(update={"bands": (band,)})
        alone = CausalChain(decoder.settings.model_copy(update={"signals": one}).chain(), 100.0)
        np.testing.assert_array_equal(stacked[4 * lane : 4 * lane + 4], alone.push(signals))


def test_two_causal_passes_have_the_gain_of_the_zero_phase_filter(decoder, raw):
    """A covariance sees gains only, so streams give the decoder what it was trained on."""
    from neurodecode.streaming.causal import CausalChain

    rng = np.random.default_rng(0)
    noise = mne.io.RawArray(rng.standard_normal((1, 30_000)) * 1e-5,
                            mne.create_info(["Cz"], 100.0, "eeg"), verbose="error")  # fmt: skip
    causal = CausalChain(decoder.chain, 100.0).push(noise.get_data())
    noise.filter(8.0, 35.0, method="iir", verbose="error")
    power = [np.abs(np.fft.rfft(x.ravel())) ** 2 for x in (causal, 1e6 * noise.get_data())]
    bins = [np.add.reduceat(p, np.arange(0, len(p), 300)) for p in power]
    kept = bins[1] > 1e-2 * bins[1].max()
    np.testing.assert_allclose(bins[0][kept], bins[1][kept], rtol=0.02)


@pytest.mark.parametrize("name", [name for name in FIXED if name != SHUFFLED_TIME])
def test_a_trial_is_answered_alone_as_among_others(name, trials):
    """Streams decide trial by trial."""
    X, table = trials(n_trials=12)
    model = ModelSection(order=2, n_bands=2)
    fitted = make_decoder(name, model).fit(X, table["label"].to_numpy(dtype=str))
    together = decision_scores(fitted, X)
    alone = np.concatenate([decision_scores(fitted, X[k : k + 1]) for k in range(len(X))])
    np.testing.assert_allclose(alone, together, rtol=1e-9, atol=1e-12)
    likely = class_probabilities(fitted, together)
    np.testing.assert_allclose(likely.sum(axis=1), 1)
    np.testing.assert_array_equal(likely.argmax(axis=1), together.argmax(axis=1))


def test_the_predicted_class_comes_first_even_where_a_score_is_larger(decoder):
    values = np.array([[0.2, 0.1], [0.1, 0.2]])
    ranking = decoder.rank(Answers(values, values, np.array([1, 1])), true=["left_hand", "?"])
    assert ranking.names == [["right_hand", "left_hand"]] * 2
    assert ranking.true_rank.tolist() == [2, 0]
    np.testing.assert_array_equal(ranking.scores, [[0.1, 0.2], [0.2, 0.1]])


def test_onsets_outside_and_in_bad_stretches_are_left_out(decoder, raw):
    spoilt = raw.copy()
    spoilt.set_annotations(mne.Annotations([8.0], [2.0], ["BAD_jump"]))
    found = decoder.predict(spoilt, [5.0, 9.0, 13.0, 65.9])
    assert found["onset"].unique().tolist() == [5.0, 13.0]


def test_a_recording_is_left_as_it_is(decoder, raw):
    before = raw.annotations.copy()
    decoder.predict(raw)
    assert raw.annotations == before
    assert not raw.preload


def test_onsets_count_from_the_first_sample_of_a_cropped_recording(decoder, raw):
    cropped = raw.copy().crop(tmin=3.0)
    settings = SignalsSection(channels=decoder.channels, bands=((8.0, 35.0),))
    whole, _ = cut_onsets(raw, [21.0], settings, (0.5, 2.0))
    found, _ = cut_onsets(cropped, [18.0], settings, (0.5, 2.0))
    np.testing.assert_allclose(found, whole, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"counts": {"feet": 8, "left_hand": 8}}, "do not fit together"),
        ({"spread": (1.0,)}, "do not fit together"),
    ],
)
def test_settings_of_another_model_are_refused(decoder, change, said):
    with pytest.raises(DataFault, match=said):
        ACMDecoder(decoder.settings.model_copy(update=change), decoder.pipeline)


def test_another_object_than_a_pipeline_is_refused(decoder):
    with pytest.raises(DataFault, match="no acm decoder"):
        ACMDecoder(decoder.settings, decoder.pipeline.named_steps["classifier"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sfreq": 128.0}, "windows at 128 Hz, the decoder was trained at 100 Hz"),
        ({"channels": ["C3", "Cz", "C4", "Oz"]}, r"channels not .*Pz"),
        ({"channels": ["C3", "Cz"]}, "for 2 channel names"),
        ({"participant": "02"}, "unknown participant '02'"),
        ({"true": ["left_hand"]}, "1 classes for 3 onsets"),
    ],
)
def test_an_array_that_does_not_fit_is_answered_with_what_does(decoder, options, said):
    windows = np.random.default_rng(0).standard_normal((3, 4, decoder.chain.n_samples))
    with pytest.raises(DataFault, match=said):
        decoder.predict(windows, **options)


def test_an_array_in_volts_is_recognised(decoder):
    windows = np.random.default_rng(0).standard_normal((3, 4, decoder.chain.n_samples))
    with pytest.raises(DataFault, match=r"look like volts.*multiply by 1e\+06"):
        decoder.predict(windows * 1e-5)
    windows[1, 2, 3] = np.nan
    with pytest.raises(DataFault, match="channel C4, window 1"):
        decoder.predict(windows)
