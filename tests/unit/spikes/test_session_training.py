"""Sessions are trained together: every window once, resumable, and a new one on a frozen body."""

from __future__ import annotations

from itertools import chain

import lightning
import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes import (
    MultiSessionData,
    MultiSessionNeuroformer,
    OptimiserSection,
    SpikeData,
    SpikeModule,
    SpikeWindows,
    spike_terms,
    weighted_sum,
)
from neurodecode.spikes.session_data import MixedOrder
from neurodecode.training import fit
from neurodecode.training_config import TrainerSection

FAST = OptimiserSection(learning_rate=3e-3, weight_decay=0.01, warmup_tokens=0)
UNITS = {"mon": 3, "fri": 5}
SMALL = {
    "n_state_layers": 1, "n_past_layers": 1,
    "windows": {"current": 0.05, "past": 0.1, "block": 5, "past_block": 5},
}  # fmt: skip


def settings(**options):
    return TrainerSection(**{"max_epochs": 2, "accelerator": "cpu", "patience": 50, **options})


def follower(settings, *, seed, n_windows=60):
    """Return windows in which the last unit fires 60 ms after the first, else the one before it."""
    rng = np.random.default_rng(seed)
    starts = np.arange(2, n_windows + 2) * 0.2
    fires = rng.random(n_windows) < 0.5
    last = settings.n_neurons - 1
    times = np.concatenate([starts[fires] + 0.021, starts[fires] + 0.081, starts[~fires] + 0.081])
    units = np.repeat([0, last, last - 1], [fires.sum(), fires.sum(), (~fires).sum()])
    order = np.argsort(times)
    return SpikeWindows(settings, times[order], units[order], starts + 0.1)


@pytest.fixture
def several(config):
    torch.manual_seed(0)
    return MultiSessionNeuroformer(config(**SMALL), UNITS)


@pytest.fixture
def data():
    """Return a maker of data of a model's sessions: ``data(model, "mon", "fri")``."""

    def make(model, *names, batch_size=10, **options):
        seeds = {"mon": 0, "fri": 1, "sat": 2}
        windows = {name: follower(model.select(name).config, seed=seeds[name]) for name in names}
        train, valid = (dict.fromkeys(names, rows) for rows in (range(45), range(45, 60)))
        return MultiSessionData(windows, train, valid, batch_size=batch_size, **options)

    return make


def losses(model, data):
    """Return the loss of each session's validation windows."""
    found = {}
    for name, rows in data.valid.items():
        chosen = model.select(name).eval()
        batch = data.windows.sessions[name].batch(rows)
        with torch.no_grad():
            found[name] = float(
                weighted_sum(spike_terms(chosen, chosen(batch), batch), chosen.config)
            )
    return found


def test_an_epoch_shows_every_window_once_in_batches_of_one_session():
    rows = {"mon": np.arange(23), "fri": np.arange(7, 12)}
    order = MixedOrder(rows, 5, seed=3)
    batches = list(order)
    assert len(batches) == len(order) == 6
    for name, expected in rows.items():
        shown = [each for session, each in batches if session == name]
        assert sorted(chain.from_iterable(shown)) == expected.tolist()
        assert [len(each) for each in shown] == ([5] * 4 + [3] if name == "mon" else [5])
    assert list(order) == batches
    order.set_epoch(1)
    assert list(order) != batches


def test_sessions_take_turns_in_validation_too():
    rows = {"mon": np.arange(40), "fri": np.arange(40)}
    order = MixedOrder(rows, 4, seed=0, shuffle=False)
    batches = list(order)
    assert len({session for session, _ in batches[:8]}) == 2
    shown = [each for session, each in batches if session == "fri"]
    assert list(chain.from_iterable(shown)) == list(range(40))
    order.set_epoch(5)
    assert list(order) == batches


def test_batches_name_their_session_and_have_its_tokens(several, data):
    for batch in data(several, "mon", "fri").train_dataloader():
        assert bool((batch["id"][:, 0] == UNITS[batch["session"]]).all())  # SOS


def test_one_session_is_trained_as_a_single_model_is(config, tmp_path):
    chosen = config(**SMALL, n_neurons=3)
    windows = follower(chosen, seed=0)
    torch.manual_seed(0)
    single = SpikeModule(chosen.build(), FAST)
    fit(single, SpikeData(windows, range(45), range(45, 60), batch_size=10), settings(),
        tmp_path / "single", seed=3)  # fmt: skip
    torch.manual_seed(0)
    several = MultiSessionNeuroformer(chosen, {"mon": 3})
    data = MultiSessionData({"mon": windows}, {"mon": range(45)}, {"mon": range(45, 60)},
                            batch_size=10)  # fmt: skip
    fit(SpikeModule(several, FAST), data, settings(), tmp_path / "several", seed=3)
    expected = single.model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in several.select("mon").state_dict().items())


