"""The original's weights give the original's outputs.

The other side is written from the published description of the steps, with loops, in numpy and
the original's layouts (batch x time x channel); it shares no line with the network.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from neurodecode.emotion import Hierarchy, HiSTN, Region, load_reference_weights
from neurodecode.faults import ConfigFault, DataFault

CHAIN3, PAIR, TRIANGLE = [(0, 1), (1, 2)], [(0, 1)], [(0, 1), (0, 2), (1, 2)]
FRONT4, BACK4 = [(0, 2), (1, 2), (1, 3), (2, 3)], [(3, 1), (2, 1), (2, 0), (1, 0)]
FRONT5, BACK5 = [*FRONT4, (3, 4)], [(4, 2), (3, 2), (3, 1), (2, 1), (1, 0)]
RING4, RING5 = [(0, 1), (1, 2), (2, 3), (3, 0)], [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]
PUBLISHED = {
    "G0": ([(4, FRONT4, 2), (3, CHAIN3, 2), (3, CHAIN3, 2), (4, BACK4, 2)], RING4, 2),
    "G1": ([(3, TRIANGLE, 1), (3, CHAIN3, 2), (2, PAIR, 1), (3, CHAIN3, 2), (3, TRIANGLE, 1)],
           RING5, 2),
    "G2": ([(5, FRONT5, 3), (4, [(0, 1), (1, 2), (2, 3)], 3), (5, BACK5, 3)], TRIANGLE, 1),
}  # fmt: skip
"""Channels, edges and order of each region; edges between regions; their order."""


def shapes(graph, kernel=64, n_classes=5):
    regions, _, order = PUBLISHED[graph]
    n, n_regions = sum(size for size, *_ in regions), len(regions)
    norm = [(n,)] * 4
    fusion = [shape for size, *_ in regions for shape in ((size, size), (size,))]
    overall = [(n_regions, n_regions), (n_regions,)]
    return [
        (kernel, 1, 1, 8), (1, 8, n, 1), *norm, (5, 1, n, 1), *norm,
        *[(k + 1,) for *_, k in regions],
        *[shape for size, *_ in regions for shape in ((5, size, 1), (1, size, size))],
        *norm, *fusion, *fusion, (order + 1,), *overall, *overall,
        (n + n_regions + 1, n_classes), (n_classes,),
    ]  # fmt: skip


def weights(graph, seed=0, **options):
    rng = np.random.default_rng(seed)
    drawn = [rng.normal(0, 0.5, shape) for shape in shapes(graph, **options)]
    n = len(drawn[2])
    for place, array in enumerate(drawn):
        # scale, shift, mean, variance of batch norms follow each other
        if array.shape == (n,) and place >= 3 and drawn[place - 3].shape == (n,):
            drawn[place] = np.abs(array) + 0.5
    return drawn


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normalise(x, scale, shift, mean, variance):
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + shift


def correlate(x, taps, left, right):
    """Slide taps over time of (batch, time), zeros around."""
    padded = np.pad(x, ((0, 0), (left, right)))
    n = padded.shape[1] - len(taps) + 1
    return sum(tap * padded[:, k : k + n] for k, tap in enumerate(taps))


def polynomial(n, edges, scalars):
    adjacency = np.zeros((n, n))
    for i, j in edges:
        adjacency[i, j] = adjacency[j, i] = 1
    laplacian = np.diag(adjacency.sum(0)) - adjacency
    scaled = 2 * laplacian / np.abs(np.linalg.eigvals(laplacian)).max() - np.eye(n)
    terms = [np.eye(n), scaled]
    while len(terms) < len(scalars):
        terms.append(2 * scaled @ terms[-1] - terms[-2])
    return sum(w * term for w, term in zip(scalars, terms, strict=True))


def fuse(x, starts, pairs):
    fused = []
    for (a, b), (kernel, bias) in zip(starts, pairs, strict=True):
        share = softmax(x[:, :, a:b].mean(axis=1) @ kernel + bias)
        fused.append(np.einsum("bti,bi->bt", x[:, :, a:b], share))
    return np.stack(fused, axis=-1)


def original(x, arrays, graph):
    """Logits of (batch, time, channel) by the published steps."""
    regions, between, _ = PUBLISHED[graph]
    queue = iter(arrays)
    take = lambda n: [next(queue) for _ in range(n)]  # noqa: E731
    ends = np.cumsum([0, *(size for size, *_ in regions)])
    starts = list(pairwise(ends))
    n = ends[-1]
    filters, mixing = take(2)
    kernel = len(filters)
    left = (kernel - 1) // 2
    mixed = np.zeros((*x.shape[:2], n))
    for c in range(n):  # steps 1 and 2, one filter after the other
        for f in range(8):
            filtered = correlate(x[:, :, c], filters[:, 0, 0, f], left, kernel - 1 - left)
            mixed[:, :, c] += mixing[0, f, c, 0] * filtered
    mixed = elu(normalise(mixed, *take(4)))
    (taps,) = take(1)
    own = np.stack([correlate(mixed[:, :, c], taps[:, 0, c, 0], 0, 0) for c in range(n)], -1)
    own = elu(normalise(own, *take(4)))
    X = np.stack([(own[:, t] + own[:, t + 1]) / 2 for t in range(0, own.shape[1] - 1, 2)], 1)
    scalars = take(len(regions))
    parts = []
    for (a, b), (size, edges, _), w in zip(starts, regions, scalars, strict=True):
        passed = X[:, :, a:b] @ polynomial(size, edges, w)
        depthwise, pointwise = take(2)
        filtered = np.stack(
            [correlate(passed[:, :, i], depthwise[:, i, 0], 2, 2) for i in range(size)], -1
        )
        parts.append(filtered @ pointwise[0])
    Xa = elu(normalise(np.concatenate(parts, axis=-1), *take(4)))
    pairs = lambda: [take(2) for _ in regions]  # noqa: E731
    R = fuse(X, starts, pairs())
    Ra = fuse(Xa, starts, pairs())
    (w,) = take(1)
    region = R @ polynomial(len(regions), between, w) + Ra
    whole = [(0, len(regions))]
    overall = fuse(R, whole, [take(2)]) + fuse(Ra, whole, [take(2)])
    joined = np.concatenate([X + Xa, region, overall], axis=-1)
    kernel, bias = take(2)
    assert not list(queue)
    return joined.mean(axis=1) @ kernel + bias


@pytest.fixture
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("graph", PUBLISHED)
def test_logits_are_the_originals(graph, double):
    arrays = weights(graph)
    x = np.random.default_rng(1).uniform(-1, 1, (3, 128, 14))
    ours = HiSTN.from_reference_weights(arrays, graph)(torch.as_tensor(x).mT)
    expected = original(x, arrays, graph)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=0, atol=1e-10)


def test_logits_are_the_originals_in_single_precision():
    arrays = weights("G0", seed=2)
    x = np.random.default_rng(3).uniform(-1, 1, (4, 128, 14))
    network = load_reference_weights(arrays)
    ours = network(torch.as_tensor(x, dtype=torch.float32).mT)
    np.testing.assert_allclose(ours.detach().numpy(), original(x, arrays, "G0"), atol=1e-5)
    assert not network.training


def test_sizes_follow_from_the_arrays():
    network = load_reference_weights(weights("G0", kernel=5, n_classes=3))
    assert network.front.shared.filters.shape == (8, 5)
    assert network(torch.zeros(1, 14, 128)).shape == (1, 3)


def test_the_separable_fusion_takes_its_own_arrays():
    arrays = weights("G0")
    rng = np.random.default_rng(0)
    fusion = [rng.normal(size=s) for n in (4, 3, 3, 4) for s in ((5, n, 1), (1, n, 1))]
    start = len(arrays) - 2 - 4 - 1 - 16
    separable = [*arrays[:start], *fusion, *fusion, *arrays[start + 16 :]]
    network = load_reference_weights(separable, fusion="sepconv")
    taps = network.upper.to_region_passed.depthwise[4:7, 0].detach().numpy()
    np.testing.assert_allclose(taps.T, fusion[2][:, :, 0], atol=1e-6)


def test_a_region_of_one_channel_takes_its_arrays():
    form = Hierarchy(
        "pair", (Region("a", ("T7",), (), 1), Region("b", ("O1", "O2"))), (("a", "b"),)
    )
    own = HiSTN(form)
    from neurodecode.emotion.reference import reference_slots

    arrays = [np.full(slot.shape, k) for k, slot in enumerate(reference_slots(own))]
    network = load_reference_weights(arrays, form)
    assert network.regional.pointwise[0].item() == 14


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays[:-1], "49 arrays for 50, .* step 13, last layer, bias"),
        (lambda arrays: arrays[1:], "array 0, step 1, filters"),
        (lambda arrays: [*arrays, np.zeros(5)], "51 arrays for 50"),
        (lambda arrays: [*arrays[:6], arrays[6].T, *arrays[7:]], "step 4, channel filters"),
        (lambda arrays: [*arrays[:3], arrays[3] * np.nan, *arrays[4:]], "not finite"),
        (lambda arrays: [np.array("a"), *arrays[1:]], "not an array of numbers"),
        (lambda arrays: [], "0 arrays for 50"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_their_step(change, words):
    with pytest.raises(DataFault, match=words):
        load_reference_weights(change(weights("G0")))


def test_arrays_of_another_graph_are_refused():
    with pytest.raises(DataFault, match="step 7"):
        load_reference_weights(weights("G1"), "G0")


def test_there_is_no_original_without_hierarchy():
    with pytest.raises(ConfigFault, match="hierarchy"):
        load_reference_weights(weights("G0"), hierarchical=False)
