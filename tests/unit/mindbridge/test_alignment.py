"""Principal components are matched by order and sign, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.mindbridge.alignment import align_components


def rotated(n_stimuli=60, seed=0):
    """Return targets whose components have distinct variances, and a rotation of them."""
    rng = np.random.default_rng(seed)
    targets = rng.standard_normal((n_stimuli, 4)) * (8.0, 4.0, 2.0, 1.0) + 3.0
    turn, _ = np.linalg.qr(rng.standard_normal((9, 4)))
    return 5 * targets @ turn.T, targets


def test_a_rotated_and_scaled_space_is_found_again_exactly():
    responses, targets = rotated()
    weights, intercept = align_components(responses, targets, 4)
    np.testing.assert_allclose(responses @ weights.T + intercept, targets, atol=1e-8)


def test_signs_follow_the_stimuli_and_no_more_does():
    responses, targets = rotated()
    weights, _ = align_components(responses, targets, 2)
    order = np.random.default_rng(1).permutation(len(targets))
    other, _ = align_components(responses[order], targets, 2)
    # Shuffled stimuli may turn signs, but every component keeps its partner and its scale.
    _, _, v = np.linalg.svd(responses - responses.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(weights @ v[:2].T), np.abs(other @ v[:2].T), atol=1e-8)


def test_more_components_than_there_are_are_as_many_as_there_are():
    responses, targets = rotated()
    few, many = (align_components(responses, targets, n)[0] for n in (4, 50))
    np.testing.assert_array_equal(few, many)
    assert np.linalg.matrix_rank(align_components(responses, targets, 2)[0]) == 2


def test_targets_that_do_not_vary_are_refused():
    responses, targets = rotated()
    with pytest.raises(DataFault, match="the same for all training stimuli"):
        align_components(responses, np.ones_like(targets), 3)