def test_a_batch_of_one_session_leaves_the_tables_of_others_alone(several, data, tmp_path):
    before = {name: p.clone() for name, p in several.named_parameters()}
    fit(SpikeModule(several, FAST), data(several, "mon"), settings(), tmp_path, seed=3)
    changed = {name for name, p in several.named_parameters() if not torch.equal(p, before[name])}
    assert not {name for name in changed if name.startswith("tables.fri")}
    assert {name for name in changed if name.startswith("tables.mon")} == {
        "tables.mon.tokens.weight", "tables.mon.id_head.weight"
    }  # fmt: skip


class Interrupted(Exception):
    pass


class Interrupt(lightning.Callback):
    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 2:
            raise Interrupted


def test_an_interrupted_training_of_sessions_ends_with_the_same_weights(config, data, tmp_path):
    def module():
        torch.manual_seed(0)
        return SpikeModule(MultiSessionNeuroformer(config(**SMALL), UNITS), FAST)

    whole, broken, again = module(), module(), module()
    shown = data(whole.model, "mon", "fri")
    longer = settings(max_epochs=3)
    fit(whole, shown, longer, tmp_path / "whole", seed=3)
    with pytest.raises(Interrupted):
        fit(broken, shown, longer, tmp_path / "b", seed=3, callbacks=[Interrupt()])
    assert fit(again, shown, longer, tmp_path / "b", seed=3).resumed_from == "last.ckpt"
    expected = whole.model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in again.model.state_dict().items())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a model of two sessions, its data, its losses before, and its log."""
    from neurodecode.config import validate
    from neurodecode.spikes import NeuroformerConfig

    none = {"dropout": 0.0, "token_dropout": 0.0, "time_dropout": 0.0, "frame_dropout": 0.0}
    chosen = validate(NeuroformerConfig, {
        "n_neurons": 3, "width": 24, "n_heads": 4, "n_frame_layers": 0, **SMALL, **none
    })  # fmt: skip
    torch.manual_seed(0)
    model = MultiSessionNeuroformer(chosen, UNITS)
    windows = {name: follower(model.select(name).config, seed=seed)
               for seed, name in enumerate(UNITS)}  # fmt: skip
    train, valid = (dict.fromkeys(UNITS, rows) for rows in (range(45), range(45, 60)))
    data = MultiSessionData(windows, train, valid, batch_size=10)
    start = losses(model, data)
    folder = tmp_path_factory.mktemp("sessions")
    fit(SpikeModule(model, FAST), data, settings(max_epochs=16), folder, seed=3)
    return model, data, start, pd.read_csv(folder / "log" / "version_0" / "metrics.csv")


def test_both_sessions_are_learnt_by_one_body(trained):
    model, data, start, _ = trained
    end = losses(model, data)
    for name, n_units in UNITS.items():
        assert end[name] < 0.5 * start[name], name
        batch = data.windows.sessions[name].batch(data.valid[name])
        with torch.no_grad():
            first = model.select(name)(batch).id[:, 0].argmax(dim=1)
        assert torch.equal(first, batch["target_id"][:, 0])
        assert set(first.tolist()) == {n_units - 2, n_units - 1}


def test_the_log_has_the_loss_of_each_session(trained):
    *_, log = trained
    for part, rows in (("train", [45, 45]), ("val", [15, 15])):
        found = log[log[f"{part}_loss"].notna()]
        each = found[[f"{part}_loss_{name}" for name in UNITS]]
        assert len(each) == 16
        np.testing.assert_allclose(
            np.average(each, axis=1, weights=rows), found[f"{part}_loss"], rtol=1e-5
        )


def test_a_new_session_is_learnt_by_its_table_alone_where_the_body_is_trained(
    trained, data, tmp_path
):
    start, end = {}, {}
    for body in ("trained", "drawn"):
        torch.manual_seed(1)
        model = MultiSessionNeuroformer(trained[0].config, UNITS)
        if body == "trained":
            model.load_state_dict(trained[0].state_dict())
        model.add_session("sat", 4, freeze=True)
        before = {name: p.clone() for name, p in model.named_parameters()}
        new = data(model, "sat")
        start[body] = losses(model, new)["sat"]
        fit(SpikeModule(model, FAST), new, settings(max_epochs=8), tmp_path / body, seed=3)
        end[body] = losses(model, new)["sat"]
        changed = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
        assert changed == {"tables.sat.tokens.weight", "tables.sat.id_head.weight"}
    assert end["trained"] < 0.5 * start["trained"]
    assert end["trained"] < 0.7 * end["drawn"]


def test_data_of_other_units_is_refused_before_the_training(several, data, tmp_path):
    shown = data(several, "mon", "fri")
    other = MultiSessionNeuroformer(several.config, {"mon": 4, "sat": 5})
    said = "session 'mon' has 3 units, the model's table 4; session 'fri' has 5 units, the model no"
    with pytest.raises(DataFault, match=said):
        fit(SpikeModule(other), shown, settings(), tmp_path, seed=3)


def test_rows_that_cannot_be_are_refused(several, data):
    windows = data(several, "mon").windows.sessions
    with pytest.raises(ConfigFault, match="did you mean 'mon'"):
        MultiSessionData(windows, {"mom": [0]}, {})
    with pytest.raises(DataFault, match=r"rows from 0 to 60 of 60 windows \[session 'mon'\]"):
        MultiSessionData(windows, {"mon": range(61)}, {})
