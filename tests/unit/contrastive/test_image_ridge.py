"""The linear baseline is ridge regression as scikit-learn has it, a picture in one fold only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from neurodecode.config import validate
from neurodecode.contrastive.image import ridge as module
from neurodecode.contrastive.image.config import ImageRidge
from neurodecode.contrastive.image.data import training_sets
from neurodecode.contrastive.image.ridge import WindowRidge, fit_ridge
from neurodecode.faults import DataFault

PARTICIPANTS = ("01", "02")


def settings(**values):
    return validate(ImageRidge, {"folds": 3, "alphas": [1.0, 1e2, 1e4], **values})


@pytest.fixture
def fitted(seen):
    """Return a maker of fitted ridges: network, sets and bank."""

    def fit(n_models=2, average=1, **values):
        bank = seen.bank("hog", scaling="standardise")
        recordings = seen.recordings()
        sets = training_sets(recordings, bank, seen.config.signals)
        n_inputs = len(recordings.channels) * (46 // average)
        network = WindowRidge(n_models, n_inputs, bank.n_features, average=average)
        said = fit_ridge(network, sets, PARTICIPANTS, settings(**values))
        assert said.startswith("penalties ")
        return network, sets

    return fit


def rows_of(sets, participant=None):
    """Return signals, flattened, targets and pictures, training rows first."""
    batches = [one.__getitems__(range(len(one))) for one in (sets["train"], sets["valid"])]
    signals, targets, pictures, subjects = (
        torch.cat([batch[name] for batch in batches]).numpy()
        for name in ("signals", "targets", "segments", "subjects")
    )
    mine = np.ones(len(signals), bool) if participant is None else subjects == participant
    return signals[mine].reshape(mine.sum(), -1), targets[mine], pictures[mine]


def test_each_participant_has_the_ridge_of_their_own_windows(fitted):
    network, sets = fitted()
    for i in range(2):
        design, targets, _ = rows_of(sets, i)
        expected = Ridge(alpha=float(network.alphas[i])).fit(design.astype(float), targets)
        np.testing.assert_allclose(network.weights[i].T, expected.coef_, rtol=1e-2, atol=1e-4)
        batch = sets["valid"].__getitems__(range(len(sets["valid"])))
        mine = batch["subjects"] == i
        predicted = expected.predict(batch["signals"][mine].flatten(1).numpy().astype(float))
        np.testing.assert_allclose(network(batch)[mine], predicted, rtol=1e-2, atol=1e-3)


def test_pooled_there_is_one_ridge_of_all_windows(fitted):
    network, sets = fitted(n_models=1)
    design, targets, _ = rows_of(sets)
    expected = Ridge(alpha=float(network.alphas[0])).fit(design.astype(float), targets)
    batch = sets["train"].__getitems__(range(len(sets["train"])))
    predicted = expected.predict(batch["signals"].flatten(1).numpy().astype(float))
    np.testing.assert_allclose(network(batch), predicted, rtol=1e-2, atol=1e-3)
    assert set(batch["subjects"].tolist()) == {0, 1}


def test_the_penalty_is_the_best_over_folds_of_whole_pictures(fitted):
    network, sets = fitted()
    alphas = settings().alphas
    for i in range(2):
        design, targets, pictures = rows_of(sets, i)
        scores = []
        for alpha in alphas:
            one = []
            for train, test in GroupKFold(3).split(design, targets, pictures):
                assert not set(pictures[train]) & set(pictures[test])
                model = Ridge(alpha=alpha).fit(design[train].astype(float), targets[train])
                one.append(-((model.predict(design[test]) - targets[test]) ** 2).mean())
            scores.append(np.mean(one))
        assert float(network.alphas[i]) == alphas[int(np.argmax(scores))]


def test_groups_of_a_picture_reach_the_folds(fitted, monkeypatch):
    seen_groups = []

    class Spy(module.DualRidgeCV):
        def fit(self, X, y, groups=None):
            seen_groups.append(groups)
            return super().fit(X, y, groups=groups)

    monkeypatch.setattr(module, "DualRidgeCV", Spy)
    _, sets = fitted(n_models=1)
    names = np.array(sets["train"].bank.images)[rows_of(sets)[2]]
    assert np.array_equal(seen_groups[0], names)
    assert len(np.unique(seen_groups[0])) < len(seen_groups[0])  # both saw every picture


def test_samples_are_averaged_and_a_rest_is_left_out():
    network = WindowRidge(1, 2 * 3, 4, average=3)
    signals = torch.arange(2.0 * 2 * 11).reshape(2, 2, 11)
    expected = signals[..., :9].reshape(2, 2, 3, 3).mean(dim=-1).reshape(2, 6)
    assert torch.equal(network.design(signals), expected)
    whole = WindowRidge(1, 22, 4)
    assert torch.equal(whole.design(signals), signals.flatten(1))


def test_a_model_is_asked_for_its_own_participant_alone():
    network = WindowRidge(3, 1, 1)
    network.weights[:] = torch.tensor([1.0, 10.0, 100.0])[:, None, None]
    batch = {"signals": torch.ones(4, 1, 1), "subjects": torch.tensor([2, 0, 1, 2])}
    assert network(batch).flatten().tolist() == [100, 1, 10, 100]


def test_fewer_pictures_than_folds_make_a_fold_each(fitted, monkeypatch):
    folds = []

    class Spy(module.DualRidgeCV):
        def fit(self, X, y, groups=None):
            folds.append(self.cv)
            return super().fit(X, y, groups=groups)

    monkeypatch.setattr(module, "DualRidgeCV", Spy)
    fitted(folds=60)
    assert folds == [32, 32]


@pytest.mark.parametrize(("n_models", "who"), [(2, "participant 01"), (1, "all participants")])
def test_a_single_picture_is_told_with_the_participant(seen, n_models, who):
    sets = training_sets(seen.recordings(), seen.bank("hog"), seen.config.signals)
    for one in sets.values():
        one.windows["image"] = "a.png"
    n_inputs = 46 * len(seen.recordings().channels)
    network = WindowRidge(n_models, n_inputs, seen.bank("hog").n_features)
    with pytest.raises(DataFault, match=f"one image for 3 folds .*{who}"):
        fit_ridge(network, sets, PARTICIPANTS, settings())


def test_where_pictures_are_known_no_fold_splits_a_recording(seen, monkeypatch):
    groups = []
    monkeypatch.setattr(
        module.DualRidgeCV, "fit",
        lambda self, X, y, groups_=None, **options: groups.append(options["groups"]),
    )  # fmt: skip
    sets = training_sets(seen.recordings(), seen.bank("hog"), seen.config.signals)
    network = WindowRidge(1, 46 * len(seen.recordings().channels), seen.bank("hog").n_features)
    with pytest.raises(AttributeError):  # nothing was fitted
        fit_ridge(network, sets, PARTICIPANTS, settings(folds=2), unit="block")
    assert len(set(groups[0])) == 2  # a recording of each participant


def test_a_design_too_large_for_memory_is_refused_before_it_is_read(fitted, monkeypatch):
    monkeypatch.setattr(module, "LIMIT_GIB", 1e-6)
    with pytest.raises(DataFault, match=r"windows of the ridge baseline.*ridge\.average"):
        fitted()
