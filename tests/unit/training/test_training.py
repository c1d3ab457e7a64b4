"""A training ends with its best weights, goes on where it was broken off, and stops at NaN."""

from __future__ import annotations

import math

import lightning
import pandas as pd
import pytest
import torch
from lightning.pytorch.utilities import CombinedLoader

from neurodecode.faults import DataFault
from neurodecode.training import fit, load_checkpoint


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def logged(folder):
    """Return the CSV logs of a training, also of what went on later."""
    files = sorted(folder.glob("log/version_*/metrics.csv"))
    return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)


def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    small, pairs, settings, tmp_path
):
    found = []
    for number, seed in enumerate((3, 3, 4)):
        module = small()
        fit(module, pairs(), settings(), tmp_path / str(number), seed=seed)
        found.append(weights(module))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_the_best_weights_are_restored_not_the_last(small, pairs, settings, tmp_path):
    losses = {0: 3.0, 1: 1.0, 2: 2.0, 3: 1.5, 4: 2.5, 5: 1.2}
    module = small(valid=losses)
    found = fit(module, pairs(), settings(), tmp_path, seed=3)
    assert (found.best_loss, found.epochs, found.resumed_from, found.note) == (1.0, 6, "", "")
    two_epochs = small(valid=losses)
    fit(two_epochs, pairs(), settings(max_epochs=2), tmp_path / "two", seed=3)
    assert same(weights(module), weights(two_epochs))
    assert not module.training


def test_the_last_weights_are_kept_where_that_is_asked_for(small, pairs, settings, tmp_path):
    early = {0: 3.0, 1: 1.0, 2: 2.0, 3: 1.5, 4: 2.5, 5: 1.2}
    kept, best = small(valid=early), small(valid=early)
    found = fit(kept, pairs(), settings(), tmp_path / "kept", seed=3, keep="last")
    fit(best, pairs(), settings(), tmp_path / "best", seed=3)
    assert (found.epochs, found.best_loss) == (6, 1.0)
    assert not same(weights(kept), weights(best))
    late = small(valid={epoch: 6.0 - epoch for epoch in range(6)})
    fit(late, pairs(), settings(), tmp_path / "late", seed=3)
    assert same(weights(kept), weights(late))
    assert not kept.training


def test_the_last_weights_are_the_same_after_an_interruption(
    small, pairs, settings, interrupted, tmp_path
):
    resumed, whole = small(), small()
    found = fit(resumed, pairs(), settings(), interrupted, seed=3, key="a", keep="last")
    fit(whole, pairs(), settings(), tmp_path / "whole", seed=3, keep="last")
    assert found.resumed_from == "last.ckpt"
    assert same(weights(resumed), weights(whole))


def test_patience_counts_epochs_without_a_better_validation_loss(small, pairs, settings, tmp_path):
    module = small(valid={0: 3.0, 1: 1.0, 2: 1.1, 3: 1.2, 4: 0.1, 5: 0.1})
    found = fit(module, pairs(), settings(patience=2), tmp_path, seed=3)
    assert (found.epochs, found.best_loss) == (4, 1.0)
    module = small(valid={0: 3.0, 1: 2.9, 2: 2.8, 3: 2.7, 4: 2.6, 5: 2.5})
    assert (
        fit(module, pairs(), settings(patience=2, min_delta=0.5), tmp_path / "b", seed=3).epochs
        == 3
    )


def test_a_training_that_was_broken_off_ends_as_if_it_had_not_been(
    small, pairs, settings, interrupted, tmp_path
):
    resumed, whole = small(), small()
    found = fit(resumed, pairs(), settings(), interrupted, seed=3, key="a")
    expected = fit(whole, pairs(), settings(), tmp_path / "whole", seed=3, key="a")
    assert found.resumed_from == "last.ckpt"
    assert (found.epochs, found.best_loss) == (expected.epochs, expected.best_loss)
    assert same(weights(resumed), weights(whole))


def test_it_may_be_broken_off_more_than_once(
    small, pairs, settings, interrupted, interruption, tmp_path
):
    with pytest.raises(InterruptedError):
        fit(small(), pairs(), settings(), interrupted, seed=3, key="a", callbacks=[interruption(4)])
    resumed, whole = small(), small()
    assert fit(resumed, pairs(), settings(), interrupted, seed=3, key="a").resumed_from
    fit(whole, pairs(), settings(), tmp_path / "whole", seed=3)
    assert same(weights(resumed), weights(whole))


