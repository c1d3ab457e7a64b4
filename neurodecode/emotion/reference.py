"""Weights of the original's network, a list of arrays, read into ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np
import torch

from neurodecode.emotion.fusion import DenseFusion, SeparableFusion
from neurodecode.emotion.histn import HiSTN
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor, nn

    from neurodecode.emotion.graphs import Hierarchy
    from neurodecode.emotion.message_passing import MessagePassing

Network = TypeVar("Network", bound=HiSTN)


class Slot(NamedTuple):
    """One array of the original, and where its values go.

    Attributes
    ----------
    step : str
        Of the network, for messages.
    shape : tuple of int
        The original's.
    target : Tensor
        Parameter or buffer.
    axes : tuple of int
        Order of the original's axes in ours, where those of length 1 may be left out.
    """

    step: str
    shape: tuple[int, ...]
    target: Tensor
    axes: tuple[int, ...]


def load_reference_weights(
    arrays: Sequence[ArrayLike],
    graph: str | Hierarchy = "G0",
    *,
    model: type[Network] = HiSTN,  # type: ignore[assignment]
    **options: Any,
) -> Network:
    """Build a network from what ``get_weights()`` of the original's returns.

    Parameters
    ----------
    arrays : sequence of array-like
        50 for G0: (1) filters (64, 1, 1, 8); (2) mixtures (1, 8, 14, 1); (3) batch norm: scale,
        shift, mean, variance; (4) taps (5, 1, 14, 1); (5) batch norm; (7) one vector of K + 1
        scalars per region; (8) per region taps (5, n, 1) and weights (1, n, n); (9) batch norm;
        (10) per region kernel (n, n) and bias of the first fusion, then of the second, then the
        scalars between regions; (11) kernel and bias of both global fusions; (13) kernel (19, 5)
        and bias.
    graph : str or Hierarchy, default="G0"
    model : type, default=HiSTN
        Class to build.
    **options
        Of the class; the first kernel's taps, the number of filters and of classes follow from
        the arrays.

    Returns
    -------
    HiSTN
        In torch's default precision and in evaluation mode.

    Raises
    ------
    DataFault
        If there are too many or too few arrays, or one has another shape or values that are not
        finite; the step is named.
    ConfigFault
        If an option says ``hierarchical=False``, which the original has not.

    References
    ----------
    dykuang/EEG-based-affective-computing, the function ``HST_model``.
    """
    if not options.get("hierarchical", True):
        raise ConfigFault("the original has no network without hierarchy")
    values = [_numbers(array, place) for place, array in enumerate(arrays)]
    built = model(graph, **{**_sizes(values), **options})
    slots = list(reference_slots(built))
    _compare(slots, values)
    with torch.no_grad():
        for slot, value in zip(slots, values, strict=True):
            ours = torch.as_tensor(value.transpose(slot.axes).copy())
            slot.target.copy_(ours.reshape(slot.target.shape))
    return built.eval()


def reference_slots(model: HiSTN) -> Iterator[Slot]:
    """Yield the original's arrays in its order, with their places in ours."""
    front, regional, upper = model.front, model.regional, model.upper
    regions, sizes = model.hierarchy.regions, list(model.hierarchy.sizes)
    n_filters, kernel = front.shared.filters.shape
    n = sum(sizes)
    yield Slot("1, filters", (kernel, 1, 1, n_filters), front.shared.filters, (3, 0, 1, 2))
    yield Slot("2, mixtures", (1, n_filters, n, 1), front.shared.mixing, (2, 1, 0, 3))
    yield from _norm("3, batch norm", front.shared_norm)
    yield Slot("4, channel filters", (5, 1, n, 1), front.own.taps, (2, 0, 1, 3))
    yield from _norm("5, batch norm", front.own_norm)
    for region, passing in zip(regions, model.node_passing, strict=True):
        yield _vector(f"7, messages in {region.name}", cast("MessagePassing", passing).weight)
    taps = regional.depthwise.split_with_sizes(sizes)
    for region, own, mixing in zip(regions, taps, regional.pointwise, strict=True):
        n = len(region.channels)
        yield Slot(f"8, taps in {region.name}", (5, n, 1), own, (1, 2, 0))
        yield Slot(f"8, mixing in {region.name}", (1, n, n), mixing, (0, 2, 1))
    yield from _norm("9, batch norm", model.node_norm)
    assert upper is not None
    yield from _fusion("10, first fusion", upper.to_region)
    yield from _fusion("10, second fusion", upper.to_region_passed)
    yield _vector("10, messages between regions", upper.passing.weight)
    yield from _fusion("11, first global fusion", upper.to_overall)
    yield from _fusion("11, second global fusion", upper.to_overall_passed)
    yield from _linear("13, last layer", model.head)


