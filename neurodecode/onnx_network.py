"""The network of a decoder as ONNX takes it: a module over plain tensors, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch
    from numpy.random import Generator


@dataclass(frozen=True)
class NetworkInput:
    """One tensor that a network reads, its first axis the batch.

    Attributes
    ----------
    name : str
    axes : tuple of str
        Names of the axes after the batch, as ("channels", "samples").
    shape : tuple of int
        Their lengths.
    unit : str
        Of the values, and what was done to them before, in words.
    n_values : int or None
        For whole numbers (int64): 0 to ``n_values`` - 1. None: numbers in single precision.
    """

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    unit: str
    n_values: int | None = None

    def draw(self, n: int, rng: Generator) -> torch.Tensor:
        """Return ``n`` random entries: standard normal, or uniform whole numbers.

        Returns
        -------
        Tensor of float32 or int64, shape (n, *shape)
        """
        import torch

        size = (n, *self.shape)
        if self.n_values is not None:
            return torch.from_numpy(rng.integers(0, self.n_values, size))
        return torch.from_numpy(rng.standard_normal(size, dtype="float32"))


@dataclass(frozen=True)
class OnnxNetwork:
    """A trained network, ready to be written.

    Attributes
    ----------
    module : Module
        In evaluation mode. Takes the inputs in their order, any batch size, and returns one
        tensor whose first axis is the batch.
    inputs : tuple of NetworkInput
    output : str
        Name of what it returns.
    metadata : dict
        Of JSON values: what a reader of the file needs beside the inputs, as ``channels``,
        ``labels``, ``participants``, ``sfreq``.
    """

    module: torch.nn.Module
    inputs: tuple[NetworkInput, ...]
    output: str
    metadata: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class HasNetwork(Protocol):
    """A decoder with a torch network, which ``neurodecode export`` writes as ONNX."""

    def onnx_network(self, participant: str | None = None) -> OnnxNetwork:
        """Return the network over plain tensors.

        Parameters
        ----------
        participant : str, optional
            One of the training, built into the network. None: where the network has something
            of each participant, their number is an input named "participant"; where even the
            sizes differ between them, a ConfigFault that asks for --participant.

        Raises
        ------
        DataFault
            If the participant is unknown, with the nearest one.
        """