def test_broken_off_in_the_first_epoch_it_starts_anew(
    small, pairs, settings, interruption, tmp_path
):
    with pytest.raises(InterruptedError):
        fit(small(), pairs(), settings(), tmp_path, seed=3, callbacks=[interruption(0)])
    assert fit(small(), pairs(), settings(), tmp_path, seed=3).resumed_from == ""


def test_every_epoch_of_a_resumed_training_is_in_the_csv_log(small, pairs, settings, interrupted):
    fit(small(), pairs(), settings(log_every_n_steps=1), interrupted, seed=3, key="a")
    rows = logged(interrupted)
    assert rows["val_loss"].notna().sum() == 6
    assert set(rows.loc[rows["val_loss"].notna(), "epoch"]) == set(range(6))
    assert rows["train_loss"].notna().any()


def test_the_log_of_another_training_is_gone(small, pairs, settings, interrupted):
    fit(small(), pairs(), settings(max_epochs=1), interrupted, seed=3, key="b")
    assert logged(interrupted)["val_loss"].notna().sum() == 1


def test_another_key_starts_anew(small, pairs, settings, interrupted, tmp_path):
    module, whole = small(), small()
    assert fit(module, pairs(), settings(), interrupted, seed=3, key="b").resumed_from == ""
    fit(whole, pairs(), settings(), tmp_path / "whole", seed=3)
    assert same(weights(module), weights(whole))


def test_a_training_that_ended_starts_anew(small, pairs, settings, tmp_path):
    first = fit(small(), pairs(), settings(), tmp_path, seed=3, key="a")
    assert not (tmp_path / "checkpoints" / "last.ckpt").exists()
    again = fit(small(), pairs(), settings(), tmp_path, seed=3, key="a")
    assert again == first


@pytest.mark.parametrize(
    ("value", "word"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")]
)
def test_a_loss_that_is_not_finite_stops_the_training_with_epoch_and_batch(
    value, word, small, pairs, settings, tmp_path
):
    module = small(spoilt=(2, 1), value=value)
    words = rf"the loss became {word} \[epoch 2, batch 1\] -> lower training.learning_rate"
    with pytest.raises(DataFault, match=words):
        fit(module, pairs(), settings(), tmp_path, seed=3)
    assert all(value.isfinite().all() for value in module.state_dict().values())
    two_epochs = small()
    fit(two_epochs, pairs(), settings(max_epochs=2), tmp_path / "two", seed=3)
    for name in ("last.ckpt", "best.ckpt"):
        kept = load_checkpoint(tmp_path / "checkpoints" / name)["state_dict"]
        assert all(value.isfinite().all() for value in kept.values())
    last = load_checkpoint(tmp_path / "checkpoints" / "last.ckpt")
    assert last["epoch"] == 1


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_validation_loss_that_is_not_finite_is_no_quiet_end(
    epoch, small, pairs, settings, tmp_path
):
    losses = dict.fromkeys(range(6), 1.0) | {epoch: math.nan}
    with pytest.raises(DataFault, match=rf"validation loss became nan \[epoch {epoch}\]"):
        fit(small(valid=losses), pairs(), settings(), tmp_path, seed=3)
    assert (tmp_path / "checkpoints" / "last.ckpt").exists() == (epoch > 0)


@pytest.mark.parametrize(("sizes", "name"), [((7, 16), "training"), ((32, 7), "validation")])
def test_an_empty_loader_is_a_fault_and_not_a_finished_training(
    sizes, name, small, pairs, settings, tmp_path
):
    with pytest.raises(DataFault, match=f"no {name} batch"):
        fit(small(), pairs(*sizes), settings(), tmp_path, seed=3)


class Combined(lightning.LightningDataModule):
    """The pairs under two names, as loaders that are passed together."""

    def __init__(self, pairs):
        super().__init__()
        self.pairs = pairs

    def train_dataloader(self):
        loaders = {"a": self.pairs.train_dataloader(), "b": self.pairs.train_dataloader()}
        return CombinedLoader(loaders, "min_size")

    def val_dataloader(self):
        return self.pairs.val_dataloader()


@pytest.mark.filterwarnings("ignore:.*LeafSpec")
def test_an_empty_loader_among_combined_ones_is_a_fault(small, pairs, settings, tmp_path):
    with pytest.raises(DataFault, match="no training batch"):
        fit(small(), Combined(pairs(0, 16)), settings(), tmp_path, seed=3)
