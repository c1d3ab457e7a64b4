"""Every decoder fits, predicts, scores each class, repeats itself, and survives being saved."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import ConfigFault
from neurodecode.persistence import load_estimators, save_estimators
from neurodecode.riemann import DECODERS, make_decoder
from neurodecode.riemann.config import DECODER_NAMES, DESCRIPTIONS, SHUFFLED_LABELS, ModelSection
from neurodecode.riemann.decoders import TRUSTED, decision_scores

MODEL = ModelSection(order=2, lag=2, n_filters=4)


def fitted(name, X, labels, seed=0):
    return make_decoder(name, MODEL, random_state=seed).fit(X, labels)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_tells_classes_apart_and_scores_each(name, n_classes, trials):
    X, table = trials(n_classes, n_trials=60)
    labels = table["label"].to_numpy(dtype=str)
    decoder = fitted(name, X[:30], labels[:30])
    predicted, scores = decoder.predict(X[30:]), decision_scores(decoder, X[30:])
    assert scores.shape == (30, n_classes)
    assert decoder.classes_.tolist() == sorted(set(labels))
    assert np.mean(predicted == labels[30:]) > 0.8
    np.testing.assert_array_equal(decoder.classes_[scores.argmax(axis=1)], predicted)


@pytest.mark.parametrize("name", DECODERS)
def test_the_same_seed_gives_the_same_numbers(name, trials):
    X, table = trials()
    first, second = (
        decision_scores(fitted(name, X, table["label"].to_numpy(dtype=str), 3), X) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", DECODERS)
def test_the_unit_of_the_signals_does_not_matter(name, trials):
    X, table = trials()
    microvolts = fitted(name, X, table["label"].to_numpy(dtype=str)).predict(X)
    volts = fitted(name, X * 1e-6, table["label"].to_numpy(dtype=str)).predict(X * 1e-6)
    if "time shuffled" not in name:  # the shuffle depends on the samples
        np.testing.assert_array_equal(volts, microvolts)


@pytest.mark.parametrize("name", DECODERS)
def test_a_saved_decoder_predicts_the_same_and_holds_only_trusted_types(name, trials, tmp_path):
    X, table = trials()
    decoder = fitted(name, X, table["label"].to_numpy(dtype=str))
    save_estimators(tmp_path, {"fold": {name: decoder}}, {})
    loaded = load_estimators(tmp_path, trusted=TRUSTED)["fold"][name]
    np.testing.assert_array_equal(loaded.predict(X), decoder.predict(X))
    np.testing.assert_array_equal(decision_scores(loaded, X), decision_scores(decoder, X))


def test_the_time_shuffled_control_is_the_spatial_decoder_at_order_one(trials):
    X, table = trials()
    model = ModelSection(order=1)
    spatial, control = (
        make_decoder(name, model).fit(X, table["label"].to_numpy(dtype=str))
        for name in ("TS+SVM", "ACM+TS+SVM, time shuffled")
    )
    np.testing.assert_allclose(decision_scores(control, X), decision_scores(spatial, X), atol=1e-6)


def test_the_settings_reach_the_decoder():
    model = ModelSection(order=3, lag=5, estimator="oas", C=0.5, kernel="linear")
    decoder = make_decoder("ACM+TS+SVM", model)
    assert decoder["features"].get_params() == {
        "order": 3, "lag": 5, "estimator": "oas", "structure": "full",
    }  # fmt: skip
    assert make_decoder("TS+SVM, OAS")["features"].estimator == "oas"
    assert decoder["classifier"]["svc"].get_params()["C"] == 0.5
    assert decoder["classifier"]["svc"].get_params()["kernel"] == "linear"
    assert make_decoder("TS+SVM", model)["features"].order == 1


def test_an_unknown_decoder_is_answered_with_the_nearest():
    with pytest.raises(ConfigFault, match=r"unknown decoder 'TS\+SVN', did you mean 'TS\+SVM'"):
        make_decoder("TS+SVN")


def test_every_decoder_is_described():
    assert set(DESCRIPTIONS) == set(DECODER_NAMES)
    assert set(DECODERS) < set(DECODER_NAMES)
    assert SHUFFLED_LABELS in DECODERS
