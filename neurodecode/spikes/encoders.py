"""What becomes tokens beside spikes: frames of a stimulus and samples of a behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from neurodecode.faults import DataFault
from neurodecode.spikes.codes import TimeSinusoid, frame_positions

if TYPE_CHECKING:
    from neurodecode.spikes.config_model import FrameSection


class FrameEncoder(nn.Module):
    """Clips to tokens: three-dimensional convolution, normalisation of features, ReLU.

    Parameters
    ----------
    width : int
    frames : FrameSection
        Kernel and stride; there is no padding.
    positions : bool, default=True
        Add the code of a token's time, row and column, which the released code discards.
    """

    def __init__(self, width: int, frames: FrameSection, *, positions: bool = True) -> None:
        super().__init__()
        self.positions, self.kernel = positions, frames.kernel
        self.conv = nn.Conv3d(1, width, frames.kernel, frames.stride or frames.kernel)
        self.norm = nn.LayerNorm(width)

    def grid(self, n_frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Return times, rows and columns of the tokens of a clip.

        Raises
        ------
        DataFault
            If the clip is smaller than the kernel.
        """
        sizes = (n_frames, height, width)
        if any(size < kernel for size, kernel in zip(sizes, self.kernel, strict=True)):
            raise DataFault(f"a clip of {sizes} is smaller than the kernel {self.kernel}")
        first, second, third = (
            (size - kernel) // stride + 1
            for size, kernel, stride in zip(sizes, self.kernel, self.conv.stride, strict=True)
        )
        return first, second, third

    def forward(self, clips: Tensor) -> Tensor:
        """Return tokens (B, S, width) of clips (B, 1, n_frames, height, width).

        S counts times, then rows, then columns.

        Raises
        ------
        DataFault
            If clips have another form or are smaller than the kernel.
        """
        if clips.ndim != 5 or clips.shape[1] != 1:
            raise DataFault(f"expected clips (B, 1, n_frames, height, width), got "
                            f"{tuple(clips.shape)}")  # fmt: skip
        shape = self.grid(*clips.shape[2:])
        tokens = self.norm(self.conv(clips).movedim(1, -1)).relu()
        if self.positions:
            tokens = tokens + frame_positions(shape, tokens.shape[-1], tokens)
        flat: Tensor = tokens.flatten(1, 3)
        return flat


class BehaviourEncoder(nn.Module):
    """Samples of one variable to tokens: a network of the value, and a code of its time.

    Parameters
    ----------
    width : int
    dropout : float, default=0.2
        Of the code of time, and of the token.
    value : bool, default=True
        False: the released code, whose normalisation over the single value leaves only its bias,
        so that the value is lost.
    """

    def __init__(self, width: int, dropout: float = 0.2, *, value: bool = True) -> None:
        super().__init__()
        self.norm = None if value else nn.LayerNorm(1)
        self.layers = nn.Sequential(
            nn.Linear(1, 2, bias=False), nn.GELU(), nn.Linear(2, width, bias=False)
        )
        self.time = TimeSinusoid(width, dropout)
        self.dropout = nn.Dropout(dropout)

    def reset_parameters(self) -> None:
        """Draw weights such that values of unit variance give tokens of about unit variance.

        With the N(0, 0.02) of all other layers the value would be some thousand times smaller than
        the code of time it is added to.
        """
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=layer.in_features**-0.5)

    def forward(self, values: Tensor, offsets: Tensor) -> Tensor:
        """Return tokens (B, S, width).

        Parameters
        ----------
        values : Tensor, shape (B, S)
            Standardised.
        offsets : Tensor, shape (B, S)
            Times (s) from the window's start.
        """
        scalars = values[..., None]
        if self.norm is not None:
            scalars = self.norm(scalars)
        tokens: Tensor = self.dropout(self.layers(scalars) + self.time(offsets))
        return tokens
