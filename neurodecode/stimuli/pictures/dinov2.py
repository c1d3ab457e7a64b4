"""DINOv2: a vision transformer trained without labels."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.network import (
    POOLINGS,
    NetworkEncoder,
    check_choice,
    pool_tokens,
    pooled_shape,
)
from neurodecode.stimuli.pictures.preprocessing import IMAGENET, read_preprocessing
from neurodecode.stimuli.pretrained import config_hash, load_pretrained, weights_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class DinoV2(NetworkEncoder):
    r"""Tokens of a pretrained DINOv2, at its end or part of the way.

    Of a network of n blocks, block :math:`k = \lfloor d n \rfloor` is taken, d being the depth;
    0 is the input of the first block. At depth 1 the final layer norm is applied, as transformers
    does for ``last_hidden_state``; before, values are those of the residual stream, as in its
    ``hidden_states``. The shorter side becomes 256 pixels and the middle 224 are cut out, unless
    the checkpoint says otherwise: 257 tokens for patches of 14 pixels, the class token first.

    Parameters
    ----------
    model : str, default="facebook/dinov2-giant"
        A name on the hub, or a folder with ``config.json`` and the weights. Widths: small 384, base
        768, large 1024, giant 1536.
    pooling : {"cls", "mean", "tokens"}, default="cls"
        The class token, the mean over all tokens with it, or all tokens.
    depth : float, default=1.0
        d, 0 to 1. The benchmark of [2]_ uses the mean at 2/3: block 26 of 40 of the giant.
    device : str, default="cpu"
    batch_size : int, default=16

    Raises
    ------
    ConfigFault
        If a setting is not one of these, or transformers is not installed.
    DataFault, NetworkFault
        If the network cannot be loaded.

    References
    ----------
    .. [1] Oquab et al. 2024, Transactions on Machine Learning Research; arXiv:2304.07193.
    .. [2] The open neuralbench task "image" of the group of Benchetrit et al. 2024.
    """

    def __init__(
        self,
        model: str = "facebook/dinov2-giant",
        pooling: str = "cls",
        depth: float = 1.0,
        device: str = "cpu",
        batch_size: int = 16,
    ) -> None:
        from torch.nn import Identity
        from transformers import Dinov2Model

        super().__init__(device, batch_size)
        self.model, self.pooling = str(model), check_choice("pooling", pooling, POOLINGS)
        # A checkpoint for inference need not hold the token that hides patches in training.
        network = load_pretrained(Dinov2Model, self.model, optional=("embeddings.mask_token",))
        self.config, self._weights = network.config, weights_hash(network)
        self.preprocessing = read_preprocessing(self.model, IMAGENET)
        n_blocks = len(network.encoder.layer)
        self.block = block_at(depth, n_blocks)
        if self.block < n_blocks:
            del network.encoder.layer[self.block :]
            network.layernorm = Identity()
        self._network = network.to(device)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding: (width,), or (n_tokens, width)."""
        n_patches = (self.preprocessing.crop // self.config.patch_size) ** 2
        return pooled_shape(1 + n_patches, self.config.hidden_size, self.pooling)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import torch
        import transformers

        return {
            "encoder": "dinov2",
            "pooling": self.pooling,
            "block": self.block,
            "preprocessing": self.preprocessing.settings(),
            "weights": self._weights,
            "config": config_hash(self.config),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        import torch

        inputs = torch.from_numpy(self.preprocessing.apply(pictures)).to(self.device)
        tokens = self._network(inputs).last_hidden_state
        return pool_tokens(tokens, tokens[:, 0], self.pooling)


def block_at(depth: float, n_blocks: int) -> int:
    r"""Return :math:`\lfloor d n \rfloor`, the block whose output lies at a share of the depth.

    Raises
    ------
    ConfigFault
        If ``depth`` is not in 0 to 1.

    Examples
    --------
    >>> block_at(2 / 3, 40)
    26
    """
    if not 0 <= depth <= 1:
        raise ConfigFault(f"depth {depth:g} of a network", fix="give 0 to 1")
    return floor(depth * n_blocks + 1e-9)  # 0.29 * 100 is a little less than 29
