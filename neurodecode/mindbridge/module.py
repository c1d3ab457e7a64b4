"""What Lightning trains: the model on batches of several subjects."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING, Any, get_args

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.mindbridge.config_model import Decay, LossSection, OptimiserSection
from neurodecode.mindbridge.losses import Rows, bridge_terms, draw_pair, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neurodecode.mindbridge.data import SubjectBatch
    from neurodecode.mindbridge.model import MindBridge

DIVISOR, FINAL_DIVISOR = 25.0, 100.0
"""Largest to first learning rate, and first to last."""


class BridgeModule(lightning.LightningModule):
    """Steps, logging, optimiser and schedule.

    Logs ``train_loss`` and ``val_loss``, the weighted sum; each term unweighted, as
    ``train_image_soft_clip``; the cosines of decoded and true targets and, in validation, their
    sum, ``val_cosine``, by which the authors choose a checkpoint. Precision (float32, bfloat16) and
    gradient clipping (published: 1) are the Trainer's.

    Parameters
    ----------
    model : MindBridge
    losses : LossSection, optional
        Default: the published weights.
    optimiser : OptimiserSection, optional
        Default: the published settings for one process.
    seed : int, default=42
        Of the pairs of the cycle. Each step draws its own, so that a resumed training goes on as it
        would have.
    target : str, optional
        A new subject: the cycle is then always from a source in the batch to it.
    frozen_dropout : bool, default=True
        Dropout also in modules without any trained parameter, as the authors' code has it.

    Raises
    ------
    ConfigFault
        If the model has no such target.
    """

    def __init__(
        self,
        model: MindBridge,
        losses: LossSection | None = None,
        optimiser: OptimiserSection | None = None,
        *,
        seed: int = 42,
        target: str | None = None,
        frozen_dropout: bool = True,
    ) -> None:
        super().__init__()
        if target is not None and target not in model.subjects:
            raise ConfigFault(unknown("subject", target, model.subjects))
        self.model = model
        self.losses, self.optimiser = losses or LossSection(), optimiser or OptimiserSection()
        self.seed, self.target, self.frozen_dropout = seed, target, frozen_dropout

    def training_step(self, batch: Mapping[str, SubjectBatch | None], number: int) -> Tensor:
        """Return the loss of a batch of each subject."""
        return self._step("train", batch, [self.seed, 0, self.current_epoch, number])

    def validation_step(self, batch: Mapping[str, SubjectBatch | None], number: int) -> Tensor:
        """Return the loss; the pair of the cycle is the same every epoch."""
        return self._step("val", batch, [self.seed, 1, number])

    def on_fit_start(self) -> None:
        """Switch to training mode, which Lightning leaves to us."""
        self.model.train()

    def on_train_start(self) -> None:
        """Switch dropout off in frozen modules, if asked to; validation keeps it so."""
        if not self.frozen_dropout:
            for part in _frozen_parts(self.model):
                part.eval()

    def configure_optimizers(self) -> Any:
        """AdamW over what is not frozen, with a one-cycle schedule stepped at each update."""
        settings = self.optimiser
        optimiser = torch.optim.AdamW(
            decay_groups(self.model, settings.weight_decay, settings.decay),
            lr=settings.learning_rate,
        )
        schedule = one_cycle(
            optimiser, settings.learning_rate, self.trainer.estimated_stepping_batches,
            settings.warmup_epochs * self._updates_per_epoch(),
        )  # fmt: skip
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _updates_per_epoch(self) -> int:
        return ceil(self.trainer.num_training_batches / self.trainer.accumulate_grad_batches)

    def _step(self, part: str, batch: Mapping[str, SubjectBatch | None], seed: list[int]) -> Tensor:
        rows = join_subjects(batch.values(), self.model.subjects)
        present = [self.model.subjects[place] for place in sorted(set(rows.subject.tolist()))]
        pair = draw_pair(present, np.random.default_rng(seed), target=self.target)
        terms, cosines = bridge_terms(
            self.model, rows, pair=pair, temperature=self.losses.temperature
        )
        loss = weighted_sum(terms, self.losses)
        said = {f"{part}_{name}": value.detach() for name, value in terms.items()}
        said |= {f"{part}_{name}_cosine": value for name, value in cosines.items()}
        if part == "val":
            said["val_cosine"] = torch.stack(list(cosines.values())).sum()
        if self._trainer is not None:  # else used outside a Trainer
            n_rows, sync = len(rows.pooled), part == "val"
            self.log(f"{part}_loss", loss, prog_bar=True, on_step=False, on_epoch=True,
                     batch_size=n_rows, sync_dist=sync)  # fmt: skip
            self.log_dict(said, on_step=False, on_epoch=True, batch_size=n_rows, sync_dist=sync)
        return loss


def join_subjects(batches: Iterable[SubjectBatch | None], subjects: tuple[str, ...]) -> Rows:
    """Return batches of single subjects as one, with the subject of each row.

    Parameters
    ----------
    batches : iterable of SubjectBatch or None
        Of any sizes; None: nothing of a subject this time.
    subjects : tuple of str
        Of the model.

    Raises
    ------
    ConfigFault
        If a subject is not among the model's.
    DataFault
        If some subjects have text targets and others none, or shapes of targets differ.
    """
    present = [batch for batch in batches if batch is not None]
    for batch in present:
        if batch["subject"] not in subjects:
            raise ConfigFault(unknown("subject", batch["subject"], subjects))
    texts = [batch["text"] for batch in present if batch["text"] is not None]
    if texts and len(texts) < len(present):
        lacking = ", ".join(batch["subject"] for batch in present if batch["text"] is None)
        raise DataFault("no text targets, others have them", where=f"subject {lacking}")
    try:
        pooled = torch.cat([batch["pooled"] for batch in present])
        image = torch.cat([batch["image"] for batch in present])
        text = torch.cat(texts) if texts else None
    except RuntimeError as error:
        raise DataFault(f"targets of subjects differ in shape: {error}") from error
    places = torch.tensor([subjects.index(batch["subject"]) for batch in present])
    counts = torch.tensor([len(batch["pooled"]) for batch in present])
    return Rows(pooled, places.repeat_interleave(counts).to(pooled.device), image, text)


def decay_groups(model: nn.Module, weight_decay: float, rule: Decay = "released") -> list[Any]:
    """Return the optimiser's two groups, with and without weight decay, of unfrozen parameters.

    Parameters
    ----------
    model : Module
    weight_decay : float
    rule : {"released", "no_norms"}, default="released"
        The authors' code spares parameters whose names hold "bias", "Norm" or "temperature". Its
        normalisations have numbers for names, so that only biases are spared; "no_norms" spares
        normalisations too.

    Raises
    ------
    ConfigFault
        If the rule is unknown, or everything is frozen.
    """
    if rule not in get_args(Decay):
        raise ConfigFault(unknown("decay rule", rule, get_args(Decay)))
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad:
                norm = rule == "no_norms" and isinstance(module, nn.LayerNorm)
                (spared if norm or name == "bias" else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay},
              {"params": spared, "weight_decay": 0.0}]  # fmt: skip
    if not any(group["params"] for group in groups):
        raise ConfigFault("every parameter is frozen, there is nothing to train")
    return [group for group in groups if group["params"]]


def one_cycle(
    optimiser: torch.optim.Optimizer, learning_rate: float, n_updates: float, n_warmup: float
) -> torch.optim.lr_scheduler.OneCycleLR:
    """Return the published schedule on one process: up and down by half a cosine each.

    From ``learning_rate / 25`` to the full rate in ``n_warmup`` updates, then to
    ``learning_rate / 2500``; the first beta of Adam goes from 0.95 to 0.85 and back. Of a training
    that is shorter than two warm-ups, half is warm-up.

    Parameters
    ----------
    optimiser : Optimizer
    learning_rate : float
        Largest.
    n_updates : int or inf
        Of the whole training.
    n_warmup : float
        Published: those of two epochs.

    Raises
    ------
    ConfigFault
        If the length of the training is not known beforehand.

    References
    ----------
    Smith & Topin (2019), Super-convergence.
    """
    if not 1 <= n_updates < inf:
        raise ConfigFault("the schedule needs a training of known length", fix="set max_epochs")
    n_warmup = min(n_warmup, n_updates / 2)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=int(n_updates),
        # a rise of a single update has no length to divide by
        pct_start=n_warmup / n_updates if n_warmup > 1 else 0.0,
        div_factor=DIVISOR, final_div_factor=FINAL_DIVISOR,
    )  # fmt: skip


def _frozen_parts(model: MindBridge) -> list[nn.Module]:
    """Return embedders, builders and translator without any trained parameter."""
    builders = [] if model.builders is None else model.builders.values()
    parts = [*model.embedders.values(), *builders, model.translator]
    return [part for part in parts if not any(p.requires_grad for p in part.parameters())]
