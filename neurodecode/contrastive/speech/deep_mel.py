"""Deep Mel: a network on Mel spectrograms, trained together with the brain module."""

from __future__ import annotations

from torch import Tensor, nn

from neurodecode.contrastive.convolutions import ConvStack
from neurodecode.faults import DataFault


class DeepMel(nn.Module):
    """Ten convolutions from Mel bands to a representation of the speech heard.

    Layers 1 to 9 are convolution, batch normalisation and ReLU, layer 10 is a convolution alone;
    layers 2 to 9 add their input; dilations are 1, 2, 4, 8, 16 twice; a gate follows every second
    layer, also the last.

    Parameters
    ----------
    n_bands : int, default=120
        Mel bands of the input.
    n_outputs : int, default=768
        F, which the brain module must have too.
    hidden : int, default=320
        Width of layers 1 to 9.

    References
    ----------
    Defossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
    """

    def __init__(self, n_bands: int = 120, n_outputs: int = 768, *, hidden: int = 320) -> None:
        super().__init__()
        self.n_bands = n_bands
        self.convolutions = ConvStack(
            [n_bands, *[hidden] * 9, n_outputs], activation="relu", bare_last=True
        )

    def forward(self, mels: Tensor) -> Tensor:
        """Map scaled log Mel spectrograms (B, bands, T) to representations (B, F, T).

        Raises
        ------
        DataFault
            If the number of bands differs.
        """
        if mels.ndim != 3 or mels.shape[1] != self.n_bands:
            raise DataFault(
                f"expected trials x {self.n_bands} bands x frames, got shape {tuple(mels.shape)}"
            )
        return self.convolutions(mels)
