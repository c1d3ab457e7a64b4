"""VDVAE: the coarse levels of a very deep hierarchical autoencoder, from layout to texture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.preprocessing import Preprocessing
from neurodecode.stimuli.pictures.state_dict import StateDictEncoder, convolve

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZE = 64
# Mean and deviation of ImageNet at 64 pixels, one number for all channels.
_MEAN, _STD = 115.92961967 / 255, 69.37404 / 255
_ENCODER = {64: 11, 32: 20, 16: 9, 8: 8, 4: 7, 1: 5}
"""Blocks at each resolution; one more leads to the next."""
_DECODER = {1: 2, 4: 4, 8: 8, 16: 16, 32: 32, 64: 13}
"""Latent layers at each resolution; the first of each but 1 takes in the one before."""


class VDVAE(StateDictEncoder):
    r"""Latents of the first layers of OpenAI's VDVAE for ImageNet at 64 pixels.

    The network has 75 layers of latents, at resolutions 1, 4, 8, 16, 32 and 64 (2, 4, 8, 16, 32
    and 13 layers), 16 channels each. Here a layer's latent is the mean of its posterior,

    .. math:: z_l = \mu_l(x, z_1, \dots, z_{l-1}),

    and no sample is drawn, so that a picture has one embedding. The first 31 layers, flattened one
    after the other (channel, row, column), are the 91,168 numbers of [2]_ and [3]_, who sampled.

    Parameters
    ----------
    model : str
        File of weights as published: ``imagenet64-iter-1600000-model-ema.th``, or the same as
        ``.safetensors``. No hub has it under a lasting name.
    n_layers : int, default=31
        1 to 75, from the coarsest.
    device : str, default="cpu"
    batch_size : int, default=16

    Raises
    ------
    ConfigFault
        If ``n_layers`` is out of range.
    DataFault
        If the file is missing, damaged, or of another network.

    References
    ----------
    .. [1] Child 2021, ICLR; arXiv:2011.10650.
    .. [2] Ozcelik and VanRullen 2023, Scientific Reports 13, 15666.
    .. [3] Benchetrit et al. 2024, ICLR, section 2.3.
    """

    name = "vdvae"
    title = "VDVAE for ImageNet 64"
    advice = "give imagenet64-iter-1600000-model-ema.th, which github.com/openai/vdvae links to"

    def __init__(
        self, model: str, n_layers: int = 31, device: str = "cpu", batch_size: int = 16
    ) -> None:
        total = sum(_DECODER.values())
        if not 1 <= n_layers <= total:
            raise ConfigFault(f"{n_layers} layers of VDVAE", fix=f"give 1 to {total}")
        self.n_layers = int(n_layers)
        preprocessing = Preprocessing(_SIZE, _SIZE, (_MEAN,) * 3, (_STD,) * 3)
        super().__init__(model, preprocessing, {"n_layers": self.n_layers}, device, batch_size)

    def run(self, weights: Mapping[str, Any], pictures: Any) -> Any:
        """Return the latents, flattened one after the other."""
        import torch

        latents = posterior_means(weights, pictures, self.n_layers)
        return torch.cat([latent.flatten(1) for latent in latents], dim=1)


def posterior_means(weights: Mapping[str, Any], pictures: Any, n_layers: int) -> list[Any]:
    """Run the encoder, then the decoder from the top down as far as asked.

    Parameters
    ----------
    weights : mapping of str to tensor
        Named as published.
    pictures : tensor, shape (n, 3, 64, 64)
        Standardised.
    n_layers : int

    Returns
    -------
    list of tensor, each of shape (n, channels, resolution, resolution)
    """
    import torch

    seen = _encode(weights, pictures)
    states = {
        resolution: weights[f"decoder.bias_xs.{index}"] for index, resolution in enumerate(_DECODER)
    }
    latents = []
    for index, (resolution, coarser) in enumerate(_layers()[:n_layers]):
        name = f"decoder.dec_blocks.{index}"
        state = states[resolution].expand(len(pictures), -1, -1, -1)
        if coarser is not None:
            scale = resolution // coarser
            state = state + torch.nn.functional.interpolate(states[coarser], scale_factor=scale)
        posterior = _block(weights, f"{name}.enc", torch.cat([state, seen[resolution]], dim=1))
        mean = posterior.chunk(2, dim=1)[0]
        prior = _block(weights, f"{name}.prior", state)
        state = state + prior[:, posterior.shape[1] :] + convolve(weights, f"{name}.z_proj", mean)
        states[resolution] = state + _block(weights, f"{name}.resnet", state)
        latents.append(mean)
    return latents


def _layers() -> list[tuple[int, int | None]]:
    """Resolution of each layer of latents, and the coarser one it takes in, if any."""
    coarser: dict[int, int | None] = {1: None, **{b: a for a, b in pairwise(_DECODER)}}
    return [
        (resolution, coarser[resolution] if place == 0 else None)
        for resolution, count in _DECODER.items()
        for place in range(count)
    ]


def _encode(weights: Mapping[str, Any], pictures: Any) -> dict[int, Any]:
    """Return the last activation at each resolution."""
    import torch

    hidden = convolve(weights, "encoder.in_conv", pictures)
    seen, index = {}, 0
    coarser = dict(pairwise(_ENCODER))
    for resolution, count in _ENCODER.items():
        for _ in range(count):
            hidden = hidden + _block(weights, f"encoder.enc_blocks.{index}", hidden)
            index += 1
        seen[resolution] = hidden
        if resolution in coarser:
            hidden = hidden + _block(weights, f"encoder.enc_blocks.{index}", hidden)
            hidden = torch.nn.functional.avg_pool2d(hidden, resolution // coarser[resolution])
            index += 1
    return seen


def _block(weights: Mapping[str, Any], name: str, hidden: Any) -> Any:
    """Four convolutions, each after GELU."""
    import torch

    for layer in ("c1", "c2", "c3", "c4"):
        hidden = convolve(weights, f"{name}.{layer}", torch.nn.functional.gelu(hidden))
    return hidden
