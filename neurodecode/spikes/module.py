"""What Lightning trains: the model on windows of spikes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import Tensor, nn

from neurodecode.faults import ConfigFault
from neurodecode.spikes.config_training import OptimiserSection
from neurodecode.spikes.losses import spike_terms, weighted_sum
from neurodecode.spikes.session_data import MultiSessionData
from neurodecode.spikes.sessions import MultiSessionNeuroformer
from neurodecode.spikes.tuning import freeze

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.config_training import Frozen
    from neurodecode.spikes.model import Neuroformer, Outputs


class SpikeModule(lightning.LightningModule):
    """Steps, logging, optimiser and schedule.

    Logs ``train_loss`` and ``val_loss``, the weighted sum; each term unweighted, as ``train_id``,
    ``train_dt``, ``train_contrastive``, and by the name of a decoded behaviour; ``val_accuracy``,
    the share of spikes whose neuron is the most probable one (which the authors log as precision,
    recall and F1), and ``val_NAME_accuracy`` of classified behaviours. Where batches name their
    session, ``train_loss_SESSION`` and ``val_loss_SESSION``; ``val_loss`` is then the mean over the
    windows of all sessions.

    Parameters
    ----------
    model : Neuroformer or MultiSessionNeuroformer
        Of several sessions, each step trains the shared body and the table of one session, the
        others' tables, their momenta too, stay as they are; on one device.
    optimiser : OptimiserSection, optional
        Default: the published settings.
    freeze : iterable of str, default=()
        Parts that are not trained: see :func:`neurodecode.spikes.tuning.freeze`.
    spikes : bool, default=True
        False: the loss is that of behaviour alone.

    Raises
    ------
    ConfigFault
        If the model has no such part, or everything is frozen.
    """

    def __init__(
        self,
        model: Neuroformer | MultiSessionNeuroformer,
        optimiser: OptimiserSection | None = None,
        *,
        freeze: Iterable[Frozen] = (),
        spikes: bool = True,
    ) -> None:
        super().__init__()
        self.spikes = spikes
        self.model, self.optimiser = model, optimiser or OptimiserSection()
        _freeze(model, freeze)

    def training_step(self, batch: SpikeBatch, _: int) -> Tensor:
        """Return the loss of a batch."""
        return self._step("train", batch)[0]

    def validation_step(self, batch: SpikeBatch, _: int) -> Tensor:
        """Return the loss of a batch; see the class for what is logged beside it."""
        loss, outputs = self._step("val", batch)
        spikes = batch["target_id"] < self._network(batch).tokenizer.n_neurons
        if bool(spikes.any()):
            hits = (outputs.id.argmax(dim=-1) == batch["target_id"])[spikes].float().mean()
            self._log({"val_accuracy": hits}, int(spikes.sum()))
        for name, target in self.model.config.targets.items():
            if target.n_classes is not None:
                hits = outputs.behaviour[name].argmax(dim=1) == batch["targets"][name]
                self._log({f"val_{name}_accuracy": hits.float().mean()}, len(hits))
        return loss

    def on_fit_start(self) -> None:
        """Switch to training mode, which Lightning leaves to us.

        Raises
        ------
        DataFault
            If sessions of the data have other numbers of units than those of the model.
        """
        self.model.train()
        data = getattr(self.trainer, "datamodule", None)
        if isinstance(self.model, MultiSessionNeuroformer) and isinstance(data, MultiSessionData):
            self.model.require(data.n_units, where="training data")

    def configure_optimizers(self) -> Any:
        """AdamW over what is not frozen, its rate set before each update."""
        settings = self.optimiser
        optimiser = torch.optim.AdamW(
            decay_groups(self.model, settings.weight_decay),
            lr=settings.learning_rate, betas=settings.betas,
        )  # fmt: skip
        n_updates = self.trainer.estimated_stepping_batches
        if not 1 <= n_updates < math.inf:
            raise ConfigFault("the schedule needs a training of known length", fix="set max_epochs")
        n_warmup = min(settings.warmup_tokens / self._tokens_per_update(), n_updates / 2)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda update: rate_share(update, int(n_updates), n_warmup, settings)
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _tokens_per_update(self) -> int:
        """Return target positions per update, padding included."""
        loader = self.trainer.train_dataloader
        size = getattr(loader, "batch_size", None)
        if size is None:  # the sampler of several sessions makes the batches
            size = getattr(getattr(loader, "sampler", None), "batch_size", None)
        return (size or 1) * self.model.config.windows.block * self.trainer.accumulate_grad_batches

    def _network(self, batch: SpikeBatch) -> Neuroformer:
        """Return the model of the batch's session."""
        if isinstance(self.model, MultiSessionNeuroformer):
            return self.model.select_for(batch)
        return self.model

    def _step(self, part: str, batch: SpikeBatch) -> tuple[Tensor, Outputs]:
        model = self._network(batch)
        outputs = model(batch)
        terms = spike_terms(model, outputs, batch)
        loss = weighted_sum(terms, self.model.config, spikes=self.spikes)
        said = {f"{part}_{name}": value.detach() for name, value in terms.items()}
        if "session" in batch:
            said[f"{part}_loss_{batch['session']}"] = loss.detach()
        self._log({f"{part}_loss": loss.detach(), **said}, len(batch["id"]))
        return loss, outputs

    def _log(self, said: dict[str, Tensor], n_rows: int) -> None:
        if self._trainer is None:  # used outside a Trainer
            return
        for name, value in said.items():
            self.log(name, value, prog_bar=name.endswith("_loss"), on_step=False, on_epoch=True,
                     batch_size=n_rows, sync_dist=name.startswith("val"))  # fmt: skip


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the optimiser's two groups of unfrozen parameters, with and without weight decay.

    Weights of linear layers decay; embeddings, normalisations, biases, positions and convolutions
    do not.

    Raises
    ------
    ConfigFault
        If everything is frozen.
    """
    decayed = [
        module.weight
        for module in model.modules()
        if isinstance(module, nn.Linear) and module.weight.requires_grad
    ]
    known = {id(weight) for weight in decayed}
    spared = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    groups = [{"params": decayed, "weight_decay": weight_decay},
              {"params": spared, "weight_decay": 0.0}]  # fmt: skip
    if not any(group["params"] for group in groups):
        raise ConfigFault("every parameter is frozen, there is nothing to train")
    return [group for group in groups if group["params"]]


def rate_share(update: int, n_updates: int, n_warmup: float, settings: OptimiserSection) -> float:
    """Return the share of the largest rate that an update has.

    Linear to 1 within the warm-up, then half a cosine, not below ``final_share``.

    Parameters
    ----------
    update : int
        From 0 on.
    n_updates : int
        Of the whole training.
    n_warmup : float
    settings : OptimiserSection

    Examples
    --------
    >>> settings = OptimiserSection()
    >>> [round(rate_share(update, 20, 10, settings), 2) for update in (0, 4, 10, 15, 20)]
    [0.1, 0.5, 1.0, 0.5, 0.1]
    """
    if settings.full_first_step:
        if update == 0:
            return 1.0
        update -= 1  # the released code counts the tokens of an update after it
    if update < n_warmup:
        return min(1.0, (update + 1) / n_warmup)
    progress = (update - n_warmup) / max(1.0, n_updates - n_warmup)
    return max(settings.final_share, 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))))


def _freeze(model: Neuroformer | MultiSessionNeuroformer, parts: Iterable[Frozen]) -> None:
    parts = tuple(parts)
    if isinstance(model, MultiSessionNeuroformer):
        for session in model.n_units:
            freeze(model.select(session), parts)
    else:
        freeze(model, parts)
    if not any(p.requires_grad for p in model.parameters()):
        raise ConfigFault("every parameter is frozen, there is nothing to train")
