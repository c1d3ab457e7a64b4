"""Rivals answer the same after they were kept, and refuse another population."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes.baselines.behaviour import make_behaviour_decoder
from neurodecode.spikes.loading import network_of, refuse_other_units
from neurodecode.spikes.rivals import ask_rival, counts_of, draw_glm, fit_glm, fit_rival
from neurodecode.spikes.written import counts_in


@pytest.fixture
def parts(study):
    """Return a recording and its first fold."""
    made = study(targets=["speed", "side"])
    recorded = made.sessions("01")[0]
    return recorded, made.folds(recorded)[0]


@pytest.mark.parametrize("target", ["speed", "side"])
@pytest.mark.parametrize("name", ["Lasso", "GLM"])
def test_a_kept_rival_answers_as_it_did_when_it_was_fitted(parts, tmp_path, name, target):
    recorded, fold = parts
    fit_rival(recorded, fold, name, target, tmp_path, seed=3)
    counts, values = counts_of(recorded), recorded.values(target)
    n_classes = 2 if target == "side" else None
    fresh = make_behaviour_decoder(name, n_classes=n_classes, random_state=3)
    expected = fresh.fit(counts[fold.train], values[fold.train]).predict(counts[fold.test])
    found = ask_rival(recorded, fold.test, name, target, tmp_path)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float64


@pytest.mark.parametrize("target", ["speed", "side"])
def test_a_kept_network_rival_answers_as_it_did_when_it_was_fitted(
    parts, tmp_path, target, monkeypatch
):
    """With few epochs; what is kept is weights and scale, not a pickle."""
    recorded, fold = parts
    made = {}

    def quick(name, **options):
        made["it"] = make_behaviour_decoder(name, **options)
        made["it"].epochs = 2
        return made["it"]

    monkeypatch.setattr("neurodecode.spikes.rivals.make_behaviour_decoder", quick)
    fit_rival(recorded, fold, "MLP", target, tmp_path, seed=3)
    fitted = made["it"]
    found = ask_rival(recorded, fold.test, "MLP", target, tmp_path)
    assert made["it"] is not fitted
    np.testing.assert_array_equal(found, fitted.predict(counts_of(recorded)[fold.test]))
    assert not (tmp_path / "models.skops").exists()


def test_the_bayesian_decoder_is_kept_and_finds_quantities_alone(parts, tmp_path):
    recorded, fold = parts
    fit_rival(recorded, fold, "Bayesian", "speed", tmp_path, seed=0)
    found = ask_rival(recorded, fold.test, "Bayesian", "speed", tmp_path)
    assert np.corrcoef(found, recorded.values("speed")[fold.test])[0, 1] > 0.3
    with pytest.raises(ConfigFault, match="'side' has classes, the Bayesian decoder finds"):
        fit_rival(recorded, fold, "Bayesian", "side", tmp_path, seed=0)


def test_rivals_see_past_and_current_window(parts):
    recorded, _ = parts
    counts = counts_of(recorded)
    assert counts.shape == (len(recorded.windows), 10, 4)
    np.testing.assert_array_equal(
        counts[:, 5:].sum(axis=1), counts_in(recorded, np.arange(len(counts)))
    )


@pytest.mark.parametrize("begin", [0.0, 7.313])
def test_the_regression_draws_whole_windows_on_the_sessions_clock(study, session, tmp_path, begin):
    made = study(session(begin=begin))
    recorded = made.sessions("01")[0]
    fold = made.folds(recorded)[0]
    fit_glm(recorded, fold, tmp_path)
    one, again = (draw_glm(recorded, fold.test, tmp_path, n_draws=3, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.counts, again.counts)
    assert one.counts.shape == (fold.test.size, 3, 4)
    real = counts_in(recorded, fold.test).mean(axis=0)
    np.testing.assert_allclose(one.expected.mean(axis=0), real, rtol=0.5)


def test_units_silent_in_training_stay_silent_in_what_the_regression_writes(
    study, session, tmp_path
):
    whole = session()
    rare = (whole.units != 2) | (whole.times < 2)  # the first block is tested
    made = study(session(times=whole.times[rare], units=whole.units[rare]))
    recorded = made.sessions("01")[0]
    fold = made.folds(recorded)[0]
    assert not counts_in(recorded, fold.train)[:, 2].any()
    fit_glm(recorded, fold, tmp_path)
    drawn = draw_glm(recorded, fold.test, tmp_path, n_draws=2, seed=0)
    assert not drawn.counts[..., 2].any()
    assert not drawn.expected[:, 2].any()
    assert drawn.counts[..., [0, 1, 3]].any(axis=(0, 1)).all()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["u0", "u1", "x", "u3"], "unit 2 is 'u2', here 'x'"),
        (["u0", "u1", "u2", "u3", "u4"], "4 units, the session has 5; unit 4 is none, here 'u4'"),
    ],
)
def test_a_model_of_another_population_is_refused_by_its_units(
    parts, study, session, tmp_path, labels, words
):
    recorded, fold = parts
    fit_rival(recorded, fold, "GLM", "speed", tmp_path / "kept", seed=0)
    refuse_other_units(tmp_path / "kept", recorded)
    other = study(session(n_units=len(labels), labels=labels)).sessions("01")[0]
    with pytest.raises(DataFault, match=f"another population: {'.*' if words[0] == 'u' else ''}"
                       f"{words}.*--force train"):  # fmt: skip
        ask_rival(other, fold.test, "GLM", "speed", tmp_path / "kept")


def test_the_vocabulary_of_a_network_is_its_sessions_units(parts):
    recorded, _ = parts
    network = network_of(recorded.config, recorded, "state+past", decodes=True)
    assert network.n_neurons == 4
    assert network.targets["side"].n_classes == 2
    assert not network_of(recorded.config, recorded, "state+past").targets
