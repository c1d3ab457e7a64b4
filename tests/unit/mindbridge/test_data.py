"""Batches hold what the subjects saw, one repetition in training, all of them in validation."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge import (
    BridgeData,
    NewSubjectData,
    StimulusOrder,
    SubjectData,
    aggregate,
    limited,
    pool_repetitions,
)
from neurodecode.mindbridge.data import StimulusKey, StimulusRows

IDS = ["c", "a", "d", "b"]


def test_limited_data_are_the_first_or_last_in_the_order_of_names():
    def named(length):
        return "".join(IDS[row] for row in limited(IDS, length))

    assert named(None) == "abcd"
    assert named(2) == "ab"
    assert named(-2) == "cd"
    assert named(6) == "abcdab"
    assert named(-4) == "abcd"


@pytest.mark.parametrize("length", [0, -5])
def test_lengths_without_stimuli_are_refused(length):
    with pytest.raises(ConfigFault, match=f"length {length} of 4 stimuli"):
        limited(IDS, length)


@given(n=st.integers(1, 40), batch_size=st.integers(1, 50), epoch=st.integers(0, 3))
def test_an_epoch_shows_every_stimulus_once(n, batch_size, epoch):
    order = StimulusOrder({"1": np.arange(n)}, batch_size=batch_size, seed=3)
    order.set_epoch(epoch)
    keys = list(order)
    assert sorted(key.row for key in keys) == list(range(n))
    assert len(order) == n
    for place, key in enumerate(keys):
        assert key.number == epoch * order.n_batches + place // order.batch_size


def test_orders_depend_on_seed_epoch_and_subject_alone():
    def rows(subject="1", seed=3, epoch=0):
        order = StimulusOrder({subject: np.arange(50)}, batch_size=10, seed=seed)
        order.set_epoch(epoch)
        return [key.row for key in order]

    assert rows() == rows()
    different = [rows(), rows(epoch=1), rows(seed=4), rows(subject="2")]
    assert len({tuple(order) for order in different}) == 4


@given(
    sizes=st.lists(st.integers(3, 20), min_size=2, max_size=4),
    n_batches=st.integers(1, 9),
    epoch=st.integers(0, 3),
)
def test_several_subjects_take_turns_and_each_uses_all_before_it_repeats(sizes, n_batches, epoch):
    rows = {str(i): np.arange(n) for i, n in enumerate(sizes)}
    order = StimulusOrder(rows, batch_size=3, seed=0, n_batches=n_batches)
    order.set_epoch(epoch)
    keys = list(order)
    assert len(keys) == len(order) == 3 * n_batches
    for k in range(n_batches):
        batch = {key.subject for key in keys[3 * k : 3 * k + 3]}
        assert batch == {str((epoch * n_batches + k) % len(sizes))}
    for subject, mine in rows.items():
        counts = Counter(key.row for key in keys if key.subject == subject)
        if counts:
            each = [counts[row] for row in mine]
            assert max(each) - min(each) <= 1


def test_short_epochs_reach_every_source_and_every_repetition():
    order = StimulusOrder({"1": np.arange(4), "2": np.arange(4)}, batch_size=4, seed=0, n_batches=1)
    seen = set()
    for epoch in range(6):
        order.set_epoch(epoch)
        seen |= {(key.subject, key.number % 3) for key in order}
    assert seen == {(subject, number) for subject in "12" for number in range(3)}


def test_random_repetitions_differ_within_a_batch():
    order = StimulusOrder({"1": np.arange(60)}, batch_size=60, seed=0, repetition="random")
    assert Counter(key.number % 3 for key in order).keys() == {0, 1, 2}
    assert list(order) == list(order)


def test_training_takes_one_repetition_and_its_caption(study):
    data = study({"1": 5})["1"]
    rows = StimulusRows({"1": data}, 16)
    batch = rows.__getitems__([StimulusKey("1", 4, 7), StimulusKey("1", 2, 5)])
    expected = aggregate(np.stack([data.responses[4, 1], data.responses[2, 2]]), 16)
    np.testing.assert_array_equal(batch["pooled"], expected)
    np.testing.assert_array_equal(batch["image"], data.image[[4, 2]])
    np.testing.assert_array_equal(batch["text"], data.text[[4, 2], [1, 1]])
    assert batch["subject"] == "1"


def test_validation_pools_each_repetition_and_averages(study):
    data = study({"1": 5})["1"]
    rows = StimulusRows({"1": data}, 16, averaged=True)
    batch = rows.__getitems__([StimulusKey("1", 3, 0), StimulusKey("1", 0, 0)])
    np.testing.assert_allclose(batch["pooled"], pool_repetitions(data.responses[[3, 0]], 16))


@pytest.mark.parametrize("averaged", [False, True])
def test_repetitions_that_a_stimulus_lacks_are_never_read(study, averaged):
    full = study({"1": 3})["1"]
    responses = full.responses.copy()
    responses[1, 2] = np.nan
    responses[2, 1:] = np.nan
    data = SubjectData(responses, full.image, full.ids, n_repetitions=np.array([3, 2, 1]))
    rows = StimulusRows({"1": data}, 16, averaged=averaged)
    for number in range(3):
        batch = rows.__getitems__([StimulusKey("1", row, number) for row in range(3)])
        assert torch.isfinite(batch["pooled"]).all()
        if averaged:
            expected = [pool_repetitions(full.responses[row, : 3 - row], 16) for row in range(3)]
        else:
            kept = [number % count for count in (3, 2, 1)]
            expected = aggregate(full.responses[np.arange(3), kept], 16)
        np.testing.assert_allclose(batch["pooled"], expected)
        assert batch["text"] is None


def test_memory_mapped_half_precision_is_read(study, tmp_path):
    data = study({"1": 6})["1"]
    np.save(tmp_path / "responses.npy", data.responses.astype(np.float16))
    mapped = np.load(tmp_path / "responses.npy", mmap_mode="r", allow_pickle=False)
    rows = StimulusRows({"1": SubjectData(mapped, data.image, data.ids)}, 16)
    batch = rows.__getitems__([StimulusKey("1", 5, 1)])
    assert batch["pooled"].dtype == torch.float32
    np.testing.assert_array_equal(batch["pooled"], aggregate(np.asarray(mapped[[5], [1]]), 16))


def test_a_missing_voxel_names_the_subject(study):
    data = study({"1": 3})["1"]
    data.responses[1, 0, 4] = np.nan
    with pytest.raises(DataFault, match=r"voxel 4 .*\[subject 1\]"):
        StimulusRows({"1": data}, 16).__getitems__([StimulusKey("1", 1, 0)])
    with pytest.raises(DataFault, match=r"voxel 4 .*\[subject 1, stimulus 0001\]"):
        StimulusRows({"1": data}, 16, averaged=True).__getitems__([StimulusKey("1", 1, 0)])


pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec")  # Lightning, in a loader's pass


def epoch_of(loader):
    return [batch for batch, _, _ in loader]


@pytest.mark.parametrize(
    ("mode", "sizes"),
    [
        ("min_size", [(4, 4), (4, 4), (2, 4)]),
        ("max_size", [(4, 4), (4, 4), (2, 4), (None, 3)]),
        ("max_size_cycle", [(4, 4), (4, 4), (2, 4), (4, 3)]),
    ],
)
def test_modes_say_how_subjects_of_unequal_numbers_are_combined(study, mode, sizes):
    train = study({"1": 10, "2": 15})
    data = BridgeData(train, train, pooled_size=16, batch_size=4, mode=mode)
    batches = epoch_of(iter(data.train_dataloader()))
    assert [tuple(b and len(b["pooled"]) for b in batch.values()) for batch in batches] == sizes
    assert all(batch["2"]["subject"] == "2" for batch in batches)


def test_validation_shows_every_stimulus_in_order(study):
    train = study({"1": 10, "2": 15})
    data = BridgeData(train, train, pooled_size=16, batch_size=4)
    batches = epoch_of(iter(data.val_dataloader()))
    for subject, own in train.items():
        images = torch.cat([batch[subject]["image"] for batch in batches if batch[subject]])
        np.testing.assert_array_equal(images, own.image)


def test_a_length_limits_training_alone(study):
    train = study({"1": 10})
    data = BridgeData(train, train, pooled_size=16, batch_size=4, length=3)
    (batch,) = epoch_of(iter(data.train_dataloader()))
    found = sorted(batch["1"]["image"].flatten(1)[:, 0].tolist())
    assert found == sorted(train["1"].image[:3].reshape(3, -1)[:, 0].tolist())
    assert len(epoch_of(iter(data.val_dataloader()))) == 3


def test_a_new_subject_comes_with_one_source_at_a_time(study):
    train = study({"1": 30, "2": 9, "7": 11})
    data = NewSubjectData(train, train, "7", pooled_size=16, batch_size=4)
    batches = epoch_of(iter(data.train_dataloader()))
    assert [batch["sources"]["subject"] for batch in batches] == ["1", "2", "1"]
    assert [len(batch["sources"]["pooled"]) for batch in batches] == [4, 4, 4]
    assert [len(batch["7"]["pooled"]) for batch in batches] == [4, 4, 3]
    assert {key for batch in epoch_of(iter(data.val_dataloader())) for key in batch} == {"7"}


def test_a_new_subject_can_come_without_sources(study):
    train = study({"7": 11})
    data = NewSubjectData(train, train, "7", pooled_size=16)
    assert [list(batch) for batch in epoch_of(iter(data.train_dataloader()))] == [["7"]]


def test_workers_give_the_same_batches(study):
    train = study({"1": 10, "2": 9})
    found = []
    for num_workers in (0, 1):
        data = BridgeData(train, train, pooled_size=16, batch_size=4, num_workers=num_workers)
        found.append(epoch_of(iter(data.train_dataloader())))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one["2"]["pooled"], other["2"]["pooled"])


def test_data_that_do_not_fit_together_are_refused(study):
    data = study({"1": 4})["1"]
    image, ids = data.image, data.ids
    with pytest.raises(DataFault, match="responses 4, image 3, ids 4"):
        SubjectData(data.responses, image[:3], ids)
    with pytest.raises(DataFault, match="give stimuli x repetitions x voxels"):
        SubjectData(data.responses[:, 0], image, ids)
    with pytest.raises(DataFault, match="stimulus 'a' stands 2 times"):
        SubjectData(data.responses, image, ["a", "b", "a", "c"])
    with pytest.raises(DataFault, match="give stimuli x captions x values"):
        SubjectData(data.responses, image, ids, text=np.ones((4, 5)))
    with pytest.raises(DataFault, match=r"4 repetitions of 3 \[stimulus 0002\]"):
        SubjectData(data.responses, image, ids, n_repetitions=np.array([3, 1, 4, 0]))
    with pytest.raises(DataFault, match="validate on one or more"):
        BridgeData({"1": data}, {"2": data})
    with pytest.raises(DataFault, match="no validation data of the new subject '7'"):
        NewSubjectData({"1": data}, {"1": data}, "7")
    with pytest.raises(ConfigFault, match="did you mean 'random'"):
        StimulusOrder({"1": np.arange(3)}, batch_size=2, seed=0, repetition="randon")
    with pytest.raises(ConfigFault, match="need a number of batches"):
        StimulusOrder({"1": np.arange(3), "2": np.arange(3)}, batch_size=2, seed=0)
    with pytest.raises(DataFault, match=r"no stimulus \[subject 1\]"):
        StimulusOrder({"1": np.arange(0)}, batch_size=2, seed=0)