def _vector(step: str, target: Tensor) -> Slot:
    return Slot(step, tuple(target.shape), target, (0,))


def _norm(step: str, norm: nn.BatchNorm1d) -> Iterator[Slot]:
    yield _vector(f"{step}, scale", norm.weight)
    yield _vector(f"{step}, shift", norm.bias)
    for name in ("running_mean", "running_var"):
        yield _vector(f"{step}, {name}", getattr(norm, name))


def _linear(step: str, layer: nn.Linear) -> Iterator[Slot]:
    yield Slot(f"{step}, kernel", (layer.in_features, layer.out_features), layer.weight, (1, 0))
    yield _vector(f"{step}, bias", layer.bias)


def _fusion(step: str, layer: nn.Module) -> Iterator[Slot]:
    if isinstance(layer, DenseFusion):
        for place, attention in enumerate(layer.attention):
            yield from _linear(f"{step}, group {place + 1}", cast("nn.Linear", attention))
        return
    assert isinstance(layer, SeparableFusion)
    groups = zip(
        layer.depthwise.split_with_sizes(layer.sizes),
        layer.pointwise.split_with_sizes(layer.sizes),
        strict=True,
    )
    for place, (taps, weights) in enumerate(groups):
        n = len(weights)
        yield Slot(f"{step}, group {place + 1}, taps", (5, n, 1), taps, (1, 2, 0))
        yield Slot(f"{step}, group {place + 1}, weights", (1, n, 1), weights, (1, 0, 2))


def _numbers(array: ArrayLike, place: int) -> NDArray[np.float64]:
    value = np.asarray(array)
    if value.dtype.kind not in "fiu":
        raise DataFault("not an array of numbers", where=f"reference weights, array {place}")
    if not np.isfinite(value).all():
        raise DataFault("values that are not finite", where=f"reference weights, array {place}")
    return value.astype(np.float64)


def _sizes(values: Sequence[NDArray[np.float64]]) -> dict[str, int]:
    """Read sizes from the first and the last array; a wrong shape is left to the comparison."""
    sizes = {}
    if values and values[0].ndim == 4:
        sizes = {"first_kernel": values[0].shape[0], "n_filters": values[0].shape[3]}
    if values and values[-1].ndim == 1:
        sizes["n_classes"] = len(values[-1])
    return sizes


def _compare(slots: Sequence[Slot], values: Sequence[NDArray[np.float64]]) -> None:
    """Raise at the first array that is missing, too many or of another shape."""
    counted = f"{len(values)} arrays for {len(slots)}"
    for place, (slot, value) in enumerate(zip(slots, values, strict=False)):
        if value.shape != slot.shape:
            note = f" ({counted})" if len(values) != len(slots) else ""
            raise DataFault(
                f"shape {value.shape} instead of {slot.shape}{note}",
                where=f"reference weights, array {place}, step {slot.step}",
                fix="give get_weights() of the original, of the same graph, in its order",
            )
    if len(values) < len(slots):
        raise DataFault(f"{counted}, the first missing one is of step {slots[len(values)].step}",
                        where="reference weights")  # fmt: skip
    if len(values) > len(slots):
        raise DataFault(f"{counted}, the last one used is of step {slots[-1].step}",
                        where="reference weights")  # fmt: skip
