"""A batch pairs each brain window with what was heard, a lag earlier, whoever's channels it has."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.contrastive.data import EpochOrder, Recordings
from neurodecode.contrastive.speech.datamodule import ListeningData
from neurodecode.contrastive.speech.decoders import DECODERS
from neurodecode.contrastive.speech.heard import HeardWindows, shift_by_lag
from neurodecode.faults import DataFault
from neurodecode.signals.robust import RobustScaler, subtract_baseline
from neurodecode.signals.store import open_store


@pytest.fixture(scope="module")
def recordings(study):
    return study.heard.recordings(["01", "02", "03"])


@pytest.fixture(scope="module")
def bank(study):
    return study.heard.bank(DECODERS["contrastive, Mel"])


def listening(study, recordings, bank, **options):
    made = ListeningData(recordings, bank, study.config.signals, **{"batch_size": 8, **options})
    made.setup()
    return made


def test_brain_sample_t_plus_18_meets_target_t():
    times = torch.arange(361.0).expand(2, 3, 361)
    signals, targets = shift_by_lag(times, times, 18)
    assert signals.shape == targets.shape == (2, 3, 343)
    assert (signals - targets == 18).all()
    assert (signals[0, 0, 0], targets[0, 0, 0]) == (18, 0)


def test_without_a_lag_nothing_is_dropped():
    times = torch.arange(10.0).expand(1, 1, 10)
    assert all(torch.equal(shifted, times) for shifted in shift_by_lag(times, times, 0))


def test_a_batch_is_scaled_clamped_and_shifted(study, recordings, bank):
    settings = study.config.signals
    windows = recordings.windows("train")
    row = int(np.flatnonzero(windows["participant"] == "02")[3])
    batch = HeardWindows(recordings, bank, windows, settings)[row]
    store = open_store(study.heard.folders["02"] / "0")
    start = windows["start"][row]
    scaler = RobustScaler.from_dict(store.info["scaler"])
    cut = subtract_baseline(store.signals[None, :, start : start + settings.n_samples], 11)
    expected = scaler.transform(cut, 20.0)[0]
    columns = [recordings.channels.index(name) for name in store.info["channels"]]
    np.testing.assert_array_equal(batch["signals"][0, columns].numpy(), expected[:, 4:])
    target = bank.gather(bank.index(windows.iloc[[row]]))
    assert torch.equal(batch["targets"], target[..., :-4])
    assert batch["signals"].shape[-1] == batch["targets"].shape[-1] == settings.n_samples - 4


def test_a_batch_may_come_from_several_recordings_in_any_order(study, recordings, bank):
    windows = recordings.windows("train")
    data = HeardWindows(recordings, bank, windows, study.config.signals)
    rows = [len(windows) - 1, 0, len(windows) // 2, 1]
    together = data.__getitems__(rows)
    for place, row in enumerate(rows):
        alone = data[row]
        for name in ("signals", "targets", "subjects", "layouts", "segments"):
            assert torch.equal(together[name][place], alone[name][0]), name


def test_channels_are_united_and_those_not_there_are_zero_at_no_position(recordings):
    assert recordings.channels == ["Fz", "Cz", "Pz", "T7", "T8"]
    windows = recordings.windows("train").groupby("participant").head(2)
    from neurodecode.signals.continuous import ContinuousSection

    batch = recordings.read(windows, ContinuousSection(sfreq=40, tmin=-0.25, tmax=0.75, baseline=0))
    lacks = {"01": [4], "02": [0, 3], "03": [4]}
    for row, participant in enumerate(windows["participant"]):
        for channel in range(5):
            missing = channel in lacks[participant]
            assert (batch["signals"][row, channel] == 0).all() == missing
            place = batch["positions"][batch["layouts"][row], channel]
            assert place.isnan().all() == missing


def test_recordings_with_the_same_layout_share_it(recordings):
    assert recordings.positions.shape == (2, 5, 2)
    layouts = [item.layout for item in recordings.items]
    assert layouts[0] == layouts[2] != layouts[1]


def test_participants_keep_the_indices_of_the_trained_model(study):
    folders = {"03": study.heard.folders["03"]}
    alone = Recordings(folders, ["01", "02", "03"])
    batch = alone.read(alone.windows("test").head(2), study.config.signals)
    assert batch["subjects"].tolist() == [2, 2]
    assert set(alone.windows()["participant"]) == {"03"}


def test_the_same_segment_has_the_same_number_in_every_recording(study, recordings, bank):
    windows = recordings.windows("test")
    data = HeardWindows(recordings, bank, windows, study.config.signals)
    numbers = windows.assign(number=data.segments.numpy()).groupby("segment")["number"]
    # The grid of samples moves a segment by up to half a sample from recording to recording.
    assert numbers.nunique().max() <= 3
    first = windows["participant"] == "01"
    assert len(set(data.segments[torch.tensor(first.tolist())].tolist())) == first.sum()


def test_an_epochs_order_depends_on_seed_and_epoch_alone():
    order, again, other = EpochOrder(50, 1), EpochOrder(50, 1), EpochOrder(50, 2)
    first = list(order)
    order.set_epoch(1)
    second = list(order)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    again.set_epoch(1)
    assert list(again) == second
    assert list(other) != first
    order.set_epoch(0)
    assert list(order) == first


def test_the_order_of_validation_stays():
    order = EpochOrder(50, 1, moving=False)
    first = list(order)
    order.set_epoch(3)
    assert list(order) == first


def test_shuffled_targets_are_others_and_the_signals_stay(study, recordings, bank):
    plain = listening(study, recordings, bank)
    shuffled = listening(study, recordings, bank, shuffled=True)
    for part in ("train", "valid"):
        rows = range(len(plain.sets[part]))
        first, second = (data.sets[part].__getitems__(rows) for data in (plain, shuffled))
        assert torch.equal(first["signals"], second["signals"])
        moved = (first["targets"] != second["targets"]).flatten(1).any(dim=1)
        assert part == "valid" or moved.float().mean() > 0.8
        # They are the same targets in another order.
        sums = [one["targets"].double().sum(dim=(1, 2)).sort().values for one in (first, second)]
        torch.testing.assert_close(*sums)


def test_the_target_scaler_is_fitted_on_training_windows_when_data_are_set_up(study, recordings):
    bank = study.heard.bank(DECODERS["contrastive, Mel"])
    listening(study, recordings, bank, seed=5, scaler_windows=20)
    fitted = bank.scaler
    again = study.heard.bank(DECODERS["contrastive, Mel"])
    assert again.fit_scaler(recordings.windows("train"), n_windows=20, seed=5) == fitted


def test_batches_are_full_and_cover_the_training_windows_once(study, recordings, bank):
    data = listening(study, recordings, bank)
    batches = list(data.train_dataloader())
    assert {len(batch["signals"]) for batch in batches} == {8}
    assert len(batches) == len(recordings.windows("train")) // 8
    small = listening(study, recordings, bank, batch_size=10**6)
    (batch,) = small.train_dataloader()
    assert len(batch["signals"]) == len(recordings.windows("train"))


def test_training_windows_can_be_chosen(study, recordings, bank):
    data = listening(study, recordings, bank, keep=lambda w: w[w["participant"] == "02"])
    assert set(data.sets["train"].windows["participant"]) == {"02"}
    assert set(data.sets["valid"].windows["participant"]) == {"01", "02", "03"}


def test_too_few_windows_are_counted(study, recordings, bank):
    with pytest.raises(DataFault, match="1 training windows"):
        listening(study, recordings, bank, keep=lambda windows: windows.head(1))


def test_a_recording_has_the_same_name_whichever_are_opened(study):
    keys = ["participant", "recording_name", "start"]
    everybody = study.heard.recordings(["01", "02", "03"]).windows("test")
    alone = study.heard.recordings(["02"]).windows("test")
    assert len(alone.merge(everybody[keys], on=keys)) == len(alone) > 0
