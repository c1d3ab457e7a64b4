r"""The denoising network of Versatile Diffusion with attention to a picture and to a text at once.

In every attention block the residuals of both guides are mixed with a weight :math:`m`,

.. math:: h + (1 - m)\,\bigl(A_\mathrm{vision}(h) - h\bigr) + m\,\bigl(A_\mathrm{text}(h) - h\bigr).

Diffusers has such a block too, but its networks hand it an argument that it does not take
(seen in 0.42.1), so that nothing can be generated with it.

References
----------
.. [1] Xu et al. 2023, Versatile Diffusion: text, images and variations all in one diffusion
   model, ICCV, 7754-7765, section 3.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from neurodecode.stimuli.generation.checkpoint import build_part, load_config, read_weights

if TYPE_CHECKING:
    from pathlib import Path

IMAGE_UNET, TEXT_UNET = "image_unet", "text_unet"
BRANCHES = ("vision", "text")


class DualAttention(nn.Module):
    """Two attention blocks, each under its own guide, and their mixture.

    Tokens of both guides come joined, those of the text first.

    Parameters
    ----------
    vision : nn.Module
        A ``Transformer2DModel`` of diffusers; the other branch has the same layers.

    Attributes
    ----------
    mixing : float
        Weight of the text.
    n_text : int
        Text tokens.
    """

    def __init__(self, vision: nn.Module) -> None:
        super().__init__()
        self.vision, self.text = vision, deepcopy(vision)
        self.mixing, self.n_text = 0.5, 77

    def forward(
        self, hidden_states: Tensor, encoder_hidden_states: Tensor, **options: Any
    ) -> tuple[Tensor]:
        """Mix both residuals; a branch of weight zero is not computed.

        Parameters
        ----------
        hidden_states : Tensor, shape (n, C, H, W)
        encoder_hidden_states : Tensor, shape (n, n_text + n_vision, width)
        **options
            Of the blocks of diffusers.
        """
        text, vision = encoder_hidden_states.tensor_split([self.n_text], dim=1)
        mixed = hidden_states
        for branch, tokens, weight in (
            (self.vision, vision, 1 - self.mixing),
            (self.text, text, self.mixing),
        ):
            if weight:
                (found,) = branch(hidden_states, tokens, **{**options, "return_dict": False})
                mixed = mixed + weight * (found - hidden_states)
        return (mixed,)


def load_dual_unet(folder: Path, *, mixing: float, n_text: int) -> Any:
    """Load the image network, every attention block joined with its twin of the text network.

    A pipeline keeps both as ``image_unet`` and ``text_unet``; their attention blocks have the same
    names, and of the latter nothing else is read. A pipeline that was saved after diffusers joined
    them has an ``image_unet`` alone.

    Parameters
    ----------
    folder : Path
        Of the pipeline.
    mixing : float
        Weight of the text.
    n_text : int
        Text tokens.

    Raises
    ------
    DataFault
        If a file is missing or damaged, or the weights are of another network.
    """
    from diffusers import UNet2DConditionModel

    config = load_config(folder / IMAGE_UNET)
    joined = bool(config.pop("dual_cross_attention", False))
    weights = _joined_weights(folder) if joined else _separate_weights(folder)
    unet = build_part(UNet2DConditionModel, config, weights, folder, prepare=_join)
    for block in unet.modules():
        if isinstance(block, DualAttention):
            block.mixing, block.n_text = mixing, n_text
    return unet


def _join(unet: Any) -> None:
    """Replace every attention block by a pair."""
    from diffusers.models.transformers.transformer_2d import Transformer2DModel

    for name, block in list(unet.named_modules()):
        if isinstance(block, Transformer2DModel):
            parent, _, index = name.rpartition(".")
            unet.get_submodule(parent)[int(index)] = DualAttention(block)


def _separate_weights(folder: Path) -> dict[str, Tensor]:
    weights = {}
    for part, branch in ((IMAGE_UNET, BRANCHES[0]), (TEXT_UNET, BRANCHES[1])):
        for key, tensor in read_weights(folder / part).items():
            before, attentions, after = key.partition(".attentions.")
            index, _, rest = after.partition(".")
            if attentions:
                weights[f"{before}{attentions}{index}.{branch}.{rest}"] = tensor
            elif part == IMAGE_UNET:
                weights[key] = tensor
    return weights


def _joined_weights(folder: Path) -> dict[str, Tensor]:
    """Return the weights as diffusers saves a joined network, by our names."""
    weights = {}
    for key, tensor in read_weights(folder / IMAGE_UNET).items():
        for place, branch in enumerate(BRANCHES):
            key = key.replace(f".transformers.{place}.", f".{branch}.")
        weights[key] = tensor
    return weights
