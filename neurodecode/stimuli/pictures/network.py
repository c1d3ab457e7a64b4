"""What encoders with a network share: a few pictures at a time, frozen, as float32."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

POOLINGS = ("cls", "mean", "tokens")


class NetworkEncoder(ABC):
    """An encoder that runs a network on some pictures or labels at a time.

    Parameters
    ----------
    device : str
        Where the network runs, a name known to torch.
    batch_size : int
        Pictures at a time; changes no number beyond rounding.

    Raises
    ------
    ConfigFault
        If ``batch_size`` is less than 1.
    """

    reads_labels: ClassVar[bool] = False

    def __init__(self, device: str, batch_size: int) -> None:
        if batch_size < 1:
            raise ConfigFault(f"{batch_size} pictures at a time", fix="give 1 or more")
        self.device, self.batch_size = device, int(batch_size)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one picture's embedding."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""

    @abstractmethod
    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        """Return the tensor (n_pictures, *shape) of a batch."""

    def encode(
        self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]
    ) -> NDArray[np.float32]:
        """Return the embeddings, shape (n_pictures, *shape); see ``PictureEncoder``."""
        import torch

        embeddings = np.empty((len(labels), *self.shape), dtype=np.float32)
        for start in range(0, len(labels), self.batch_size):
            rows = slice(start, start + self.batch_size)
            with torch.inference_mode():
                embeddings[rows] = self._forward(pictures[rows], labels[rows]).float().cpu().numpy()
        return embeddings


def pool_tokens(tokens: Any, cls: Any, pooling: str) -> Any:
    """Reduce a sequence of tokens.

    Parameters
    ----------
    tokens : tensor, shape (n, n_tokens, width)
        All of them, the class token too.
    cls : tensor, shape (n, width)
        The one that stands for the whole.
    pooling : {"cls", "mean", "tokens"}
        Keep ``cls``, the mean over all tokens, or ``tokens``.
    """
    return {"cls": cls, "mean": tokens.mean(dim=1), "tokens": tokens}[pooling]


def pooled_shape(n_tokens: int, width: int, pooling: str) -> tuple[int, ...]:
    """Return the shape of what :func:`pool_tokens` leaves of one picture."""
    return (n_tokens, width) if pooling == "tokens" else (width,)


def check_choice(kind: str, value: str, valid: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``valid``.

    Raises
    ------
    ConfigFault
        If not, with the nearest one.
    """
    if value not in valid:
        raise ConfigFault(unknown(kind, value, valid))
    return value
