"""The head from the brain module's vector to an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from torch import Tensor, nn

from neurodecode.contrastive.config_model import HeadNorm
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

NORMS: tuple[str, ...] = get_args(HeadNorm)


class Projector(nn.Module):
    """Blocks of layer normalisation, GELU and a linear layer; only the last changes the width.

    Parameters
    ----------
    n_inputs, n_outputs : int
    n_blocks : int, default=1
    norm : {"none", "plain", "affine"}, default="none"
        No layer normalisation, nor an activation before the first linear layer: one block is one
        linear layer, which is what the published counts are those of. Or normalisation without
        parameters, or with them.

    References
    ----------
    Benchetrit et al. (2024), Brain decoding: toward real-time reconstruction of visual
    perception, section 2 and table S1.
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, n_blocks: int = 1, norm: HeadNorm = "none"
    ) -> None:
        super().__init__()
        if norm not in NORMS:
            raise ConfigFault(unknown("normalisation of the head", norm, NORMS))
        if n_blocks < 1:
            raise ConfigFault(f"a head of {n_blocks} blocks", fix="1 or more")
        self.layers = nn.Sequential(*self._layers(n_inputs, n_outputs, n_blocks, norm))

    @staticmethod
    def _layers(
        n_inputs: int, n_outputs: int, n_blocks: int, norm: HeadNorm
    ) -> Iterator[nn.Module]:
        for block in range(n_blocks):
            if norm != "none":
                yield nn.LayerNorm(n_inputs, elementwise_affine=norm == "affine")
            if norm != "none" or block:
                yield nn.GELU()
            yield nn.Linear(n_inputs, n_outputs if block == n_blocks - 1 else n_inputs)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, n_inputs) to (B, n_outputs)."""
        found: Tensor = self.layers(features)
        return found
