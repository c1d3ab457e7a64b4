"""The ceiling of the simulated viewers is calibrated, and follows what is known and felt."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.rated import rated_loader
from neurodecode.datasets.simulate.background import draw_processes
from neurodecode.datasets.simulate.rated import simulate_rated
from neurodecode.datasets.simulate.rated_optimal import (
    OptimalDecoder,
    expected_periodogram,
    optimal_probabilities,
)
from neurodecode.datasets.simulate.rated_sources import band_coefficients
from neurodecode.datasets.simulate.rated_truth import RatedViewer
from neurodecode.faults import ConfigFault, DataFault

OPTIONS = {"n_subjects": 1, "n_clips": 3, "seconds": 2.0, "baseline_seconds": 0.0}


def ceiling(folder, rating="valence", n_windows=400, **options):
    simulate_rated(folder, **{**OPTIONS, **options})
    probabilities, ratings = optimal_probabilities(folder, "01", rating, n_windows=n_windows)
    return probabilities, ratings, (probabilities.argmax(axis=1) + 1 == ratings).mean()


@pytest.mark.parametrize("rating", ["valence", "arousal"])
def test_the_default_ceiling_is_well_above_chance_and_below_the_published_scores(tmp_path, rating):
    probabilities, _, accuracy = ceiling(tmp_path, rating)
    assert probabilities.shape == (400, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert 0.4 < accuracy < 0.62
    # Calibrated: it is right as often as it expects to be.
    assert probabilities.max(axis=1).mean() == pytest.approx(accuracy, abs=0.06)
    np.testing.assert_allclose(probabilities.mean(axis=0), 0.2, atol=0.05)


def test_nothing_felt_leaves_chance_and_nothing_unknown_leaves_more(tmp_path):
    assert ceiling(tmp_path / "none", effect=0.0)[2] == pytest.approx(0.2, abs=0.06)
    default = ceiling(tmp_path / "default")[2]
    assert ceiling(tmp_path / "no identity", clip_identity=0.0)[2] > default + 0.05


def test_the_same_seed_gives_the_same_windows(tmp_path):
    simulate_rated(tmp_path, **OPTIONS)
    first, again, other = (
        optimal_probabilities(tmp_path, "01", "arousal", n_windows=20, random_state=seed)[0]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_windows_of_the_files_are_decoded_as_well_as_windows_of_the_model(tmp_path):
    options = {"n_clips": 250, "seconds": 2.0, "drift": 0.0}
    expected = ceiling(tmp_path, **options)[2]
    (recording,) = rated_loader("simulated-rated")(tmp_path, "01")
    windows = np.stack([signals[:, 64:192] for signals in recording.signals])
    decoder = OptimalDecoder(RatedViewer.read(tmp_path, "01"), "valence")
    found = decoder.probabilities(windows).argmax(axis=1) + 1 == recording.table["valence"]
    assert found.mean() == pytest.approx(expected, abs=0.1)


def test_the_offset_of_the_amplifier_does_not_count(tmp_path):
    simulate_rated(tmp_path, **OPTIONS)
    (recording,) = rated_loader("simulated-rated")(tmp_path, "01")
    windows = np.stack([signals[:, :128] for signals in recording.signals])
    decoder = OptimalDecoder(RatedViewer.read(tmp_path, "01"), "arousal")
    moved = decoder.probabilities(windows - 4200.0)
    np.testing.assert_allclose(decoder.probabilities(windows), moved, atol=1e-6)


def test_the_expected_periodogram_is_the_mean_of_many():
    coefficients = band_coefficients("alpha", 128.0)
    process = draw_processes(coefficients, 2000, 64, np.random.default_rng(0))
    measured = (np.abs(np.fft.rfft(process)) ** 2 / 64).mean(axis=0)
    np.testing.assert_allclose(expected_periodogram(coefficients, 64), measured, rtol=0.15)


def test_unknown_names_are_answered(tmp_path):
    simulate_rated(tmp_path, **OPTIONS)
    with pytest.raises(ConfigFault, match="did you mean 'valence'"):
        optimal_probabilities(tmp_path, "01", "valense")
    with pytest.raises(DataFault, match="unknown participant '02'"):
        optimal_probabilities(tmp_path, "02", "valence")
