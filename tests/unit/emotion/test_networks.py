"""Every network has its published size, reads channels by name and learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.config import validate
from neurodecode.emotion import (
    EPOC,
    NETWORKS,
    EEGNet,
    Hierarchy,
    HiSTN,
    HiSTND,
    NetworkSection,
    Region,
    count_parameters,
    grid_cells,
    make_network,
)
from neurodecode.faults import ConfigFault, DataFault

PAIR = Hierarchy("pair", (Region("a", ("Cz",)), Region("b", ("O1", "O2"), (("O1", "O2"),))),
                 (("a", "b"),))  # fmt: skip


@pytest.mark.parametrize(
    ("built", "total", "trainable"),
    [
        (lambda: HiSTN("G0"), 1265, 1181),
        (lambda: HiSTN("G1"), 1260, 1176),
        (lambda: HiSTN("G2"), 1291, 1207),
        (lambda: HiSTN(first_kernel=5), 793, 709),
        (lambda: HiSTN(fusion="sepconv"), 1305, 1221),
        (lambda: EEGNet(first_kernel=5), 3325, 3245),
        (lambda: EEGNet(first_kernel=8), 3349, 3269),
        (lambda: make_network("MSBAM"), 203349, 203269),
    ],
)
def test_published_counts_of_parameters_are_exact(built, total, trainable):
    assert count_parameters(built()) == (total, trainable)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_by_name_has_the_count_it_says_and_learns(name, network, windows):
    built = network(name)
    assert count_parameters(built) == NETWORKS[name].parameters
    outputs, penalty = built.penalised(windows(4))
    assert outputs.shape == (4, 5)
    (outputs.square().sum() + penalty).backward()
    still = [n for n, p in built.named_parameters() if p.grad is None or not p.grad.any()]
    # all nodes are assigned to the single one, whatever the weights
    assert still == (["to_overall.assignment"] if name == "HiSTN-D" else [])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_seed_gives_the_same_weights(name, network):
    first, again, other = (network(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", ["HiSTN G0", "HiSTN G2", "flat", "HiSTN-D", "MSBAM"])
def test_channels_are_read_by_name_whatever_their_order(name, network, windows):
    order = np.random.default_rng(0).permutation(14)
    straight, mixed = network(name), network(name, [EPOC[k] for k in order])
    mixed.load_state_dict(straight.state_dict())
    batch = windows(5)
    torch.testing.assert_close(straight.eval()(batch), mixed.eval()(batch[:, order]))


def test_channels_outside_the_hierarchy_are_passed_over(network, windows):
    straight, wide = network(), network("HiSTN G0", ["Cz", *EPOC])
    batch = windows(3, 15)
    torch.testing.assert_close(straight.eval()(batch[:, 1:]), wide.eval()(batch))


def test_a_montage_without_the_names_is_answered_with_the_nearest():
    names = ["T3" if name == "T7" else name for name in EPOC]
    assert make_network("HiSTN G0", names).n_channels == 14
    with pytest.raises(DataFault, match=r"AF3 \(nearest: F3\)"):
        make_network("HiSTN G0", ["AF7", *EPOC[1:]])


def test_a_hierarchy_with_a_region_of_one_electrode_works(windows):
    built = HiSTN(PAIR, n_classes=3, n_samples=50)
    features = built.features(windows(2, 3, 50))
    assert features.penultimate.shape == (2, 6)
    assert torch.equal(features.fusion["region"][:, 0], torch.ones(2))


def test_features_lead_to_the_outputs(network, windows):
    built = network().eval()
    batch = windows(3)
    features = built.features(batch)
    assert features.node.shape == (3, 62, 14)
    assert features.region.shape == (3, 62, 4)
    assert features.overall.shape == (3, 62, 1)
    means = torch.cat([features.node, features.region, features.overall], -1).mean(1)
    torch.testing.assert_close(means, features.penultimate)
    torch.testing.assert_close(built.head(features.penultimate), built(batch))
    shapes = {name: tuple(weights.shape) for name, weights in features.fusion.items()}
    assert shapes == {"region": (3, 14), "region_passed": (3, 14),
                      "overall": (3, 4), "overall_passed": (3, 4)}  # fmt: skip
    torch.testing.assert_close(features.fusion["overall"].sum(1), torch.ones(3))


@pytest.mark.parametrize(
    ("name", "options"), [("HiSTN G1", {}), ("flat", {}), ("HiSTN G0", {"fusion": "sepconv"})]
)
def test_outputs_are_those_of_the_signals_means_of_every_form(name, options, network, windows):
    built = network(name, **options).eval()
    batch = windows(3)
    torch.testing.assert_close(built.head(built.features(batch).penultimate), built(batch))


def test_without_hierarchy_the_node_signals_are_the_same(network, windows):
    whole, flat = network().eval(), network("flat").eval()
    flat.load_state_dict({k: v for k, v in whole.state_dict().items() if k in flat.state_dict()
                          and not k.startswith("head")}, strict=False)  # fmt: skip
    ours, theirs = flat.features(windows()), whole.features(windows())
    torch.testing.assert_close(ours.node, theirs.node)
    assert ours.penultimate.shape == (3, 14)
    assert ours.region.shape == (3, 62, 0)
    assert not ours.fusion


def test_learned_regions_share_out_every_electrode(network, windows):
    built = network("HiSTN-D").eval()
    shares = built.assignments(windows())
    assert shares.shape == (3, 14, 4)
    torch.testing.assert_close(shares.sum(-1), torch.ones(3, 14))
    assert built.penalised(windows())[1] > 0


def test_pooling_is_diffpools(windows):
    from neurodecode.emotion.histn_d import DiffPool

    torch.manual_seed(0)
    pool, X = DiffPool(7, 2).double(), windows(1, 3, 7)[0].double()
    A = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=torch.float64)
    loops = A + torch.eye(3)
    scale = torch.diag(loops.sum(1) ** -0.5)
    filtered = scale @ loops @ scale
    S = (filtered @ X @ pool.assignment).softmax(-1)
    found = pool(X[None], A)
    torch.testing.assert_close(found.signals[0], S.T @ filtered @ X @ pool.embedding)
    torch.testing.assert_close(found.adjacency[0], S.T @ A @ S)
    cost = (A - S @ S.T).square().sum().sqrt() - (S * S.log()).sum(1).mean()
    torch.testing.assert_close(found.penalty, cost, atol=1e-5, rtol=0)


def test_the_grid_holds_every_electrode_at_its_cell(network, windows):
    batch = windows(2)
    grid = network("MSBAM").grid(batch)
    assert torch.equal(grid[:, 1, 3], batch[:, 0])  # AF3
    assert torch.equal(grid[:, 8, 5], batch[:, 7])  # O2
    assert (grid != 0).any(-1).sum() == 2 * 14


def test_halves_of_a_symmetric_head_differ_by_nothing(network, windows):
    from neurodecode.emotion.msbam import _compare

    built, batch = network("MSBAM"), windows(2)
    batch[:, 7:] = batch[:, :7].flip(1)  # the EPOC's order mirrors itself
    grid = built.grid(batch)
    found = _compare(built.short, grid[:, :, :5], grid[:, :, 4:].flip(2)).view(2, 3, 16, -1)
    assert found[:, 1].abs().max() < 1e-6
    torch.testing.assert_close(found[:, 0], found[:, 2])


def test_cells_from_positions_mirror_and_do_not_collide():
    rng = np.random.default_rng(0)
    half = rng.uniform(0.1, 1, (15, 3))
    places = {f"R{k}": p for k, p in enumerate(half)}
    places |= {f"L{k}": p * (-1, 1, 1) for k, p in enumerate(half)}
    cells = grid_cells(list(places), places)
    assert len(set(map(tuple, cells.tolist()))) == 30
    assert cells.min() >= 0
    assert cells.max() <= 8


def test_positions_of_the_epoc_give_mirrored_cells():
    from neurodecode.datasets.montage import standard_montage

    ch_pos = standard_montage("standard_1005").get_positions()["ch_pos"]
    cells = grid_cells(EPOC, {name: ch_pos[name] for name in EPOC})
    mirrored = cells[::-1] * (1, -1) + (0, 8)
    assert np.array_equal(cells, mirrored)


def test_sites_without_a_cell_are_named():
    with pytest.raises(DataFault, match=r"FT7 \(nearest: "):
        grid_cells(["FT7", "Cz"])


@pytest.mark.parametrize("name", NETWORKS)
def test_windows_of_another_shape_are_refused(name, network, windows):
    with pytest.raises(DataFault, match=r"14 channels x 128 samples, got shape \(3, 13, 128\)"):
        network(name)(windows(3, 13))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: make_network("HiSTN G3"), "unknown network 'HiSTN G3', did you mean"),
        (lambda: make_network("MSBAM", first_kernel=5), "MSBAM has no first_kernel"),
        (lambda: HiSTN(fusion="sepconf"), "unknown fusion 'sepconf', did you mean 'sepconv'"),
        (lambda: HiSTN(n_samples=5), "windows of 5 samples"),
        (lambda: HiSTND().freeze(["temporl"]), "did you mean 'temporal'"),
    ],
)
def test_wrong_settings_are_refused(call, words):
    with pytest.raises(ConfigFault, match=words):
        call()


def test_settings_build_the_published_and_own_networks():
    assert count_parameters(NetworkSection().build()) == (1265, 1181)
    section = NetworkSection.model_validate({
        "hierarchy": {"regions": {"a": {"channels": ["Cz"]}, "b": {"channels": ["O1", "O2"]}}},
        "dropout": 0.2, "first_kernel": 9,
    })  # fmt: skip
    built = section.build(["O2", "Cz", "O1"], n_samples=64, n_outputs=1)
    assert built.hierarchy.channels == ("Cz", "O1", "O2")
    assert built.channels.places.tolist() == [1, 2, 0]
    assert built.dropout.p == 0.2


def test_settings_cut_regions_from_positions_or_read_them_from_a_file(tmp_path):
    places = {"a": (-1, 1), "b": (-1, -1), "c": (1, -1), "d": (1, 1)}
    built = NetworkSection(n_regions=2).build(list("dcba"), positions=places)
    assert [region.channels for region in built.hierarchy.regions] == [("a", "b"), ("c", "d")]
    file = tmp_path / "own.yaml"
    file.write_text("regions: {all: {channels: [Cz, Pz]}}")
    assert NetworkSection(hierarchy=file).build(["Pz", "Cz"]).hierarchy.name == "own"
    with pytest.raises(ConfigFault, match="no positions"):
        NetworkSection(n_regions=2).build()
    with pytest.raises(ConfigFault, match="not both"):
        validate(NetworkSection, {"n_regions": 2, "hierarchy": "own.yaml"})


@pytest.mark.parametrize("name", NETWORKS)
def test_momentum_is_kerass_and_can_be_set_for_short_trainings(name, windows):
    def momenta(built):
        return {
            round(m.momentum, 9) for m in built.modules() if isinstance(m, torch.nn.BatchNorm1d)
        }

    assert momenta(make_network(name)) == {0.01}
    assert momenta(NetworkSection(name=name).build()) == {0.01}
    assert momenta(NetworkSection(name=name, momentum=0.75).build()) == {0.25}
