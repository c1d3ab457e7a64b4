"""Hierarchies are what is published, what a file says, or what positions give."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from neurodecode.emotion import (
    EPOC,
    Hierarchy,
    Region,
    hierarchy,
    hierarchy_from_positions,
    hierarchy_from_yaml,
)
from neurodecode.faults import ConfigFault, DataFault

FILE = """
regions:
  front: {channels: [F7, F3, FC5], edges: [[F7, F3], [F3, FC5]], order: 3}
  back: {channels: [T7, P7], edges: chain}
  alone: {channels: [O1]}
edges: ring
order: 1
"""


@pytest.fixture
def info():
    import mne

    from neurodecode.datasets.montage import standard_montage

    made = mne.create_info(list(EPOC), 128, "eeg")
    return made.set_montage(standard_montage("standard_1005"))


def write(folder, text):
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_published_hierarchies_have_the_published_runs_edges_and_orders():
    sizes = {"G0": (4, 3, 3, 4), "G1": (3, 3, 2, 3, 3), "G2": (5, 4, 5)}
    orders = {"G0": [2, 2, 2, 2], "G1": [1, 2, 1, 2, 1], "G2": [3, 3, 3]}
    n_edges = {"G0": [4, 2, 2, 4], "G1": [3, 2, 1, 2, 3], "G2": [5, 3, 5]}
    between = {"G0": (4, 2), "G1": (5, 2), "G2": (3, 1)}
    for name in sizes:
        form = hierarchy(name)
        assert form.channels == EPOC
        assert form.sizes == sizes[name]
        assert [region.order for region in form.regions] == orders[name]
        assert [len(region.edges) for region in form.regions] == n_edges[name]
        assert (len(form.edges), form.order) == between[name]


def test_the_right_half_mirrors_the_left():
    for name, last in (("G0", 3), ("G2", 2)):
        regions = hierarchy(name).regions
        assert np.array_equal(regions[0].adjacency[::-1, ::-1], regions[last].adjacency)


def test_adjacency_is_symmetric_without_loops():
    adjacency = hierarchy("G0").regions[0].adjacency
    assert np.array_equal(adjacency, [[0, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]])


def test_an_unknown_hierarchy_is_answered_with_the_nearest():
    with pytest.raises(ConfigFault, match="unknown hierarchy 'G9', did you mean"):
        hierarchy("G9")


def test_a_file_gives_regions_edges_and_orders(tmp_path):
    form = hierarchy_from_yaml(write(tmp_path, FILE))
    assert form.name == "mine"
    assert form.channels == ("F7", "F3", "FC5", "T7", "P7", "O1")
    assert form.regions[0].edges == (("F7", "F3"), ("F3", "FC5"))
    assert [region.order for region in form.regions] == [3, 2, 2]
    assert form.edges == (("front", "back"), ("back", "alone"), ("alone", "front"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[F7, F3], [F3", "[F7, F3], [F33", "unknown channel of an edge 'F33', did you mean 'F3'"),
        ("edges: ring", "edges: [[front, bak]]", "region of an edge 'bak', did you mean 'back'"),
        ("[T7, P7]", "[T7, f7]", "channel 'f7' stands twice"),
        ("[[F7, F3],", "[[F7, F7],", "to itself"),
        ("[[F7, F3],", "[[FC5, F3],", "edge 'F3 - FC5' stands twice"),
        ("order: 3", "order: 0", "order"),
        ("order: 1", "ordr: 1", "ordr"),
        ("channels: [O1]", "channels: []", "no channel in it"),
        ("order: 1", "order: !!python/object/apply:os.getcwd []", "not plain YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path, old, new, words):
    with pytest.raises(ConfigFault, match=words) as caught:
        hierarchy_from_yaml(write(tmp_path, FILE.replace(old, new)))
    assert "mine.yaml" in str(caught.value)


def test_a_graph_needs_a_node():
    with pytest.raises(ConfigFault, match="no region in it"):
        Hierarchy("none", ())


def test_channels_are_found_by_name_alias_and_in_any_order():
    names = ["EXG", *(n.lower() for n in reversed(EPOC))]
    names = [{"t7": "T3", "p8": "T6"}.get(n, n) for n in names]
    places = hierarchy("G0").places(names)
    assert places.tolist() == list(range(14, 0, -1))


def test_missing_channels_are_named_with_the_nearest():
    names = [name for name in EPOC if name != "AF3"]
    with pytest.raises(DataFault, match=r"AF3 \(nearest: F3\).*sub-01"):
        hierarchy("G0").places(names, where="sub-01")


def test_positions_of_the_epoc_give_the_published_regions(info):
    form, published = hierarchy_from_positions(info), hierarchy("G0")
    assert [region.channels for region in form.regions] == [r.channels for r in published.regions]
    assert [region.name for region in form.regions] == [r.name for r in published.regions]
    assert form.edges == published.edges
    for ours, theirs in zip(form.regions, published.regions, strict=True):
        assert set(map(frozenset, theirs.edges)) <= set(map(frozenset, ours.edges))


def test_regions_do_not_depend_on_the_order_of_channels(info):
    ch_pos = info.get_montage().get_positions()["ch_pos"]
    forward, backward = (
        hierarchy_from_positions({name: ch_pos[name] for name in names})
        for names in (EPOC, EPOC[::-1])
    )
    assert [set(r.channels) for r in forward.regions] == [set(r.channels) for r in backward.regions]


def test_the_midline_is_shared_by_both_sides_or_a_region_of_its_own():
    grid = {f"{x}{y}": (x, y) for x in (-1, 0, 1) for y in (2, 1, 0, -1)}
    even, odd = hierarchy_from_positions(grid, 2), hierarchy_from_positions(grid, 3)
    assert even.sizes == (6, 6)
    assert odd.sizes == (4, 4, 4)
    assert odd.regions[-1].channels == ("02", "01", "00", "0-1")
    assert ("midline", "left") in odd.edges


def test_every_region_is_connected(info):
    for n_regions in (1, 2, 4, 6):
        for region in hierarchy_from_positions(info, n_regions).regions:
            n = len(region.channels)
            reach = np.linalg.matrix_power(region.adjacency + np.eye(n), n)
            assert (reach > 0).all()


@pytest.mark.parametrize(
    ("source", "n_regions", "words"),
    [
        ({"a": (-1, 0), "b": (1, 0)}, 4, "1 electrodes on the left side for 2 regions"),
        ({"a": (-1, 0), "b": (1, 0)}, 3, "no electrode on the midline"),
        ({"a": (-1, 0), "b": (np.nan, 0)}, 2, "no position of b"),
        ({}, 2, "no position of any electrode"),
    ],
)
def test_too_few_or_unknown_positions_are_refused(source, n_regions, words):
    with pytest.raises(DataFault, match=words):
        hierarchy_from_positions(source, n_regions)


def test_a_recording_without_montage_is_refused():
    import mne

    with pytest.raises(DataFault, match="no electrode positions"):
        hierarchy_from_positions(mne.create_info(["Cz"], 128, "eeg"))


def test_regions_and_settings_load_no_torch():
    code = "import sys, neurodecode.emotion.config_model; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_region_of_one_electrode_has_no_edge():
    assert Region("alone", ("Cz",)).adjacency.tolist() == [[0]]
