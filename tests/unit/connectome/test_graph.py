"""Voxel graphs and their maps against dense float64 computations."""

import networkx as nx
import nibabel as nib
import numpy as np
import pytest

from neurodecode import connectome as room
from neurodecode.connectome import VoxelGraph, VoxelSeries, correlation, voxel_graphs
from neurodecode.faults import ConfigFault, DataFault


def courses(n=150, n_times=60, seed=0, n_networks=5):
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n_networks, n_times))[np.arange(n) % n_networks]
    return rng.standard_normal((n, n_times)) + shared


def places(n=150):
    return np.argwhere(np.ones((6, 6, 6)))[:n] * 12.0


def correlations(series):
    r = np.corrcoef(series)
    np.fill_diagonal(r, -1)
    return r


@pytest.fixture(params=[64, 2048])
def _block(request, monkeypatch):
    monkeypatch.setattr(correlation, "BLOCK", request.param)


@pytest.mark.usefixtures("_block")
def test_edges_are_the_pairs_above_theta():
    series = courses()
    graphs = voxel_graphs(VoxelSeries.from_array(series), thetas=[0.0, 0.3, 0.5])
    for graph, theta in zip(graphs, (0.0, 0.3, 0.5), strict=True):
        assert (graph.adjacency() == (correlations(series) > theta)).all()
        assert graph.n_edges == graph.adjacency().sum() // 2


def test_the_comparison_is_strict():
    pair = VoxelSeries.from_array(courses(2, n_networks=1))
    ((_, _, r),) = correlation.correlation_blocks(pair.courses)
    theta = r[0, 1]
    assert theta > 0
    assert voxel_graphs(pair, thetas=[float(theta)])[0].n_edges == 0
    below = float(np.nextafter(theta, np.float32(0)))
    assert voxel_graphs(pair, thetas=[below])[0].n_edges == 1


@pytest.mark.usefixtures("_block")
def test_a_fixed_density_keeps_exactly_the_strongest_pairs():
    series = VoxelSeries.from_array(courses())
    pairs = 150 * 149 // 2
    for density in (0.001, 0.02, 0.1):
        (graph,) = voxel_graphs(series, densities=[density])
        assert graph.n_edges == int(density * pairs)


def test_a_fixed_density_is_found_although_sampled_rows_mislead(monkeypatch):
    monkeypatch.setattr(correlation, "SAMPLED_ROWS", 1)
    series = VoxelSeries.from_array(courses())
    graph, other = voxel_graphs(series, densities=[0.01, 0.08])
    assert (graph.n_edges, other.n_edges) == (111, 894)


def test_a_density_never_brings_negative_correlations():
    series = courses()
    graph = VoxelGraph.from_array(series, density=0.99)
    assert graph.theta == 0
    assert (graph.adjacency() == (correlations(series) > 0)).all()


@pytest.mark.usefixtures("_block")
def test_maps_follow_their_formulae():
    series = courses()
    graph = VoxelGraph.from_array(series, theta=0.3, coordinates=places())
    r = correlations(series)
    kept = np.where(r > 0.3, r, 0)
    assert (room.degree_map(graph) == (kept > 0).sum(axis=1)).all()
    np.testing.assert_allclose(room.weight_map(graph), kept.sum(axis=1), rtol=1e-5)
    roots = np.cbrt(kept)
    cycles = np.diag(roots @ roots @ roots) / 2
    np.testing.assert_allclose(room.weighted_triangle_map(graph), cycles, rtol=1e-5)
    clustering = room.clustering_map(room.degree_map(graph), room.three_cycle_map(graph))
    expected = nx.clustering(nx.from_numpy_array(kept > 0))
    np.testing.assert_allclose(clustering, list(expected.values()))


def test_distance_bins_add_up_to_the_degree():
    graph = VoxelGraph.from_array(courses(), theta=0.2, coordinates=places())
    maps = room.distance_degree_maps(graph)
    assert maps.shape == (9, 150)
    assert (maps.sum(axis=0) == room.degree_map(graph)).all()


def test_a_distance_on_an_edge_belongs_to_the_upper_bin():
    line = np.ones((3, 30)) * np.random.default_rng(0).standard_normal(30)
    at = [[0, 0, 0], [20, 0, 0], [0, 60, 0]]
    graph = VoxelGraph.from_array(line, theta=0.5, coordinates=at)
    maps = room.distance_degree_maps(graph, [0, 20, 60, 100])
    assert maps.tolist() == [[0, 0, 0], [1, 1, 0], [1, 1, 2]]


