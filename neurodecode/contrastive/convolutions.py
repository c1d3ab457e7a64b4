"""Stacks of dilated residual convolutions with gates, of the brain module and of Deep Mel."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn

from neurodecode.contrastive.winograd import WinogradConv1d
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.contrastive.config_model import Activation

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU}


def make_activation(name: str) -> nn.Module:
    """Return the exact GELU or the ReLU.

    Raises
    ------
    ConfigFault
        If the name is neither.
    """
    if name not in ACTIVATIONS:
        raise ConfigFault(unknown("activation", name, ACTIVATIONS))
    return ACTIVATIONS[name]()


class ConvStack(nn.Module):
    r"""Convolutions over time that keep its length, in pairs that end in a gate.

    Layer i is :math:`x \leftarrow [x +]\, a(\mathrm{BN}(\mathrm{conv}_{d}(x)))` with dilation
    :math:`d = 2^{i \bmod 5}`, the sum where input and output are equally wide. Layers 1, 3, 5, ...
    are followed by the gate :math:`x \leftarrow u \, \sigma(v)`, :math:`(u, v) = \mathrm{conv}(x)`.

    Parameters
    ----------
    widths : sequence of int
        Channels before the first layer, then after each.
    kernel : int, default=3
        Taps of every convolution, odd.
    dilation_period : int, default=5
        Layers after which the dilation starts again at 1.
    activation : {"gelu", "relu"}, default="gelu"
        a.
    residual : bool, default=True
        Whether inputs are added.
    gates : bool, default=True
        Whether pairs end in a gate.
    bare_last : bool, default=False
        The last layer is the convolution alone, without normalisation or activation.

    References
    ----------
    Defossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        kernel: int = 3,
        dilation_period: int = 5,
        activation: Activation = "gelu",
        residual: bool = True,
        gates: bool = True,
        bare_last: bool = False,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.ModuleList()
        self.gates = nn.ModuleList()
        for index, (before, after) in enumerate(pairwise(widths)):
            dilation = 2 ** (index % dilation_period)
            convolution = WinogradConv1d(before, after, kernel, dilation=dilation)
            bare = bare_last and index == len(widths) - 2
            rest = [] if bare else [nn.BatchNorm1d(after), make_activation(activation)]
            self.layers.append(nn.Sequential(convolution, *rest))
            if gates and index % 2 == 1:
                doubling = WinogradConv1d(after, 2 * after, kernel)
                self.gates.append(nn.Sequential(doubling, nn.GLU(dim=1)))

    def forward(self, signals: Tensor) -> Tensor:
        """Map signals (B, widths[0], T) to (B, widths[-1], T)."""
        for index, layer in enumerate(self.layers):
            output = layer(signals)
            if self.residual and output.shape == signals.shape:
                output = output + signals
            gated = index % 2 == 1 and len(self.gates) > 0
            signals = self.gates[index // 2](output) if gated else output
        return signals
