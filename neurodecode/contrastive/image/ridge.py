"""The linear baseline: ridge regression from the flattened window to the picture's embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from neurodecode.dual_ridge import DualRidgeCV
from neurodecode.faults import DataFault
from neurodecode.signals.memory import require_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.contrastive.data import Batch
    from neurodecode.contrastive.image.config import ImageRidge
    from neurodecode.contrastive.image.data import SeenWindows

BATCH = 256
LIMIT_GIB = 12.0


class WindowRidge(nn.Module):
    """Fitted ridge regressions, one per participant or one for all.

    Parameters
    ----------
    n_models : int
        1: pooled over participants.
    n_inputs, n_outputs : int
        Channels times samples; features of the target.
    average : int, default=1
        Samples averaged into one.
    """

    def __init__(self, n_models: int, n_inputs: int, n_outputs: int, *, average: int = 1) -> None:
        super().__init__()
        self.average = average
        self.register_buffer("weights", torch.zeros(n_models, n_inputs, n_outputs))
        self.register_buffer("intercepts", torch.zeros(n_models, n_outputs))
        self.register_buffer("alphas", torch.full((n_models,), torch.nan))
        self.weights: Tensor
        self.intercepts: Tensor
        self.alphas: Tensor

    def forward(self, batch: Batch) -> Tensor:
        """Return estimates (B, F)."""
        which = self.models_of(batch["subjects"])
        design = self.design(batch["signals"])
        if torch.compiler.is_exporting():  # a graph has no groups of trials
            return (design[:, None] @ self.weights[which])[:, 0] + self.intercepts[which]
        found = torch.empty(len(design), self.weights.shape[-1])
        for model in sorted(set(which.tolist())):
            mine = which == model
            found[mine] = design[mine] @ self.weights[model] + self.intercepts[model]
        return found

    def targets(self, features: Tensor) -> Tensor:
        """Return what estimates are compared with: the embeddings as they are."""
        return features

    def add_participant(self) -> int:
        """Append a model that is the mean of all and return its index; 0 where one serves all."""
        if len(self.weights) == 1:
            return 0
        for name in ("weights", "intercepts", "alphas"):
            held = getattr(self, name)
            setattr(self, name, torch.cat([held, held.mean(dim=0, keepdim=True)]))
        return len(self.weights) - 1

    def models_of(self, subjects: Tensor) -> Tensor:
        """Return the model of each trial."""
        return subjects if len(self.weights) > 1 else torch.zeros_like(subjects)

    def design(self, signals: Tensor) -> Tensor:
        """Return windows (B, C, T) flattened, samples averaged: (B, C * (T // average))."""
        n = signals.shape[-1] // self.average
        cut = signals[..., : n * self.average]
        return cut.reshape(*signals.shape[:-1], n, self.average).mean(dim=-1).flatten(1)


@torch.no_grad()
def fit_ridge(
    network: WindowRidge,
    sets: Mapping[str, SeenWindows],
    participants: Sequence[str],
    settings: ImageRidge,
    unit: str = "image",
) -> str:
    """Fit on training and validation windows, the penalty by cross-validation.

    Parameters
    ----------
    network : WindowRidge
    sets : mapping of str to SeenWindows
        All of them are fitted on.
    participants : sequence of str
        Labels in the order of the models.
    settings : ImageRidge
    unit : {"image", "block"}, default="image"
        What no fold may split: a picture, or a recording (a stretch of it) where pictures are
        known.

    Raises
    ------
    DataFault
        If a participant has a single picture or block, or the design is too large for memory.
    """
    labels = participants if len(network.weights) > 1 else (None,)
    for model, label in enumerate(labels):
        design, targets, groups = _training_rows(network, sets, label, unit)
        folds = min(settings.folds, len(np.unique(groups)))
        if folds < 2:
            who = "all participants" if label is None else f"participant {label}"
            raise DataFault(f"one {unit} for {settings.folds} folds",
                            where=f"ridge baseline, {who}",
                            fix="ridge.pooling=pooled, or leave the ridge out")  # fmt: skip
        # R2 is no score for features that hardly vary within a fold, as rectified ones do
        fitted = DualRidgeCV(alphas=settings.alphas, cv=folds, scoring="neg_mean_squared_error")
        fitted.fit(design, targets, groups=groups)
        network.weights[model] = torch.from_numpy(fitted.coef_.T.astype(np.float32))
        network.intercepts[model] = torch.from_numpy(fitted.intercept_.astype(np.float32))
        network.alphas[model] = float(fitted.alpha_)
    return f"penalties {', '.join(f'{alpha:g}' for alpha in network.alphas.tolist())}"


def _training_rows(
    network: WindowRidge, sets: Mapping[str, SeenWindows], label: str | None, unit: str
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.object_]]:
    """Return design, targets and groups of one participant (None: of everybody)."""
    rows = {
        part: np.flatnonzero((label is None) | (windows.windows["participant"] == label))
        for part, windows in sets.items()
    }
    n_trials = sum(map(len, rows.values()))
    require_memory(
        (n_trials, network.weights.shape[1]), limit_gib=LIMIT_GIB, dtype="float32",
        what="windows of the ridge baseline", fix="set ridge.average higher, signals.sfreq lower",
    )  # fmt: skip
    batches = [
        sets[part].__getitems__(mine[start : start + BATCH].tolist())
        for part, mine in rows.items()
        for start in range(0, len(mine), BATCH)
    ]
    design = torch.cat([network.design(batch["signals"]) for batch in batches])
    targets = torch.cat([batch["targets"] for batch in batches])
    groups = [sets[part].windows[unit].to_numpy()[mine] for part, mine in rows.items()]
    return design.numpy(), targets.numpy(), np.concatenate(groups)
