"""Speeds are those of the same work, taken by turns, and measuring them changes nothing."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from neurodecode.emotion import EEGNet, EmotionNetwork
from neurodecode.emotion.sections_throughput import throughput_section
from neurodecode.emotion.throughput import PHASES, measure_throughput
from neurodecode.faults import ConfigFault, DataFault

SIZES = {"batch_size": 6, "rounds": 6, "seconds_per_round": 0.0}


class Noted(EmotionNetwork):
    """A linear layer that notes its name, mode and windows at every pass, also in copies."""

    def __init__(self, name, passes, bias=0.0):
        super().__init__(2, 8)
        self.name, self.passes = name, passes
        self.head = nn.Linear(16, 5)
        nn.init.constant_(self.head.bias, bias)

    def __deepcopy__(self, memo):
        copied = Noted(self.name, self.passes)
        copied.load_state_dict(self.state_dict())
        return copied

    def forward(self, windows):
        self.passes.append((self.name, self.training, windows))
        return self.head(windows.flatten(1))


@pytest.fixture
def passes():
    return []


def measure(networks, **options):
    return measure_throughput(networks, 2, 8, **{**SIZES, "reference": "a", **options})


def test_there_is_a_row_for_every_network_and_phase_with_a_ratio_to_the_reference(network):
    networks = {name: network(name) for name in ("HiSTN G0", "EEGNet")}
    found = measure_throughput(networks, 14, 128, **SIZES)
    rows = found.set_index(["network", "phase"])
    assert list(rows.index) == [(name, phase) for name in networks for phase in PHASES]
    for level in ("windows_per_second", "ratio"):
        low, high = ("low", "high") if level != "ratio" else ("ratio_low", "ratio_high")
        assert (found[low] <= found[level]).all()
        assert (found[level] <= found[high]).all()
    assert (found["low"] > 0).all()
    assert (rows.loc["EEGNet", ["ratio", "ratio_low", "ratio_high"]] == 1).all(axis=None)
    assert rows.loc[("HiSTN G0", "training"), "parameters"] == 1265
    assert set(found["threads"]) == {torch.get_num_threads()}
    assert set(found["device"]) == {"cpu"}
    assert set(found["rounds"]) == {6}


def test_networks_take_turns_and_the_order_is_turned_round(passes):
    measure({"a": Noted("a", passes), "b": Noted("b", passes)})
    timed = [(name, training) for name, training, _ in passes][-24:]
    forth = [("a", True), ("a", False), ("b", True), ("b", False)]
    assert timed == [*forth[::-1], *forth] * 3


def test_all_networks_get_the_same_windows_at_every_step(passes):
    measure({"a": Noted("a", passes), "b": Noted("b", passes)})
    first = passes[0][2]
    assert {tuple(windows.shape) for *_, windows in passes} == {(6, 2, 8)}
    assert all(torch.equal(windows, first) for *_, windows in passes)


def test_weights_statistics_gradients_mode_and_the_generator_are_left_alone(network):
    networks = {"HiSTN G0": network("HiSTN G0"), "EEGNet": network("EEGNet").eval()}
    networks["HiSTN G0"].freeze(["temporal"])
    before = {name: copy.deepcopy(built.state_dict()) for name, built in networks.items()}
    generator = torch.get_rng_state()
    measure_throughput(networks, 14, 128, **SIZES)
    for name, built in networks.items():
        assert all(torch.equal(before[name][key], now) for key, now in built.state_dict().items())
        assert all(p.grad is None for p in built.parameters())
    assert [built.training for built in networks.values()] == [True, False]
    assert not networks["HiSTN G0"].front.shared.filters.requires_grad
    assert torch.equal(torch.get_rng_state(), generator)


def test_what_is_frozen_is_trained_in_the_copy(passes):
    frozen = Noted("a", passes)
    frozen.requires_grad_(False)
    assert len(measure({"a": frozen})) == 2


def test_faulty_requests_are_answered(passes):
    networks = {"a": Noted("a", passes), "bb": Noted("bb", passes)}
    with pytest.raises(ConfigFault, match="unknown network 'bbb', did you mean 'bb'"):
        measure(networks, reference="bbb")
    with pytest.raises(ConfigFault, match="5 rounds"):
        measure(networks, rounds=5)
    with pytest.raises(DataFault, match="expected windows x 14 channels"):
        measure({"a": EEGNet()})
    with pytest.raises(DataFault, match=r"not finite.*network bb|network bb.*not finite"):
        measure({"a": Noted("a", passes), "bb": Noted("bb", passes, bias=float("nan"))})


def test_the_section_shows_the_numbers_of_the_table(passes):
    table = measure({"a": Noted("a", passes), "b": Noted("b", passes)})
    text, shown = throughput_section(table, "a").blocks
    assert f"torch threads: {torch.get_num_threads()}, device: cpu" in text
    assert [row[2] for row in shown.rows] == [*PHASES] * 2
    assert shown.rows[0][5:] == ("1", "")
    expected = table.iloc[2]
    assert shown.rows[2][3] == f"{expected.windows_per_second:,.0f}"
    assert shown.rows[2][5] == f"{expected.ratio:.2f}"
