"""Windows are cut where they say, and recordings that do not fit are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.faults import DataFault
from neurodecode.spikes import CorrectionSection, SpikeData, SpikeWindows
from neurodecode.spikes.batches import take

CLOCK = np.arange(20) * 0.05


def test_targets_are_the_next_tokens(config, recording):
    batch = recording(config()).batch(range(4))
    assert torch.equal(batch["id"][:, 1:], batch["target_id"][:, :-1])
    assert torch.equal(batch["dt"][:, 1:], batch["target_dt"][:, :-1])


def test_behaviours_are_the_last_samples_of_a_window_and_their_offsets(config):
    group = {"variables": {"phi": {"role": "input", "n_samples": 2}, "speed": {"role": "target"}}}
    settings = config(behaviours={"pose": group})
    fine = np.arange(100) * 0.01
    windows = SpikeWindows(
        settings, [], [], [0.3, 0.62],
        behaviours={"phi": (fine, fine * 100), "speed": (CLOCK, np.arange(20.0))},
    )  # fmt: skip
    batch = windows.batch([0, 1])
    np.testing.assert_allclose(batch["values"]["phi"], [[28, 29], [60, 61]])
    np.testing.assert_allclose(batch["offsets"]["phi"], [[0.03, 0.04]] * 2, atol=1e-6)
    np.testing.assert_allclose(batch["targets"]["speed"], [5, 12])


@pytest.mark.parametrize(("with_window", "last"), [(True, 5), (False, 6)])
def test_clips_end_with_the_window_or_as_released_one_later(config, with_window, last):
    settings = config(
        frames={"kernel": (3, 4, 5), "window": 0.15},
        corrections=CorrectionSection(clip_end=with_window),
    )
    frames = np.arange(40.0)[:, None, None] * np.ones((1, 8, 10))
    clip = SpikeWindows(settings, [], [], [0.3], frames=frames).batch([0])["frames"]
    assert clip.shape == (1, 1, 3, 8, 10)
    assert clip.dtype == torch.float32
    assert clip[0, 0, :, 0, 0].tolist() == [last - 2, last - 1, last]


def test_rows_can_be_taken_from_all_parts(config, recording):
    batch = recording(config(full=True)).batch(range(5))
    two = take(batch, torch.tensor([3, 0]))
    assert torch.equal(two["frames"], batch["frames"][[3, 0]])
    assert torch.equal(two["values"]["phi"], batch["values"]["phi"][[3, 0]])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"times": [0.2, 0.1]}, "spike 1 at 0.1 s is earlier"),
        ({"units": [0]}, "units of shape"),
        ({"frames": None}, "the recording no stimulus"),
        ({"chains": [0]}, "chains of shape"),
        ({"behaviours": {}}, "no behaviour 'phi'"),
    ],
)
def test_recordings_that_do_not_fit_are_faults(config, changed, said):
    settings = config(full=True)
    behaviours = {name: (CLOCK, np.zeros(20)) for name in ("phi", "speed", "side")}
    given = {"times": [0.1, 0.2], "units": [0, 1], "stops": [0.3, 0.4],
             "frames": np.zeros((40, 8, 10)), "behaviours": behaviours, **changed}  # fmt: skip
    with pytest.raises(DataFault, match=said):
        SpikeWindows(settings, **given)


@pytest.mark.parametrize(
    ("name", "samples", "said"),
    [
        ("phi", (CLOCK + 7, np.zeros(20)), "bring behaviour and spikes to one clock"),
        ("phi", (CLOCK, np.full(20, np.nan)), "no finite numbers"),
        ("phi", (CLOCK, np.zeros(19)), "values of shape"),
        ("side", (CLOCK, np.full(20, 2)), "classes from 2 to 2, expected 0 to 1"),
    ],
)
def test_behaviours_that_do_not_fit_are_faults(config, name, samples, said):
    behaviours = {other: (CLOCK, np.zeros(20)) for other in ("phi", "speed", "side")}
    with pytest.raises(DataFault, match=said):
        SpikeWindows(config(full=True), [0.1], [0], [0.3], frames=np.zeros((40, 8, 10)),
                     behaviours={**behaviours, name: samples})  # fmt: skip


def test_a_spike_of_an_unknown_unit_is_a_fault(config):
    with pytest.raises(DataFault, match="unit 9 is not in the vocabulary of 9"):
        SpikeWindows(config(), [0.28], [9], [0.3])


def orders(data):
    loader = data.train_dataloader()
    found = []
    for epoch in range(2):
        if data.shuffle:
            loader.sampler.set_epoch(epoch)
        found.append(torch.cat([batch["stop"] for batch in loader]).tolist())
    return found


def test_each_epoch_has_its_own_order_by_default(config, recording):
    windows = recording(config())
    options = {"train": range(15), "valid": [15, 16], "batch_size": 4}
    first, second = orders(SpikeData(windows, **options))
    assert first != second
    assert sorted(first) == sorted(second) == windows.stops[:15].tolist()
    assert [first, second] == orders(SpikeData(windows, **options))
    assert first != orders(SpikeData(windows, seed=1, **options))[0]
    assert orders(SpikeData(windows, shuffle=False, **options)) == [windows.stops[:15].tolist()] * 2
    (held,) = SpikeData(windows, **options).val_dataloader()
    assert held["stop"].tolist() == windows.stops[15:17].tolist()
