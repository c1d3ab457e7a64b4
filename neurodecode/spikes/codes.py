"""Fixed codes of time and position, and the small network in place of one."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

BASE = 10000.0


class TimeNetwork(nn.Module):
    """A learned code of a scalar: linear, GELU, linear, dropout.

    Parameters
    ----------
    width : int
    dropout : float, default=0.2
    """

    def __init__(self, width: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(1, width // 2), nn.GELU(), nn.Linear(width // 2, width), nn.Dropout(dropout)
        )

    def forward(self, values: Tensor) -> Tensor:
        """Return the code (..., width) of values (...)."""
        code: Tensor = self.layers(values[..., None])
        return code


class TimeSinusoid(nn.Module):
    r"""A fixed code of a scalar: sines and cosines in turn, of :math:`x / 10000^{2k / E}`.

    Parameters
    ----------
    width : int
        E.
    dropout : float, default=0.2
    """

    def __init__(self, width: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.width = width
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor:
        """Return the code (..., width) of values (...)."""
        steps = torch.arange(0, self.width, 2, device=values.device)
        waves = values[..., None] * torch.exp(steps * -(math.log(BASE) / self.width))
        code: Tensor = self.dropout(torch.stack([waves.sin(), waves.cos()], dim=-1).flatten(-2))
        return code


def frame_positions(shape: tuple[int, int, int], width: int, like: Tensor) -> Tensor:
    """Return the position code (time, rows, columns, width) of frame tokens.

    A third of the features each for time, row and column; sines, then cosines.

    Parameters
    ----------
    shape : tuple of int
        Times, rows, columns.
    width : int
    like : Tensor
        Of the device and dtype wanted.
    """
    size = math.ceil(width / 6) * 2
    code = like.new_zeros(*shape, 3 * size)
    for axis, length in enumerate(shape):
        waves = _waves(length, size, like)
        along = [1, 1, 1]
        along[axis] = length
        part = torch.cat([waves.sin(), waves.cos()], dim=-1).reshape(*along, size)
        code[..., axis * size : (axis + 1) * size] = part
    return code[..., :width]


def slot_positions(n_slots: int, width: int, like: Tensor) -> Tensor:
    """Return the position code (n_slots, width) of the tokens of a group of behaviours.

    Half of the features code the slot, sines and cosines in turn; the other half a second axis of
    length 1, which is constant.
    """
    size = math.ceil(width / 4) * 2
    waves = _waves(n_slots, size, like)
    slots = torch.stack([waves.sin(), waves.cos()], dim=-1).flatten(-2)
    flat = torch.zeros_like(slots)
    flat[:, 1::2] = 1.0
    return torch.cat([slots, flat], dim=-1)[:, :width]


def _waves(length: int, size: int, like: Tensor) -> Tensor:
    """Return positions times frequencies, (length, size / 2)."""
    steps = torch.arange(0, size, 2, device=like.device).float() / size
    places = torch.arange(length, device=like.device).float()
    return torch.outer(places, 1.0 / BASE**steps).to(like.dtype)
