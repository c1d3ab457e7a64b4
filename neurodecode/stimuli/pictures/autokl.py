"""AutoKL: the latent of the autoencoder that diffusion models draw in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.generation.checkpoint import load_part, pipeline_folder
from neurodecode.stimuli.pictures.network import NetworkEncoder
from neurodecode.stimuli.pictures.preprocessing import HALF, Preprocessing
from neurodecode.stimuli.pretrained import weights_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_PART = "vae"


class AutoKL(NetworkEncoder):
    r"""Bottleneck of the autoencoder of a latent diffusion model.

    .. math:: z = (\mu(x) - b) \, s

    with :math:`\mu` the mean of the posterior (no sample is drawn, so that a picture has one
    latent), s the checkpoint's scaling factor (0.18215 for Stable and Versatile Diffusion) and b
    its shift, 0 where it has none. Input is the middle square, scaled to -1 to 1.

    Parameters
    ----------
    model : str, default="shi-labs/versatile-diffusion"
        A diffusion pipeline, as a name on the hub or a folder with a subfolder ``vae``; or a
        folder of the autoencoder alone, with ``config.json`` and the weights.
    size : int, default=512
        Pixels on the side of the input; 512 gives a latent of 4 x 64 x 64.
    device : str, default="cpu"
    batch_size : int, default=4
        Pictures at a time, about 0.7 GiB of activations each.

    Raises
    ------
    ConfigFault
        If ``size`` is not a multiple of what the network shrinks by (8 for those named), or
        diffusers is not installed.
    DataFault, NetworkFault
        If the network cannot be loaded.

    References
    ----------
    .. [1] Rombach et al. 2022, CVPR, 10684-10695.
    .. [2] Benchetrit et al. 2024, ICLR, section 2.3.
    """

    def __init__(
        self,
        model: str = "shi-labs/versatile-diffusion",
        size: int = 512,
        device: str = "cpu",
        batch_size: int = 4,
    ) -> None:
        from diffusers import AutoencoderKL

        super().__init__(device, batch_size)
        self.model = str(model)
        network = load_part(AutoencoderKL, _folder(self.model)).float()
        self.config, self._weights = network.config, weights_hash(network)
        self.factor = 2 ** (len(self.config.block_out_channels) - 1)
        if size < self.factor or size % self.factor:
            fix = f"give a multiple of {self.factor}"
            raise ConfigFault(f"input of {size} pixels for {self.model}", fix=fix)
        self.preprocessing = Preprocessing(int(size), int(size), HALF, HALF)
        network.decoder = None  # half of the network, which is not used
        self._network = network.to(device)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a latent: (channels, height, width)."""
        side = self.preprocessing.crop // self.factor
        return (int(self.config.latent_channels), side, side)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import diffusers
        import torch

        return {
            "encoder": "autokl",
            "preprocessing": self.preprocessing.settings(),
            "scale": [self._shift, float(self.config.scaling_factor)],
            "weights": self._weights,
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        }

    @property
    def _shift(self) -> float:
        return float(self.config.get("shift_factor") or 0.0)

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        import torch

        inputs = torch.from_numpy(self.preprocessing.apply(pictures)).to(self.device)
        mean = self._network.encode(inputs).latent_dist.mode()
        return (mean - self._shift) * self.config.scaling_factor


def _folder(model: str) -> Path:
    alone = Path(model).expanduser()
    if (alone / "config.json").is_file():
        return alone
    return pipeline_folder(model, [_PART]) / _PART
