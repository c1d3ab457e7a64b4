"""What all networks of this room share: the form of their input, and their named parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from torch import Tensor, nn

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable


class EmotionNetwork(nn.Module):
    """From windows of EEG to outputs of a target.

    Parameters
    ----------
    n_channels : int
        Of a window.
    n_samples : int
        Of a window.

    Attributes
    ----------
    PARTS : dict of str to tuple of str
        Groups of parameters that can be frozen, as beginnings of their names.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, n_channels: int, n_samples: int) -> None:
        super().__init__()
        self.n_channels, self.n_samples = n_channels, n_samples

    def check(self, windows: Tensor) -> None:
        """Raise a DataFault if windows are not (B, n_channels, n_samples)."""
        expected = (self.n_channels, self.n_samples)
        if windows.ndim != 3 or tuple(windows.shape[1:]) != expected:
            raise DataFault(
                f"expected windows x {expected[0]} channels x {expected[1]} samples, "
                f"got shape {tuple(windows.shape)}"
            )

    def penalised(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs, and what the training adds to the loss of this network: zero."""
        outputs: Tensor = self(windows)
        return outputs, outputs.new_zeros(())

    def freeze(self, parts: Iterable[str]) -> None:
        """Stop the training of parts, and of the statistics of batch norms in them.

        Raises
        ------
        ConfigFault
            If the network has no such part, with the nearest.
        """
        for part in parts:
            if part not in self.PARTS:
                raise ConfigFault(unknown("part of the network", part, self.PARTS))
            for name, parameter in self.named_parameters():
                if name.startswith(self.PARTS[part]):
                    parameter.requires_grad_(False)
        self.train(self.training)

    def set_momentum(self, momentum: float) -> None:
        """Set the share of its running mean and variance that every batch norm keeps at an update.

        Published: .99, Keras's default (0.01 as torch counts it). The statistics start at 0 and 1,
        and signals of small amplitude need some 500 updates until what is left of that no longer
        counts; before, outputs in evaluation mode say nothing. Short trainings want less.
        """
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.momentum = 1 - momentum

    def train(self, mode: bool = True) -> Self:
        """Switch the mode; batch norms of frozen parts stay in evaluation mode, as in Keras.

        They use, and keep, the statistics of the earlier training. Those of other parts go on
        taking up new batches.
        """
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d) and not module.weight.requires_grad:
                module.eval()
        return self
