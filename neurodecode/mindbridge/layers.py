"""The parts of the model: adapter, embedder and builder of a subject, the shared translator."""

from __future__ import annotations

import math

from torch import Tensor, nn


class Adapter(nn.Module):
    r"""A bottleneck beside the identity.

    .. math:: x + W_\uparrow\, \mathrm{ReLU}(W_\downarrow x + b_\downarrow) + b_\uparrow

    The upper layer and both biases start at zero: a new adapter is the identity.

    Parameters
    ----------
    n_features : int
    size : int, default=128
        Width of the bottleneck.

    References
    ----------
    Hu et al. (2022), LoRA: low-rank adaptation of large language models, section 4.1 (the start).
    """

    def __init__(self, n_features: int, size: int = 128) -> None:
        super().__init__()
        self.down = nn.Linear(n_features, size)
        self.up = nn.Linear(size, n_features)
        nn.init.kaiming_uniform_(self.down.weight, a=math.sqrt(5))
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the same shape, (..., n_features)."""
        adapted: Tensor = values + self.up(self.down(values).relu())
        return adapted


class Embedder(nn.Module):
    """From one subject's pooled signal to the shared embedding.

    Adapter, linear layer, layer normalisation, GELU, dropout; 18,888,832 parameters as published.

    Parameters
    ----------
    pooled_size : int, default=8192
    width : int, default=2048
        Of the embedding.
    adapter_size : int, default=128
    dropout : float, default=0.5
    """

    def __init__(
        self,
        pooled_size: int = 8192,
        width: int = 2048,
        adapter_size: int = 128,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.adapter = Adapter(pooled_size, adapter_size)
        self.linear = nn.Linear(pooled_size, width)
        self.norm = nn.LayerNorm(width)
        self.tail = nn.Sequential(nn.GELU(), nn.Dropout(dropout))

    def forward(self, pooled: Tensor) -> Tensor:
        """Return embeddings (..., width) of pooled signals (..., pooled_size)."""
        embedding: Tensor = self.tail(self.norm(self.linear(self.adapter(pooled))))
        return embedding


class Builder(nn.Module):
    """From the shared embedding to one subject's pooled signal.

    Linear layer, layer normalisation, GELU, adapter; 18,907,264 parameters as published. The GELU
    gives nothing below -0.17, so only a trained adapter makes clearly negative values.

    Parameters
    ----------
    pooled_size : int, default=8192
    width : int, default=2048
        Of the embedding.
    adapter_size : int, default=128
    """

    def __init__(self, pooled_size: int = 8192, width: int = 2048, adapter_size: int = 128) -> None:
        super().__init__()
        self.linear = nn.Linear(width, pooled_size)
        self.norm = nn.LayerNorm(pooled_size)
        self.activation = nn.GELU()
        self.adapter = Adapter(pooled_size, adapter_size)

    def forward(self, embedding: Tensor) -> Tensor:
        """Return pooled signals (..., pooled_size) of embeddings (..., width)."""
        pooled: Tensor = self.adapter(self.activation(self.norm(self.linear(embedding))))
        return pooled


class Translator(nn.Module):
    r"""Residual blocks that all subjects share.

    .. math:: x \leftarrow x + \mathrm{dropout}(\mathrm{GELU}(\mathrm{LayerNorm}(W x + b)))

    16,801,792 parameters as published; no normalisation at the end.

    Parameters
    ----------
    width : int, default=2048
    n_blocks : int, default=4
    dropout : float, default=0.15
    """

    def __init__(self, width: int = 2048, n_blocks: int = 4, dropout: float = 0.15) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(dropout)
            )
            for _ in range(n_blocks)
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Return what the heads read, (..., width)."""
        for block in self.blocks:
            embedding = embedding + block(embedding)
        return embedding