def test_regions_and_voxels_give_the_same_graph():
    series = courses()
    by_region = VoxelGraph.from_regions(series.T, theta=0.3)
    assert (by_region.bits == VoxelGraph.from_array(series, theta=0.3).bits).all()


def image_of(series, shape=(5, 5, 6), affine=None):
    affine = np.diag([4.0, 4, 4, 1]) if affine is None else affine
    return nib.Nifti1Image(series.reshape(*shape, -1).astype(np.float32), affine)


def mask_of(inside, affine=None):
    affine = np.diag([4.0, 4, 4, 1]) if affine is None else affine
    return nib.Nifti1Image(inside.astype(np.uint8), affine)


def test_an_image_and_its_mask_give_courses_and_coordinates():
    series = courses()
    inside = np.zeros((5, 5, 6), bool)
    inside[1:4, 2:5, 1:5] = True
    read = room.image_series(image_of(series), mask_of(inside))
    expected = VoxelSeries.from_array(series.reshape(5, 5, 6, -1)[inside].astype(np.float32))
    np.testing.assert_allclose(read.courses, expected.courses, atol=1e-6)
    assert (read.coordinates == np.argwhere(inside) * 4).all()
    graph = VoxelGraph.from_image(image_of(series), mask_of(inside), theta=0.3)
    assert graph.n_voxels == inside.sum()


def test_a_mask_on_another_grid_is_a_fault_not_resampled():
    image = image_of(courses())
    with pytest.raises(DataFault, match="different grids"):
        room.image_series(image, mask_of(np.ones((5, 6, 5))))
    with pytest.raises(DataFault, match="affines differ"):
        room.image_series(image, mask_of(np.ones((5, 5, 6)), np.diag([3.0, 3, 3, 1])))
    with pytest.raises(DataFault, match="mask is empty"):
        room.image_series(image, mask_of(np.zeros((5, 5, 6))))


def test_nan_voxels_of_an_image_are_named_not_zeroed():
    series = courses()
    series[7, 3] = np.nan
    everywhere = mask_of(np.ones((5, 5, 6)))
    with pytest.raises(DataFault, match=r"1 of 150 .*voxel 7 at \(0, 4, 4\) mm"):
        room.image_series(image_of(series), everywhere)


def test_bad_voxels_are_named_or_left_without_edges():
    series = courses()
    series[3], series[9, 5] = 1e4, np.inf
    with pytest.raises(DataFault, match=r"2 of 150 .*voxel 3, voxel 9"):
        VoxelSeries.from_array(series)
    names = [f"region {k}" for k in range(150)]
    with pytest.raises(DataFault, match="region 3"):
        VoxelSeries.from_regions(series.T, names=names)
    kept = VoxelSeries.from_array(series, bad_voxels="isolate")
    assert kept.set_aside.tolist() == [3, 9]
    degrees = room.degree_map(voxel_graphs(kept, thetas=[0.0])[0])
    assert degrees[[3, 9]].tolist() == [0, 0]
    assert degrees[0] > 0


def test_too_few_volumes_are_refused_with_their_number():
    with pytest.raises(DataFault, match="12 volumes"):
        VoxelSeries.from_array(courses(n_times=12))


def test_a_sweep_that_would_not_fit_is_refused_before_it_starts():
    series = VoxelSeries.from_array(courses())
    with pytest.raises(ConfigFault, match="2 graphs of 150 voxels"):
        voxel_graphs(series, thetas=[0.3, 0.4], max_bytes=1000)


@pytest.mark.parametrize("options", [{}, {"theta": 0.3, "density": 0.1}, {"theta": 1.0},
                                     {"density": 0.0}])  # fmt: skip
def test_one_valid_threshold_is_needed(options):
    with pytest.raises(ConfigFault, match=r"theta|density"):
        VoxelGraph.from_array(courses(), **options)


def test_maps_that_need_courses_or_coordinates_say_so():
    bare = VoxelGraph.from_adjacency(np.zeros((3, 3), bool))
    for function in (room.weight_map, room.weighted_triangle_map, room.distance_degree_maps):
        with pytest.raises(DataFault, match=r"no correlations|no coordinates"):
            function(bare)
