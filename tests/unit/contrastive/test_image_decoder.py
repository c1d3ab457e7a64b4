"""A decoder that left its run decides as the run did, and answers wrong input with names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import neurodecode
from neurodecode.config import validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.evaluation import evaluate_unit
from neurodecode.contrastive.image.preparation import prepare_viewer
from neurodecode.contrastive.image.recordings import fetch_seen, read_seen, read_viewer
from neurodecode.contrastive.image.training import train_unit
from neurodecode.contrastive.image.units import Seen, unit_of
from neurodecode.datasets.catalog import card_of
from neurodecode.datasets.simulate.viewing import simulate_viewing
from neurodecode.faults import DataFault

SUBJECTS = ["01", "02"]
DECODERS = ("contrastive", "ridge")
EXPERIMENT = {
    "description": "",
    "signals": {"sfreq": 30, "tmax": 0.5},
    "embedding": {"target": "hog", "options": {"hog": {"size": 32}}},
    "brain": {"n_virtual_channels": 6, "n_frequencies": 3, "hidden": 8, "n_blocks": 1},
    "head": {"width": 8},
    "training": {"batch_size": 16},
    "trainer": {"max_epochs": 1, "accelerator": "cpu"},
    "decoders": [*DECODERS, "ridge, pictures shuffled"],
    "ridge": {"folds": 2},
    "evaluation": {"n_bootstrap": 100},
}


class Run:
    """The pipeline up to the evaluation, in one process."""

    def __init__(self, folder):
        root = folder / "study"
        simulate_viewing(
            root, n_participants=2, n_categories=10, images_per_category=2, n_test_categories=4,
            test_repetitions=2, n_channels=8, pictures="drawn", early=["colour_histogram"],
            late="hog", snr=1.0,
        )  # fmt: skip
        self.config = validate(ImageConfig, {**EXPERIMENT, "data": {"dataset": "local",
                                                                    "path": root}})  # fmt: skip
        card = card_of(self.config.data)
        fetch_seen(self.config, card, SUBJECTS, folder, folder / "seen")
        trials, pictures = read_seen(folder / "seen")
        self.recordings = {}
        for subject in SUBJECTS:
            (self.recordings[subject],) = read_viewer(self.config, card, subject, folder)
            mine = trials[trials["participant"] == subject]
            prepare_viewer(folder / subject, read_viewer(self.config, card, subject, folder),
                           mine, self.config.signals, seed=1)  # fmt: skip
        stores = {subject: folder / subject for subject in SUBJECTS}
        self.seen = Seen(self.config, stores, trials, pictures, folder / "embeddings")
        self.folder, self.predictions = folder, {}
        for name in (*DECODERS, "ridge-pictures-shuffled"):
            unit = unit_of(self.config, f"{name}.seed-1")
            train_unit(self.seen, unit, self.model(name))
            result = evaluate_unit(self.seen, unit, self.model(name), folder)
            self.predictions[name] = result.predictions

    def model(self, name):
        return self.folder / "model" / name

    def decoder(self, name):
        return neurodecode.load_decoder(self.model(name) / "decoder")

    def tested(self, subject, which):
        windows = self.seen.recordings().windows("test")
        return windows[(windows["participant"] == subject) & (windows["test_set"] == which)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("which", ["small", "large"])
def test_a_recording_is_decoded_with_the_ranks_of_the_runs_own_evaluation(run, name, which):
    decoder, found = run.decoder(name), []
    for subject in SUBJECTS:
        tested = run.tested(subject, which)
        table = decoder.predict(
            run.recordings[subject].raw, tested["onset"].tolist(), participant=subject,
            true=tested["image"].tolist(), among=which,
        )  # fmt: skip
        found.append(table[table["rank"] == 1])
    found = pd.concat(found)
    own = run.predictions[name]
    own = own[(own["average"] == "single") & (own["set"] == which)].sort_values(
        "participant", kind="stable"
    )
    assert len(own) > 4
    assert found["true"].tolist() == own["image"].tolist()
    assert found["true_rank"].tolist() == own["rank"].tolist()
    assert found["candidate"].tolist() == own["predicted"].tolist()


@pytest.mark.parametrize("name", DECODERS)
def test_scores_are_those_of_the_runs_network_to_the_last_bit(run, name):
    from neurodecode.contrastive.image.evaluation import estimates_of
    from neurodecode.contrastive.image.training import load_network, task_of
    from neurodecode.contrastive.retrieval import Candidates

    tested = run.tested("01", "large").reset_index(drop=True)
    task = task_of(run.seen, name, unit_of(run.config, f"{name}.seed-1"))
    network = load_network(run.seen, task, run.model(name) / name)
    estimates = torch.cat(list(estimates_of(run.seen, task, network, tested)))
    decoder = run.decoder(name)
    names = decoder.candidates.sets["large"]
    theirs = Candidates([task.bank.gather(task.bank.index(names))]).scores(estimates)
    table = decoder.predict(run.recordings["01"].raw, tested["onset"].tolist(), participant="01",
                            among="large", top=len(names))  # fmt: skip
    place = {picture: k for k, picture in enumerate(names)}
    mine = np.zeros(theirs.shape, dtype=np.float32)
    mine[table["trial"], table["candidate"].map(place)] = table["score"]
    np.testing.assert_array_equal(mine, theirs.numpy())


def test_the_linear_decoder_is_exported_with_a_model_per_participant(run, tmp_path):
    import onnxruntime

    neurodecode.export_onnx(run.model("ridge") / "decoder", tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    decoder = run.decoder("ridge")
    for place, label in enumerate(SUBJECTS):
        size = (3, len(decoder.channels), decoder.chain.n_samples)
        windows = np.random.default_rng(0).standard_normal(size, dtype=np.float32)
        (found,) = session.run(None, {"signals": windows, "participant": np.full(3, place)})
        expected = decoder.infer(windows, decoder.person(label)).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_a_control_leaves_no_decoder_to_be_used(run):
    assert not (run.model("ridge-pictures-shuffled") / "decoder").exists()


def test_the_card_names_data_participants_and_split(run):
    card = (run.model("contrastive") / "decoder" / "README.md").read_text()
    for fact in ("local", "01, 02", "zero_shot", "30 Hz", "not calibrated"):
        assert fact in card


@pytest.mark.parametrize("name", DECODERS)
def test_somebody_new_is_decoded_as_the_average_and_the_table_says_so(run, name):
    decoder = run.decoder(name)
    recording = run.recordings["02"]
    table = decoder.predict(recording.raw, recording.trials["onset"].tolist())
    assert table["note"].str.startswith("average participant, scaled by").all()
    own = decoder.predict(recording.raw, recording.trials["onset"].tolist(), participant="02")
    assert (own["note"] == "").all()
    assert not np.array_equal(own["score"], table["score"])


@pytest.fixture
def decoder(decoder_folder):
    return neurodecode.load_decoder(decoder_folder)


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(0, 10, (5, 6, 36))


def test_channels_in_another_order_are_put_in_order(decoder, windows):
    order = [3, 0, 5, 2, 4, 1]
    expected = decoder.estimate(windows, channels=decoder.channels, participant="01")
    names = [decoder.channels[k] for k in order]
    found = decoder.estimate(windows[:, order], channels=names, participant="01")
    assert torch.equal(found, expected)


def test_a_recording_with_its_channels_in_another_order_is_decoded_alike(decoder, viewing):
    raw = viewing()
    turned = raw.copy().reorder_channels(raw.ch_names[::-1])
    pd.testing.assert_frame_equal(
        decoder.predict(raw, participant="01"), decoder.predict(turned, participant="01")
    )


def test_a_participant_may_lack_what_they_lacked_in_training(decoder, viewing):
    raw = viewing().drop_channels(["Pz"])
    assert len(decoder.predict(raw, participant="02"))
    with pytest.raises(DataFault, match="channels not in the recording: Pz"):
        decoder.predict(raw, participant="01")


def test_old_names_of_electrodes_are_understood(decoder, windows):
    names = [name.lower() for name in decoder.channels]
    decoder.estimate(windows, channels=names, participant="01")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": ["Fz", "C3", "Cz", "C4", "Pz", "Ozz"]}, "Oz .nearest: Ozz"),
        ({"channels": ["Fz", "C3", "Cz", "C4", "Pz"]}, "for 5 channel names"),
        ({"channels": ["Fz", "C3", "C3", "C4", "Pz", "Oz"]}, "the same site twice"),
        ({"sfreq": 100.0}, "windows at 100 Hz, the decoder was trained at 50 Hz"),
        ({"participant": "1"}, "unknown participant '1', did you mean '01'"),
    ],
)
def test_wrong_input_is_answered_with_names(decoder, windows, change, said):
    given = {"channels": decoder.channels, "participant": "01", **change}
    with pytest.raises(DataFault, match=said):
        decoder.estimate(windows, **given)


def test_a_channel_too_many_is_named_or_left_out_if_asked(decoder, viewing):
    raw = viewing(("Fz", "C3", "Cz", "C4", "Pz", "Oz", "O2"))
    with pytest.raises(DataFault, match=r"does not know: O2 \(nearest known: Oz\)"):
        decoder.predict(raw, participant="01")
    assert len(decoder.predict(raw, participant="01", extra="drop"))


def test_windows_of_another_length_are_told_the_window(decoder, windows):
    with pytest.raises(DataFault, match=r"35 samples, the decoder sees 36: from -0.2 to 0.5 s"):
        decoder.estimate(windows[..., 1:], channels=decoder.channels, participant="01")


@pytest.mark.parametrize(("factor", "unit"), [(1e-6, "volts"), (1e-3, "millivolts")])
def test_another_unit_is_recognised_by_the_size_of_the_signals(decoder, windows, factor, unit):
    with pytest.raises(DataFault, match=f"they look like {unit}"):
        decoder.estimate(windows * factor, channels=decoder.channels, participant="01")


def test_nan_is_named_with_its_channel(decoder, windows):
    windows[3, 2, 7] = np.nan
    with pytest.raises(DataFault, match="channel Cz, window 3"):
        decoder.estimate(windows, channels=decoder.channels, participant="01")


def test_any_sampling_rate_of_a_recording_is_brought_to_the_decoders(decoder, viewing):
    # Noise below 20 Hz, so that every rate holds the same signal.
    slow = viewing(sfreq=500.0).filter(None, 15.0, verbose="error")
    fine = decoder.predict(slow, participant="01", top=4)
    coarse = decoder.predict(slow.copy().resample(250.0, verbose="error"), participant="01", top=4)
    assert (fine["candidate"] == coarse["candidate"]).mean() > 0.9
    scores = [
        table.sort_values(["trial", "candidate"])["score"].to_numpy() for table in (fine, coarse)
    ]
    np.testing.assert_allclose(scores[0], scores[1], atol=0.05)


def test_predicting_leaves_the_recording_as_it_is(decoder, viewing):
    raw = viewing()
    before = raw.get_data().copy()
    decoder.predict(raw)
    assert raw.info["sfreq"] == 250.0
    np.testing.assert_array_equal(raw.get_data(), before)


def test_probabilities_of_all_candidates_sum_to_one(decoder, viewing):
    table = decoder.predict(viewing(), participant="01", top=4)
    np.testing.assert_allclose(table.groupby("trial")["probability"].sum(), 1.0, atol=1e-5)
    best = table.sort_values(["trial", "rank"]).groupby("trial")["score"]
    assert best.apply(lambda scores: scores.is_monotonic_decreasing).all()


def test_a_picture_that_is_no_candidate_has_no_rank(decoder, viewing):
    table = decoder.predict(viewing(), participant="01")
    known = table["true"].isin(decoder.candidates.sets["small"])
    assert (table.loc[known, "true_rank"] >= 1).all()
    assert (table.loc[~known, "true_rank"] == 0).all()
    assert known.any()
    assert not known.all()


def test_an_unknown_set_of_candidates_is_answered_with_the_nearest(decoder, viewing):
    with pytest.raises(DataFault, match="'smal', did you mean 'small'"):
        decoder.predict(viewing(), participant="01", among="smal")
