"""Sessions share a body, bit for bit; each has a table that no other session touches."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes import (
    MultiSessionNeuroformer,
    SpikeModule,
    attention_connectivity,
    expected_counts,
    generate,
    spike_terms,
    take_over,
    units_of,
    weighted_sum,
)

UNITS = {"mon": 9, "fri": 13}


@pytest.fixture
def sessions(config):
    """Return a maker of models of two sessions: ``sessions(full=True)``."""

    def make(*, units=UNITS, **options):
        torch.manual_seed(0)
        return MultiSessionNeuroformer(config(**options), units).eval()

    return make


def state_of(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_one_session_is_the_single_model(config, recording, sessions):
    settings = config(full=True)
    several = sessions(units={"mon": 9}, full=True)
    torch.manual_seed(0)
    single = settings.build().eval()
    chosen = several.select("mon")
    assert list(chosen.state_dict()) == list(single.state_dict())
    assert [name for name, _ in chosen.named_parameters()] == [
        name for name, _ in single.named_parameters()
    ]
    assert same(single.state_dict(), chosen.state_dict())
    assert sum(p.numel() for p in several.parameters()) == sum(
        p.numel() for p in single.parameters()
    )
    batch = recording(settings).batch(range(4))
    with torch.no_grad():
        expected, found = single(batch), several({**batch, "session": "mon"})
    assert torch.equal(expected.id, found.id)
    assert torch.equal(expected.behaviour["speed"], found.behaviour["speed"])


def test_a_session_more_costs_its_table_alone(sessions):
    one, two = sessions(units={"mon": 9}), sessions()
    counts = [sum(p.numel() for p in each.parameters()) for each in (one, two)]
    assert counts[1] - counts[0] == 2 * (13 + 3) * 24
    assert two.n_units == UNITS
    names = set(two.state_dict()) - set(one.state_dict())
    assert names == {"tables.fri.tokens.weight", "tables.fri.id_head.weight"}


def gradients(several, recording, session):
    several.zero_grad()
    chosen = several.select(session)
    batch = {**recording(chosen.config).batch(range(4)), "session": session}
    terms = spike_terms(chosen, several(batch), batch)
    weighted_sum(terms, several.config).backward()
    return {name for name, p in several.named_parameters() if p.grad is not None}


def test_the_body_learns_from_all_sessions_and_a_table_from_its_own(recording, sessions):
    several = sessions(full=True)
    found = {session: gradients(several, recording, session) for session in UNITS}
    unread = ("body.behaviours.pose.speed", "body.behaviours.pose.side")  # encoders of targets
    body = {name for name, _ in several.named_parameters()
            if name.startswith("body.") and not name.startswith(unread)}  # fmt: skip
    for session in UNITS:
        own = {f"tables.{session}.tokens.weight", f"tables.{session}.id_head.weight"}
        assert found[session] == body | own


def test_a_new_session_leaves_all_else_as_it_was(recording, sessions):
    several = sessions()
    before = state_of(several)
    batch = {**recording(several.select("mon").config).batch(range(3)), "session": "mon"}
    with torch.no_grad():
        logits = several(batch).id
        added = several.add_session("sat", 5)
        again = several(batch).id
    assert same(before, several.state_dict())
    assert torch.equal(logits, again)
    assert added.tokens.weight.shape == (8, 24)
    assert added.config.n_neurons == 5
    assert float(added.tokens.weight.detach().std()) == pytest.approx(0.02, rel=0.3)
    assert all(p.requires_grad for p in several.parameters())
    assert not added.training


def test_a_new_session_can_be_all_that_is_trained(sessions):
    several = sessions()
    several.add_session("sat", 5, freeze=True)
    trained = {name for name, p in several.named_parameters() if p.requires_grad}
    assert trained == {"tables.sat.tokens.weight", "tables.sat.id_head.weight"}


def test_a_trained_single_model_becomes_the_first_session(config, model, recording):
    single = model(config(full=True))
    several = MultiSessionNeuroformer.from_model(single, "mon")
    several.add_session("fri", 13)
    batch = recording(config(full=True)).batch(range(3))
    with torch.no_grad():
        assert torch.equal(several.select("mon")(batch).id, single(batch).id)
    assert several.select("fri").encoder is single.encoder
    assert not several.training


def test_a_selected_session_does_all_that_a_single_model_does(model, recording, sessions):
    several = sessions(full=True)
    with torch.no_grad():
        for parameter in several.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    chosen = several.select("fri")
    alone = chosen.config.build().eval()
    alone.load_state_dict(state_of(chosen))
    windows = recording(chosen.config, stops=np.arange(4, 10) * 0.05)
    written = [generate(each, windows, past="own", seed=2) for each in (chosen, alone)]
    assert len(written[0].unit) > 5
    assert np.array_equal(written[0].unit, written[1].unit)
    assert np.array_equal(written[0].time, written[1].time)
    rates = [expected_counts(each, windows, n_draws=2) for each in (chosen, alone)]
    assert rates[0].shape == (6, 13)
    assert np.array_equal(*rates)
    weights = [attention_connectivity(each, windows).weights for each in (chosen, alone)]
    assert weights[0].shape == (13, 13)
    assert np.array_equal(*weights)
    batch = windows.batch(range(6))
    with torch.no_grad():
        assert torch.equal(chosen(batch).behaviour["side"], alone(batch).behaviour["side"])


@pytest.mark.parametrize("asked", [generate, expected_counts, attention_connectivity])
def test_windows_of_another_session_are_refused(recording, sessions, asked):
    several = sessions()
    windows = recording(several.select("mon").config)
    with pytest.raises(ConfigFault, match=r"different settings .*\(9 and 13 units\)"):
        asked(several.select("fri"), windows)


def test_parts_are_frozen_in_every_session(sessions):
    several = sessions(full=True)
    SpikeModule(several, freeze=iter(["tokens", "past"]))
    frozen = {name for name, p in several.named_parameters() if not p.requires_grad}
    assert {"tables.mon.tokens.weight", "tables.fri.tokens.weight", "body.position",
            "body.past_stage.0.mlp.0.weight"} <= frozen  # fmt: skip
    assert not {name for name in frozen if "id_head" in name or "decoder" in name}


def test_new_modalities_take_over_session_by_session(sessions):
    pretrained, several = sessions(), sessions(full=True)
    with torch.no_grad():
        pretrained.body.dt_head.weight.add_(1.0)
        pretrained.tables["fri"].tokens.weight.add_(1.0)
    for session in UNITS:
        fresh = take_over(several.select(session), pretrained.select(session).state_dict())
        assert all(name.startswith(("frame", "behaviour", "projector")) for name in fresh)
    assert same(pretrained.state_dict(), several.state_dict())


def test_saved_sessions_are_read_into_a_model_of_the_same_units(sessions):
    written = io.BytesIO()
    saved = sessions()
    torch.save(saved.state_dict(), written)
    state = torch.load(io.BytesIO(written.getvalue()), weights_only=True)
    assert units_of(state) == UNITS
    fresh = MultiSessionNeuroformer(saved.config, units_of(state))
    assert not same(saved.state_dict(), fresh.state_dict())
    fresh.load_state_dict(state)
    assert same(saved.state_dict(), fresh.state_dict())


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ({"mon": 9, "fri": 12}, "session 'fri' has 13 units, the model's table 12"),
        ({"mon": 8, "fri": 12}, "session 'mon' has 9 units.*; session 'fri' has 13 units"),
        ({"mon": 9}, "session 'fri' has 13 units, the model no table"),
        ({**UNITS, "sat": 4}, r"session 'sat' \(4 units\) is not among those saved: 'mon'"),
    ],
)
def test_other_sessions_or_units_are_named_when_a_model_is_read(sessions, units, said):
    state, reader = sessions().state_dict(), SpikeModule(sessions(units=units))
    before = state_of(reader)
    with pytest.raises(DataFault, match=said):
        reader.load_state_dict({f"model.{name}": value + 1 for name, value in state.items()})
    assert same(before, reader.state_dict())


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("mon", 9, "there is a session 'mon' already"),
        ("a.b", 9, "cannot be called 'a.b'"),
        ("train", 9, "cannot be called 'train'"),
        ("", 9, "cannot be called ''"),
        ("sat", 0, "session 'sat' has 0 units"),
    ],
)
def test_sessions_that_cannot_be_are_refused(sessions, name, size, said):
    with pytest.raises((ConfigFault, DataFault), match=said):
        sessions().add_session(name, size)


def test_unknown_and_absent_sessions_are_faults(config, recording, sessions):
    several = sessions()
    with pytest.raises(ConfigFault, match="did you mean 'mon'"):
        several.select("mom")
    with pytest.raises(DataFault, match="the batch names no session"):
        several(recording(config()).batch([0]))
    with pytest.raises(ConfigFault, match="a model of no session"):
        MultiSessionNeuroformer(config(), {})
