"""Trials are normalised as published, or by what came before them only, and never in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.datasets.rated.recording import Rated
from neurodecode.emotion.config_signals import PreparationSettings
from neurodecode.emotion.preparation import prepare_subject
from neurodecode.faults import DataFault
from neurodecode.signals.store import open_store

SHORT = PreparationSettings(seconds=2, baseline_seconds=1)


def record(*, names=CHANNELS, rate=128.0, lengths=(300, 256), rest=200, seed=0, **changes):
    rng = np.random.default_rng(seed)
    n_trials = len(lengths)

    def draw(n):
        return rng.normal(4200, rng.uniform(5, 20, (len(names), 1)), (len(names), n))

    parts = {
        "subject": "01",
        "session": "0",
        "channel_names": list(names),
        "sampling_rate": rate,
        "signals": [draw(n) for n in lengths],
        "baselines": [draw(rest) for _ in lengths],
        "table": pd.DataFrame(
            {
                "trial": np.arange(1, n_trials + 1),
                "clip": [f"clip-{k}" for k in range(n_trials)],
                "valence": np.linspace(1, 5, n_trials).round(),
            }
        ),
        "ratings": {"valence": (1, 5)},
    }
    return Rated(**{**parts, **changes})


def prepare(tmp_path, recording, **settings):
    return prepare_subject(tmp_path / "01", [recording], SHORT.model_copy(update=settings))


def test_the_defaults_are_the_published_ones():
    settings = PreparationSettings()
    assert settings.channels == CHANNELS
    assert (settings.sampling_rate, settings.seconds, settings.baseline_seconds) == (128, 60, 10)
    assert (settings.baseline, settings.scaling) == (True, "max-abs")


def test_published_normalisation_on_a_trial_worked_by_hand(tmp_path):
    rest = np.tile([90.0, 110.0], 60)[None]  # 120 samples
    rest[:, :20] = rest[:, -20:] = 1e6  # not in the middle 80
    clip = np.concatenate([np.full(10, 1e9), [100.0, 80.0, 150.0, 100.0] * 16])[None]
    recording = record(
        names=["Cz"], rate=8.0, lengths=(1,), rest=1, signals=[clip], baselines=[rest]
    )
    settings = {"channels": None, "sampling_rate": 8.0, "seconds": 8.0, "baseline_seconds": 10.0}
    store = prepare(tmp_path, recording, scaling="none", **settings)
    np.testing.assert_allclose(store.signals[0, 0, :4], [0, -2, 5, 0])
    store = prepare(tmp_path, recording, **settings)
    np.testing.assert_allclose(store.signals[0, 0], [0, -0.4, 1, 0] * 16, rtol=1e-6)
    store = prepare(tmp_path, recording, scaling="baseline", **settings)
    np.testing.assert_allclose(store.signals[0, 0, :4], [0, -2, 5, 0])


def test_the_last_seconds_of_clips_of_any_length_are_kept(tmp_path):
    recording = record()
    store = prepare(tmp_path, recording)
    assert store.signals.shape == (2, 14, 256)
    for trial in range(2):
        rest = recording.baselines[trial][:, 36:164]
        z = recording.signals[trial][:, -256:] - rest.mean(axis=1, keepdims=True)
        z /= rest.std(axis=1, keepdims=True)
        expected = z / np.abs(z).max(axis=1, keepdims=True)
        np.testing.assert_allclose(store.signals[trial], expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(np.abs(store.signals[trial]).max(axis=1), 1.0, rtol=1e-6)


def test_the_store_says_what_it_holds(tmp_path):
    recording = record()
    prepare(tmp_path, recording)
    store = open_store(tmp_path / "01")
    assert store.signals.dtype == np.float32
    assert store.info["channels"] == list(CHANNELS)
    assert store.info["sfreq"] == 128.0
    assert store.info["ratings"] == {"valence": [1, 5]}
    assert store.info["normalisation"] == {
        "baseline": True, "baseline_seconds": 1.0, "scaling": "max-abs", "seconds": 2.0,
        "looks_ahead": True,
    }  # fmt: skip
    assert list(store.trials) == ["subject", "session", "trial", "clip", "valence"]
    assert store.trials["valence"].dtype == store.trials["trial"].dtype == np.int64
    assert store.trials["clip"].tolist() == ["clip-0", "clip-1"]


@pytest.mark.parametrize(
    ("baseline", "scaling", "ahead"),
    [
        (True, "max-abs", True),
        (True, "z-score", True),
        (True, "baseline", False),
        (True, "none", False),
        (False, "none", True),
    ],
)
def test_only_normalisation_by_the_baseline_is_causal_and_the_settings_say_so(
    tmp_path, baseline, scaling, ahead
):
    recording = record()
    settings = {"baseline": baseline, "scaling": scaling}
    before = np.array(prepare(tmp_path, recording, **settings).signals)
    recording.signals[0][:, -20:] += 500.0
    after = np.array(prepare(tmp_path, recording, **settings).signals)
    changed = not np.array_equal(before[0, :, :-20], after[0, :, :-20])
    assert changed == ahead
    assert PreparationSettings(**settings).looks_ahead == ahead
    np.testing.assert_array_equal(before[1], after[1])


def test_z_scores_have_mean_zero_and_variance_one_over_the_kept_seconds(tmp_path):
    signals = prepare(tmp_path, record(), scaling="z-score").signals
    np.testing.assert_allclose(signals.mean(axis=2), 0, atol=1e-5)
    np.testing.assert_allclose(signals.std(axis=2), 1, rtol=1e-5)


def test_without_baselines_channels_are_centred(tmp_path):
    recording = record(baselines=None)
    with pytest.raises(DataFault, match=r"no baselines .*set signals.baseline=false"):
        prepare(tmp_path, recording)
    signals = prepare(tmp_path, recording, baseline=False, scaling="none").signals
    kept = recording.signals[0][:, -256:]
    expected = kept - kept.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(signals[0], expected, rtol=1e-5, atol=1e-4)
    with pytest.raises(ValidationError, match="scaling 'baseline' needs baseline=true"):
        PreparationSettings(baseline=False, scaling="baseline")


@pytest.mark.parametrize("scaling", ["max-abs", "z-score", "baseline", "none"])
@pytest.mark.parametrize("part", ["signals", "baselines"])
def test_a_channel_that_is_constant_where_it_is_measured_stays_finite_and_is_named(
    tmp_path, scaling, part
):
    recording = record(lengths=(300, 280))
    getattr(recording, part)[1][3, 20 : -1 if part == "baselines" else None] = 4200.1
    recording.signals[1][3, :20] = 0.0
    store = prepare(tmp_path, recording, scaling=scaling)
    assert np.isfinite(store.signals).all()
    named = part == "baselines" or scaling in ("max-abs", "z-score")
    where = "subject 01, session 0, trial 2"
    assert store.info["mended"]["clips"] == (
        [f"{where}: FC5 constant, not divided"] if named else []
    )


def test_a_clip_that_is_too_short_names_subject_trial_seconds_and_setting(tmp_path):
    words = r"clip lasts 1.95 s, 2 s are wanted \[subject 01, session 0, trial 2\].*seconds=1 "
    with pytest.raises(DataFault, match=words):
        prepare(tmp_path, record(lengths=(300, 250)))


def test_a_baseline_that_is_too_short_names_subject_trial_seconds_and_setting(tmp_path):
    words = r"baseline lasts 0.78 s, 1 s are wanted \[subject 01, session 0, trial 1\]"
    with pytest.raises(DataFault, match=words + r".*signals.baseline_seconds=0.78"):
        prepare(tmp_path, record(rest=100))


def test_channels_are_found_by_alias_and_brought_into_order(tmp_path):
    names = [{"T7": "T3", "T8": "t4", "P7": "T5"}.get(name, name) for name in CHANNELS]
    names = ["Cz", *names[::-1]]
    recording = record(names=names)
    store = prepare(tmp_path, recording, scaling="none")
    assert store.info["channels"] == list(CHANNELS)
    rest, clip = recording.baselines[0][names.index("T3")], recording.signals[0][names.index("T3")]
    expected = (clip[-256:] - rest[36:164].mean()) / rest[36:164].std()
    np.testing.assert_allclose(store.signals[0, CHANNELS.index("T7")], expected, rtol=1e-4)


def test_a_missing_channel_is_named_with_the_nearest_one(tmp_path):
    names = ["AF7" if name == "AF3" else name for name in CHANNELS]
    words = r"channels not in the recording: AF3 \(nearest: F3\) \[subject 01, session 0\]"
    with pytest.raises(DataFault, match=words):
        prepare(tmp_path, record(names=names))


def test_another_sampling_rate_is_brought_to_the_wanted_one(tmp_path):
    rate, times = 500.0, np.arange(2000) / 500.0
    wave = 4200 + 10 * np.sin(2 * np.pi * 5 * times)[None]
    recording = record(names=["Cz"], rate=rate, lengths=(1,), signals=[wave], baselines=[wave])
    store = prepare(tmp_path, recording, channels=None, scaling="none")
    assert store.signals.shape == (1, 1, 256)
    expected = np.sqrt(2) * np.sin(2 * np.pi * 5 * (2 + np.arange(256) / 128))
    np.testing.assert_allclose(store.signals[0, 0, :-20], expected[:-20], atol=0.02)


def test_sessions_lie_in_one_store_and_must_agree(tmp_path):
    first, second = record(), record(session="1", seed=1)
    store = prepare_subject(tmp_path / "01", [first, second], SHORT)
    assert store.trials["session"].tolist() == ["0", "0", "1", "1"]
    assert store.signals.shape == (4, 14, 256)
    with pytest.raises(DataFault, match="trial 1 stands twice"):
        prepare_subject(tmp_path / "01", [first, first], SHORT)
    other = record(session="1", ratings={"valence": (1, 9)})
    with pytest.raises(DataFault, match="give all sessions the same scales"):
        prepare_subject(tmp_path / "01", [first, other], SHORT)
    with pytest.raises(DataFault, match="no recording"):
        prepare_subject(tmp_path / "01", [], SHORT)
