"""Where a trained brain module looks: the weight of each sensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from neurodecode.artefacts import read_json
from neurodecode.contrastive.attention import SpatialAttention

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.contrastive.config_model import BrainSection


def mean_attention(
    folder: Path, settings: BrainSection
) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Return the channels, their positions, and their mean attention over virtual channels.

    Averaged over the layouts that know a sensor.

    Parameters
    ----------
    folder : Path
        Of a trained unit.
    settings : BrainSection
        Of its brain module.

    Returns
    -------
    names : list of str
    positions : ndarray, shape (n_channels, 2)
    weights : ndarray, shape (n_channels,)
    """
    from safetensors.torch import load_file

    info = read_json(folder / "model.json")
    positions = torch.tensor(
        [[[float("nan") if v is None else v for v in row] for row in layout]
         for layout in info["positions"]]
    )  # fmt: skip
    attention = SpatialAttention(
        settings.n_virtual_channels, n_frequencies=settings.n_frequencies, margin=settings.margin
    )
    state = load_file(str(folder / "model.safetensors"))
    with torch.no_grad():
        attention.heads.copy_(state["brain.attention.heads"])
        weights = attention.eval().weights(positions).mean(dim=1)
    known = ~positions.isnan().any(dim=-1)
    averaged = (weights * known).sum(dim=0) / known.sum(dim=0).clamp(min=1)
    return info["channels"], positions.nanmean(dim=0).numpy(), averaged.numpy()
