"""Attention of tokens to a memory, its blocks, and stages of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

if TYPE_CHECKING:
    from collections.abc import Iterable


class KeyValues(NamedTuple):
    """What a memory offers to one block: keys and values, (B, n_heads, S, width / n_heads)."""

    keys: Tensor
    values: Tensor


class Attention(nn.Module):
    r"""Multi-head attention, :math:`\mathrm{softmax}(Q K^\top / \sqrt{d}) V`, with biases.

    Parameters
    ----------
    width : int
    n_heads : int
    dropout : float, default=0.2
        Of the map, and of the output.
    """

    def __init__(self, width: int, n_heads: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)
        self.output_dropout = nn.Dropout(dropout)

    def key_values(self, memory: Tensor) -> KeyValues:
        """Return keys and values of a memory (B, S, width)."""
        return KeyValues(self._heads(self.key(memory)), self._heads(self.value(memory)))

    def forward(
        self,
        tokens: Tensor,
        memory: KeyValues,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        maps: list[Tensor] | None = None,
    ) -> Tensor:
        """Return what tokens (B, T, width) read from a memory, (B, T, width).

        Parameters
        ----------
        tokens : Tensor
        memory : KeyValues
        mask : Tensor of bool, optional
            Broadcast to (B, n_heads, T, S); False: not attended.
        causal : bool, default=False
            Token i attends to 0..i of the memory alone; in place of ``mask``.
        maps : list, optional
            The map, (B, n_heads, T, S), is appended; it is then computed in full, which takes more
            time and memory than the fused way.
        """
        queries = self._heads(self.query(tokens))
        dropout = self.dropout if self.training else 0.0
        if maps is None:
            read = scaled_dot_product_attention(
                queries, memory.keys, memory.values, mask, dropout, causal
            )
        else:
            weights = _attention_map(queries, memory.keys, mask, causal)
            weights = nn.functional.dropout(weights, dropout)
            maps.append(weights)
            read = weights @ memory.values
        read = read.transpose(1, 2).flatten(-2)
        out: Tensor = self.output_dropout(self.output(read))
        return out

    def _heads(self, values: Tensor) -> Tensor:
        shape = (*values.shape[:2], self.n_heads, -1)
        return values.reshape(shape).transpose(1, 2)


class Block(nn.Module):
    r"""Attention and a two-layer network, with three normalisations.

    .. math:: y = x + \mathrm{attention}(\mathrm{LN}_1(x), m), \quad
              z = y + \mathrm{MLP}(\mathrm{LN}_2(y)), \quad \mathrm{LN}_3(z)

    The memory m, x itself in self-attention, is not normalised.

    Parameters
    ----------
    width : int
    n_heads : int
    dropout : float, default=0.2
    """

    def __init__(self, width: int, n_heads: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, n_heads, dropout)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )
        self.output_norm = nn.LayerNorm(width)

    def forward(
        self,
        tokens: Tensor,
        memory: KeyValues,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        maps: list[Tensor] | None = None,
    ) -> Tensor:
        """Return tokens (B, T, width) after they read a memory: see :class:`Attention`."""
        read = self.attention(
            self.attention_norm(tokens), memory, mask=mask, causal=causal, maps=maps
        )
        tokens = tokens + read
        out: Tensor = self.output_norm(tokens + self.mlp(self.mlp_norm(tokens)))
        return out


class Stage(nn.Module):
    """Blocks one after another, all reading the same memory, or each its own input.

    Parameters
    ----------
    n_layers, width, n_heads : int
    dropout : float, default=0.2
    """

    def __init__(self, n_layers: int, width: int, n_heads: int, dropout: float = 0.2) -> None:
        super().__init__()
        for number in range(n_layers):
            self.add_module(str(number), Block(width, n_heads, dropout))

    @property
    def blocks(self) -> list[Block]:
        """The blocks, in order."""
        return [block for block in self.children() if isinstance(block, Block)]

    def forward(
        self,
        tokens: Tensor,
        memory: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        maps: list[Tensor] | None = None,
    ) -> Tensor:
        """Return tokens (B, T, width) after all blocks.

        Parameters
        ----------
        tokens : Tensor
        memory : Tensor of shape (B, S, width), optional
            Default: self-attention.
        mask, causal, maps
            See :class:`Attention`.
        """
        for block in self.blocks:
            read = block.attention.key_values(tokens if memory is None else memory)
            tokens = block(tokens, read, mask=mask, causal=causal, maps=maps)
        return tokens

    def key_values(self, memory: Tensor) -> list[KeyValues]:
        """Return what a memory (B, S, width) offers to each block."""
        return [block.attention.key_values(memory) for block in self.blocks]

    def read(
        self, tokens: Tensor, memories: Iterable[KeyValues], mask: Tensor | None = None
    ) -> Tensor:
        """Return tokens (B, T, width) after all blocks, of known keys and values."""
        for block, memory in zip(self.blocks, memories, strict=True):
            tokens = block(tokens, memory, mask=mask)
        return tokens


def _attention_map(queries: Tensor, keys: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    if causal:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-1)
