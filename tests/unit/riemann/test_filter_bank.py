"""Filter-bank ACM: bands apart, and plain ACM where there is one band."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.riemann.augmented import AugmentedCovariances
from neurodecode.riemann.config import ACMConfig, ModelSection
from neurodecode.riemann.decoders import make_decoder
from neurodecode.riemann.filter_bank import FilterBankCovariances

NAME = "FB-ACM+TS+SVM"


@pytest.fixture(name="X")
def stacked():
    return np.random.default_rng(0).standard_normal((24, 6, 200))


def test_each_band_has_the_covariance_of_its_own_channels(X):
    found = FilterBankCovariances(3, 2, 4).fit(X).transform(X)
    assert found.shape == (24, 3, 4, 4)
    for band in range(3):
        alone = AugmentedCovariances(2, 4).transform(X[:, 2 * band : 2 * band + 2])
        np.testing.assert_array_equal(found[:, band], alone)


def test_one_band_is_plain_acm(X):
    y = np.array(["a", "b"] * 12)
    model = ModelSection(order=2, lag=3, n_bands=1)
    plain = make_decoder("ACM+TS+SVM", model).fit(X, y)
    bank = make_decoder(NAME, model).fit(X, y)
    np.testing.assert_allclose(bank.decision_function(X), plain.decision_function(X), atol=1e-10)


def test_bands_that_repeat_one_another_are_no_trouble(X):
    """Stacked, they have a singular covariance; apart, they have not."""
    twice = np.concatenate([X, X], axis=1)
    y = np.array(["a", "b"] * 12)
    with pytest.raises(DataFault):
        make_decoder("ACM+TS+SVM", ModelSection(order=1)).fit(twice, y)
    make_decoder(NAME, ModelSection(order=1, n_bands=2)).fit(twice, y)


def test_rows_that_are_no_multiple_of_the_bands_are_refused(X):
    with pytest.raises(DataFault, match="6 rows are not a multiple of 4 bands"):
        FilterBankCovariances(4).fit(X)


def test_the_experiment_s_bands_are_those_of_the_decoder():
    config = ACMConfig.model_validate(
        {"description": "x", "data": {"dataset": "a"},
         "signals": {"bands": [[8, 12], [12, 20], [20, 30]]}}
    )  # fmt: skip
    assert config.decoder_model.n_bands == 3
