"""The networks that are compared, by name, each in its published form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from neurodecode.emotion.graphs import EPOC
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.emotion.graphs import Hierarchy
    from neurodecode.emotion.network import EmotionNetwork


class ParameterCount(NamedTuple):
    """Numbers as ``keras.Model.count_params`` gives them.

    Attributes
    ----------
    total : int
        With the running means and variances of batch norm.
    trainable : int
    """

    total: int
    trainable: int


@dataclass(frozen=True)
class Kind:
    """A network in its published form.

    Attributes
    ----------
    description : str
    family : {"HiSTN", "HiSTN-D", "EEGNet", "MSBAM"}
    parameters : ParameterCount
        On the EPOC's channels, windows of 128 samples, five classes.
    graph : str
        Hierarchy, where the family has one.
    hierarchical : bool
        False: of HiSTN the node level alone.
    """

    description: str
    family: str
    parameters: ParameterCount
    graph: str = ""
    hierarchical: bool = True


NETWORKS: dict[str, Kind] = {
    "HiSTN G0": Kind(
        "four regions, the paper's main network", "HiSTN", ParameterCount(1265, 1181), "G0"
    ),
    "HiSTN G1": Kind("five regions", "HiSTN", ParameterCount(1260, 1176), "G1"),
    "HiSTN G2": Kind("three regions", "HiSTN", ParameterCount(1291, 1207), "G2"),
    "HiSTN-D": Kind("ablation: learned regions", "HiSTN-D", ParameterCount(8904, 8848), "G0"),
    "flat": Kind(
        "ablation: node level of HiSTN G0, no region and no global node",
        "HiSTN", ParameterCount(1069, 985), "G0", hierarchical=False,
    ),
    "EEGNet": Kind("compact convolutions", "EEGNet", ParameterCount(3325, 3245)),
    "MSBAM": Kind("image of the head, halves compared", "MSBAM", ParameterCount(203349, 203269)),
}  # fmt: skip
"""Names and what they stand for."""


def make_network(
    name: str,
    channel_names: Sequence[str] | None = None,
    n_samples: int = 128,
    n_classes: int = 5,
    *,
    graph: Hierarchy | None = None,
    fusion: str | None = None,
    first_kernel: int | None = None,
    dropout: float | None = None,
    positions: Any = None,
) -> EmotionNetwork:
    """Build an untrained network; weights are drawn from torch's global generator.

    Parameters
    ----------
    name : str
        Of ``NETWORKS``.
    channel_names : sequence of str, optional
        Of the windows, in their order; default: the EPOC's.
    n_samples : int, default=128
        Of a window.
    n_classes : int, default=5
        Outputs, the ``n_outputs`` of the target.
    graph : Hierarchy, optional
        In place of the name's, for HiSTN, HiSTN-D and "flat".
    fusion : {"dense", "sepconv"}, optional
        Of HiSTN; default: "dense".
    first_kernel : int, optional
        Default: the published one; MSBAM has none.
    dropout : float, optional
        Default: the published one within subjects.
    positions : mne.Info or mapping of str to array-like, optional
        Of electrodes that MSBAM's grid does not know by name.

    Raises
    ------
    ConfigFault
        If there is no such network, with the nearest name; or it has no such option.
    DataFault
        If channels are missing, with the nearest.
    """
    if name not in NETWORKS:
        raise ConfigFault(unknown("network", name, NETWORKS))
    kind = NETWORKS[name]
    options = {"graph": graph, "fusion": fusion, "first_kernel": first_kernel,
               "dropout": dropout, "positions": positions}  # fmt: skip
    given = {key: value for key, value in options.items() if value is not None}
    foreign = [key for key in given if key not in OPTIONS[kind.family]]
    if foreign:
        raise ConfigFault(f"the network {name} has no {' and no '.join(foreign)}")
    names = EPOC if channel_names is None else channel_names
    return _build(kind, names, n_samples, n_classes, given)


OPTIONS = {
    "HiSTN": ("graph", "fusion", "first_kernel", "dropout"),
    "HiSTN-D": ("graph", "first_kernel", "dropout"),
    "EEGNet": ("first_kernel", "dropout"),
    "MSBAM": ("dropout", "positions"),
}
"""What can be changed of each family."""


def _build(
    kind: Kind, names: Sequence[str], n_samples: int, n_classes: int, given: dict[str, Any]
) -> EmotionNetwork:
    from neurodecode.emotion.eegnet import EEGNet
    from neurodecode.emotion.histn import HiSTN
    from neurodecode.emotion.histn_d import HiSTND
    from neurodecode.emotion.msbam import MSBAM

    if kind.family == "EEGNet":
        return EEGNet(len(names), n_classes, n_samples, **given)
    if kind.family == "MSBAM":
        return MSBAM(names, n_classes, n_samples, **given)
    graph = given.pop("graph", kind.graph)
    if kind.family == "HiSTN-D":
        return HiSTND(graph, n_classes, n_samples, channel_names=names, **given)
    return HiSTN(
        graph, n_classes, n_samples, channel_names=names, hierarchical=kind.hierarchical, **given
    )
