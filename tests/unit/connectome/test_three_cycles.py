"""Counts of 3-cycles: exact, and equal whatever the engine (networkx 3.6 as outside reference)."""

from functools import partial
from io import StringIO

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from neurodecode.connectome import ENGINES, VoxelGraph, three_cycle_map, triangles
from neurodecode.faults import ConfigFault, DataFault

EVERY = sorted(ENGINES)


def drawn(n, density, seed):
    upper = np.triu(np.random.default_rng(seed).random((n, n)) < density, 1)
    return upper | upper.T


@given(
    n=st.integers(1, 150),
    density=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    seed=st.integers(0, 99),
)
def test_all_engines_agree_with_networkx(n, density, seed):
    adjacency = drawn(n, density, seed)
    expected = list(nx.triangles(nx.from_numpy_array(adjacency)).values())
    for engine in EVERY:
        counts = three_cycle_map(adjacency, engine=engine)
        assert counts.dtype == np.int64
        assert counts.tolist() == expected, engine


@pytest.mark.parametrize("engine", EVERY)
def test_counts_survive_the_borders_of_blocks_and_tiles(engine, monkeypatch):
    for name in ("PRODUCT_ROWS", "SPARSE_ROWS"):
        monkeypatch.setattr(triangles, name, 64)
    adjacency = drawn(333, 0.2, 1)
    matrix = adjacency.astype(np.int64)
    expected = np.diag(matrix @ matrix @ matrix) // 2
    assert (three_cycle_map(adjacency, engine=engine, n_jobs=2) == expected).all()


@pytest.mark.parametrize("engine", EVERY)
def test_a_complete_graph_and_a_tree_have_known_counts(engine):
    n = 70
    complete = ~np.eye(n, dtype=bool)
    assert set(three_cycle_map(complete, engine=engine)) == {(n - 1) * (n - 2) // 2}
    tree = nx.to_numpy_array(nx.balanced_tree(2, 5)).astype(bool)
    assert not three_cycle_map(tree, engine=engine).any()


@pytest.mark.parametrize("engine", EVERY)
def test_progress_ends_at_the_whole(engine):
    told = []
    three_cycle_map(drawn(130, 0.1, 0), engine=engine, progress=lambda *p: told.append(p))
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize(("terminal", "drawn_bar"), [(True, True), (False, False)])
def test_a_bar_is_drawn_on_a_terminal_and_nothing_in_logs(terminal, drawn_bar, monkeypatch):
    page = StringIO()
    console = partial(Console, file=page, force_terminal=terminal)
    monkeypatch.setattr("rich.console.Console", lambda **_: console())
    counts = three_cycle_map(drawn(130, 0.1, 0), progress=True)
    assert ("3-cycles" in page.getvalue()) == drawn_bar
    assert (counts == three_cycle_map(drawn(130, 0.1, 0))).all()


def test_auto_picks_by_size_density_and_what_is_installed():
    assert triangles.pick_engine(500, 0.5) == "product"
    assert triangles.pick_engine(28_000, 0.015, compiled=True) == "compiled"
    assert triangles.pick_engine(28_000, 0.004, compiled=False) == "sparse"
    assert triangles.pick_engine(28_000, 0.2, compiled=False, integers=False) == "product"
    assert triangles.pick_engine(28_000, 0.2, compiled=False, integers=True) == "int8"


def test_without_numba_the_compiled_engine_says_what_to_install(monkeypatch):
    monkeypatch.setattr(triangles, "find_spec", lambda name: None)
    with pytest.raises(ConfigFault, match="numba"):
        three_cycle_map(drawn(10, 0.5, 0), engine="compiled")


def test_an_unknown_engine_gets_the_nearest_name():
    with pytest.raises(ConfigFault, match="did you mean 'sparse'"):
        three_cycle_map(drawn(10, 0.5, 0), engine="sparce")


@pytest.mark.parametrize(
    "matrix", [np.ones((3, 3)), np.ones((3, 3), bool), np.triu(np.ones((3, 3), bool), 1)]
)
def test_what_is_no_undirected_graph_is_refused(matrix):
    with pytest.raises(DataFault, match="adjacency"):
        VoxelGraph.from_adjacency(matrix)
