"""Windows of rated trials: where they may lie, how often each level comes, and the same again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.emotion.batches import BalancedBatches, BalancedCrops, WindowBatches
from neurodecode.emotion.datamodule import RatedData, held_out_batches, loader
from neurodecode.emotion.windows import (
    CropIndex,
    WindowSource,
    all_windows,
    balanced_crops,
    places_of,
)
from neurodecode.evaluation import SplitSettings, split_rated, whole_trials
from neurodecode.faults import ConfigFault, DataFault

N_SAMPLES, WINDOW = 1920, 128
RATINGS = (1, 1, 1, 1, 1, 2, 2, 4)


def study(people=3):
    tables = [
        whole_trials(
            pd.DataFrame({
                "subject": f"s{person}", "session": "0", "trial": np.arange(len(RATINGS)),
                "clip": [f"c{k}" for k in range(len(RATINGS))], "valence": RATINGS,
            }),
            N_SAMPLES, "valence", (1, 5),
        )
        for person in range(people)
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def signals(people=3, n_channels=2):
    """Return signals whose values tell subject, trial and sample."""
    time = np.arange(N_SAMPLES, dtype=np.float32)
    return {
        f"s{person}": np.stack([
            np.stack([time, np.full(N_SAMPLES, 100 * person + trial, np.float32)])
            for trial in range(len(RATINGS))
        ])
        for person in range(people)
    }  # fmt: skip


def inside(places, stretches, subjects):
    """Return whether each window lies in one stretch."""
    spans = {}
    for row in stretches.itertuples():
        spans.setdefault((subjects.index(row.subject), row.row), []).append((row.start, row.stop))
    return [
        any(a <= start and start + WINDOW <= b for a, b in spans.get((store, row), []))
        for store, row, start, _ in places.tolist()
    ]


def test_windows_that_follow_one_another_and_overlapping_ones_are_counted_as_published():
    whole = study(1).assign(stop=7680)
    assert len(all_windows(whole, 128)) == 60 * len(RATINGS)
    first = whole.assign(stop=1280)
    assert len(all_windows(first, 128, 32)) == 37 * len(RATINGS)
    assert all_windows(first, 128, 32)["start"].max() == 1280 - 128
    short = whole.assign(stop=[100, 300, *whole["stop"][2:]])
    assert all_windows(short, 128)["trial"].value_counts().reindex([0, 1]).tolist()[1] == 2
    with pytest.raises(DataFault, match="no window of 128 samples"):
        all_windows(whole.assign(stop=127), 128)
    with pytest.raises(ConfigFault, match="0 apart"):
        all_windows(whole, 128, 0)


def test_windows_are_gathered_from_the_right_subject_trial_and_time(tmp_path):
    on_disk = {}
    for name, mine in signals().items():
        np.save(tmp_path / f"{name}.npy", mine)
        on_disk[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    source = WindowSource(on_disk, WINDOW)
    windows, levels = source[np.array([[2, 5, 700, 1], [0, 0, 0, 0], [2, 7, N_SAMPLES - 128, 3]])]
    assert windows.dtype == torch.float32
    assert levels.dtype == torch.int64
    assert windows.shape == (3, 2, WINDOW)
    assert windows[:, 0, 0].tolist() == [700, 0, N_SAMPLES - 128]
    assert windows[:, 0, -1].tolist() == [827, 127, N_SAMPLES - 1]
    assert windows[:, 1, 60].tolist() == [205, 0, 207]
    assert levels.tolist() == [1, 0, 3]


def test_crops_lie_within_joined_stretches_and_levels_are_alike():
    table, folds = split_rated(study(1), "time_blocks", SplitSettings(n_pieces=5))
    train = table.iloc[folds[2].train]
    crops = BalancedCrops(train, ["s0"], batch_size=500, n_batches=8, seed=1)
    places = np.concatenate(list(crops))
    # pieces 0 and then 3 to 4 train: crops may cross the border of 3 and 4, not the hole
    joined = [(0, 384), (1152, 1920)]
    ends = places[:, 2] + WINDOW
    assert np.any([(places[:, 2] >= a) & (ends <= b) for a, b in joined], axis=0).all()
    assert ((places[:, 2] < 1536) & (ends > 1536)).any()
    counts = np.bincount(places[:, 3], minlength=5)
    assert counts[[2, 4]].tolist() == [0, 0]
    assert (abs(counts[[0, 1, 3]] / 4000 - 1 / 3) < 0.03).all()
    of_level_0 = np.bincount(places[places[:, 3] == 0, 1], minlength=5)
    assert (abs(of_level_0 / of_level_0.sum() - 1 / 5) < 0.05).all()


def test_every_start_can_be_drawn_and_an_epoch_has_the_published_length():
    stretches = study(1).iloc[[0, 7]].assign(stop=[130, 140])
    index = CropIndex(stretches, WINDOW)
    assert index.n_starts == 3 + 13
    place, start = index.draw(2000, np.random.default_rng(0))
    rows = index.table["row"].to_numpy()[place]
    assert set(start[rows == 0]) == {0, 1, 2}
    assert set(start[rows == 7]) == set(range(13))
    dreamer = whole_trials(
        pd.DataFrame({"subject": "s0", "session": "0", "trial": range(18), "clip": range(18),
                      "valence": np.resize([1, 2, 3], 18)}), 7680, "valence", (1, 5),
    )  # fmt: skip
    table, folds = split_rated(dreamer, "time_blocks")
    # of fold 3, 1536 and 4608 samples train, 128 less each: (1408 + 4480) * 18 / 256
    assert len(BalancedCrops(table.iloc[folds[3].train], ["s0"])) == 414
    whole = BalancedCrops(study(1), ["s0"], batch_size=256)
    assert len(whole) == len(RATINGS) * (N_SAMPLES - WINDOW + 1) // 256
    assert len(list(whole)) == len(whole)


def test_balanced_batches_hold_every_level_alike():
    subjects = ["s0", "s1", "s2"]
    batches = BalancedBatches(all_windows(study(), WINDOW), subjects, batch_size=120)
    assert len(batches) == 3 * len(RATINGS) * 15 // 120
    for places in batches:
        assert np.bincount(places[:, 3]).tolist() == [40, 40, 0, 40]
    uneven = BalancedBatches(all_windows(study(), WINDOW), subjects, batch_size=100)
    assert len(next(iter(uneven))) == 99
    with pytest.raises(ConfigFault, match="2 windows for 3 levels"):
        BalancedBatches(all_windows(study(), WINDOW), subjects, batch_size=2)


@pytest.mark.parametrize("kind", [BalancedCrops, BalancedBatches, WindowBatches])
def test_an_epoch_is_the_same_for_the_same_seed_and_another_otherwise(kind):
    given = study() if kind is BalancedCrops else all_windows(study(), WINDOW)

    def epoch(seed, number):
        order = kind(given, ["s0", "s1", "s2"], seed=seed)
        order.set_epoch(number)
        return np.concatenate(list(order))

    np.testing.assert_array_equal(epoch(0, 3), epoch(0, 3))
    assert (epoch(0, 3) != epoch(0, 4)).any()
    assert (epoch(0, 3) != epoch(1, 3)).any()


def test_shuffled_windows_come_once_each_and_held_out_ones_in_order():
    windows = all_windows(study(), WINDOW)
    known = places_of(windows, ["s0", "s1", "s2"])
    shuffled = np.concatenate(list(WindowBatches(windows, ["s0", "s1", "s2"])))
    assert sorted(map(tuple, shuffled)) == sorted(map(tuple, known))
    source = WindowSource(signals(), WINDOW)
    held_out = list(loader(source, held_out_batches(windows, source)))
    assert torch.cat([levels for _, levels in held_out]).tolist() == windows["level"].tolist()
    starts = torch.cat([cut[:, 0, 0] for cut, _ in held_out])
    assert starts.tolist() == windows["start"].tolist()


def test_a_balanced_draw_is_fixed_by_its_seed():
    first = balanced_crops(study(1), WINDOW, 300, seed=5)
    assert first.equals(balanced_crops(study(1), WINDOW, 300, seed=5))
    assert not first.equals(balanced_crops(study(1), WINDOW, 300, seed=6))
    assert (first["level"].value_counts() > 75).all()


@pytest.mark.parametrize("name", ["time_blocks", "leave_clips_out"])
def test_no_batch_of_training_or_validation_touches_the_test_part(name):
    settings = SplitSettings(n_pieces=5, n_folds=3, missing="warn")
    table, folds = split_rated(study(1), name, settings)
    for fold in folds:
        data = RatedData.of_crops(signals(1), table, fold, batch_size=40, n_batches=1, n_valid=40)
        for order, rows in ((data.train, fold.train), (data.valid, fold.valid)):
            places = np.concatenate(list(order))
            test = table.iloc[fold.test]
            assert all(inside(places, _joined(table.iloc[rows]), ["s0"]))
            for store, row, start, _ in places.tolist():
                mine = test[test["row"] == row]
                assert not ((mine["start"] < start + WINDOW) & (mine["stop"] > start)).any(), store


def _joined(stretches):
    from neurodecode.evaluation.stretches import merge_touching

    return merge_touching(stretches)


def test_sources_have_the_consensus_and_validation_its_own_ratings():
    table = study()
    table.loc[(table["subject"] == "s1") & (table["clip"] == "c0"), "level"] = 4
    table, folds = split_rated(table, "zero_shot", SplitSettings(valid_subjects=0, missing="warn"))
    with pytest.raises(DataFault, match="nothing to validate on"):
        RatedData.of_sources(signals(), table, folds[2])
    table, folds = split_rated(table, "zero_shot", SplitSettings(missing="warn"))
    data = RatedData.of_sources(signals(), table, folds[0])  # s1 validates, s2 trains
    assert set(data.source.subjects) == {"s1", "s2"}
    valid = np.concatenate(list(data.valid))
    assert set(valid[valid[:, 1] == 0, 3]) == {4}
    train = np.concatenate(list(data.train))
    assert set(train[train[:, 1] == 0, 3]) == {0}


def test_calibration_shows_the_target_alone_and_only_its_first_part():
    settings = SplitSettings(calibration_samples=640)
    table, folds = split_rated(study(), "calibrated", settings)
    data = RatedData.of_calibration(signals(), table, folds[1])
    places = np.concatenate(list(data.train))
    assert data.source.subjects == ("s1",)
    assert len(places) == len(RATINGS) * 17
    assert places[:, 2].max() + WINDOW == 640
    table, folds = split_rated(study(), "zero_shot")
    with pytest.raises(DataFault, match="nothing to calibrate on"):
        RatedData.of_calibration(signals(), table, folds[1])


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec")
def test_lightning_moves_the_epoch_of_the_training_order_alone():
    import lightning

    seen = {"train": [], "valid": []}

    class Watch(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def training_step(self, batch, _):
            seen["train"].append(batch[0].sum().item())
            return self.weight * batch[1].float().mean()

        def validation_step(self, batch, _):
            seen["valid"].append(batch[0].sum().item())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    table, folds = split_rated(study(1), "time_blocks", SplitSettings(n_pieces=5))
    data = RatedData.of_crops(signals(1), table, folds[0], batch_size=16, n_batches=2, n_valid=20)
    trainer = lightning.Trainer(
        max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, accelerator="cpu", num_sanity_val_steps=0,
        log_every_n_steps=1,
    )  # fmt: skip
    trainer.fit(Watch(), datamodule=data)
    assert len(seen["train"]) == 4
    assert seen["train"][:2] != seen["train"][2:]
    assert seen["valid"][0] == seen["valid"][1]


def test_signals_and_windows_that_do_not_fit_are_named():
    uneven = {**signals(1), "s1": signals(1)["s0"][:, :1]}
    with pytest.raises(DataFault, match=r"subject s1.*prepare all subjects alike"):
        WindowSource(uneven, WINDOW)
    with pytest.raises(DataFault, match="unknown subject of a window 's2', did you mean"):
        places_of(all_windows(study(), WINDOW), ["s0", "s1"])
    table, folds = split_rated(study(), "zero_shot")
    with pytest.raises(DataFault, match="no signals of subject s2"):
        RatedData.of_sources({k: v for k, v in signals().items() if k != "s2"}, table, folds[0])
