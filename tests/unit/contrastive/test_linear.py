"""The linear baseline is ridge regression on lagged sensors, with lags of the right sign."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from neurodecode.contrastive.speech.linear import LaggedRidge
from neurodecode.faults import DataFault

C, F, T = 3, 2, 40


def batches(n=60, *, lag=2, noise=0.01, participants=2, seed=0, size=20):
    """Return windows whose brain signal at t + lag is a mixture of the target at t."""
    rng = np.random.default_rng(seed)
    mixing = np.linalg.qr(np.random.default_rng(9).standard_normal((participants, C, F)))[0]
    made = []
    for start in range(0, n, size):
        target = rng.standard_normal((size, F, T + abs(lag)))
        subjects = (start + np.arange(size)) % participants
        brain = np.einsum("ncf,nft->nct", mixing[subjects], target)
        brain = brain + noise * rng.standard_normal(brain.shape)
        if lag >= 0:  # the brain follows
            brain, target = brain[..., :T], target[..., lag : lag + T]
        else:
            brain, target = brain[..., -lag : T - lag], target[..., :T]
        made.append(
            {
                "signals": torch.tensor(brain, dtype=torch.float32),
                "targets": torch.tensor(target, dtype=torch.float32),
                "subjects": torch.tensor(subjects),
            }
        )
    return made


def fitted(train, valid, *, lags=(-1, 4), alphas=(1e-6,), bins=1):
    model = LaggedRidge(2, C, F, bins=bins, lags=lags)
    return model.fit(train, valid, alphas)


@pytest.mark.parametrize("lags", [(0, 3), (-2, 2), (1, 3), (-3, -1), (0, 0)])
def test_the_design_holds_the_sensors_at_each_lag_and_zeros_beyond_the_window(lags):
    model = LaggedRidge(1, C, F, bins=1, lags=lags)
    signals = torch.randn(2, C, T)
    design = model.design(signals)
    assert design.shape == (2, T, (lags[1] - lags[0] + 1) * C)
    for t in (0, 1, 7, T - 2, T - 1):
        for place, lag in enumerate(range(lags[0], lags[1] + 1)):
            found = design[:, t, place * C : (place + 1) * C]
            inside = 0 <= t + lag < T
            expected = signals[:, :, t + lag] if inside else torch.zeros(2, C)
            assert torch.equal(found, expected), (t, lag)


@pytest.mark.parametrize("lag", [-1, 0, 2, 4])
def test_a_planted_response_is_found_at_its_lag_in_each_participant(lag):
    model = fitted(batches(seed=0, lag=lag), batches(seed=1, lag=lag), alphas=(0.01,))
    # The brain at t + lag mirrors the target at t, so the weight lies at that lag alone.
    weights = model.weights.reshape(2, 6, C, F).square().sum(dim=(2, 3))
    assert weights.argmax(dim=1).tolist() == [lag + 1] * 2
    assert (weights.max(dim=1).values > 0.95 * weights.sum(dim=1)).all()
    (batch, *_) = batches(seed=2, lag=lag)
    inner = slice(5, T - 5)
    error = (model(batch) - batch["targets"])[..., inner]
    assert error.square().mean() < 0.01 * batch["targets"].square().mean()


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 50.0])
def test_the_weights_are_those_of_scikit_learn_at_one_penalty(alpha):
    train = batches(noise=1.0)
    model = fitted(train, batches(seed=1), alphas=(alpha,))
    for participant in range(2):
        rows = [batch["subjects"] == participant for batch in train]
        pairs = zip(train, rows, strict=True)
        x = (
            torch.cat([model.design(b["signals"][r]).flatten(0, 1) for b, r in pairs])
            .double()
            .numpy()
        )
        pairs = zip(train, rows, strict=True)
        y = torch.cat([b["targets"][r].mT.flatten(0, 1) for b, r in pairs]).double().numpy()
        # Ours is in units of the mean eigenvalue of the second moment.
        scale = np.linalg.eigvalsh(x.T @ x).mean()
        expected = Ridge(alpha * scale, fit_intercept=False).fit(x, y).coef_.T
        np.testing.assert_allclose(model.weights[participant].numpy(), expected, atol=2e-4)


def test_the_penalty_is_the_one_that_predicts_validation_windows_best():
    train, valid = batches(n=20, noise=3.0, participants=2), batches(n=200, noise=3.0, seed=1)
    alphas = (1e-6, 0.1, 1.0, 1e6)
    chosen = fitted(train, valid, alphas=alphas)
    errors = {}
    for alpha in alphas:
        one = fitted(train, valid, alphas=(alpha,))
        errors[alpha] = [
            np.mean([(one(b) - b["targets"])[b["subjects"] == p].square().mean() for b in valid])
            for p in range(2)
        ]
    for participant in range(2):
        best = min(alphas, key=lambda a: errors[a][participant])
        assert chosen.alphas[participant].item() == pytest.approx(best)


def test_signals_and_targets_are_averaged_in_bins():
    model = LaggedRidge(1, C, F, bins=4, lags=(0, 1))
    values = torch.arange(10.0).expand(1, F, 10)
    assert model.targets(values)[0, 0].tolist() == [1.5, 5.5]
    assert model.design(torch.arange(10.0).expand(1, C, 10)).shape == (1, 2, 2 * C)


def test_a_participant_without_training_windows_is_named():
    with pytest.raises(DataFault, match=r"no training window \[participant 1\]"):
        fitted(batches(participants=1), batches())
