"""Settings of a training: what goes to ``lightning.Trainer``, and when it ends."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from neurodecode.config import Section

OWN = ("patience", "min_delta", "num_workers")


class TrainerSection(Section):
    """Arguments of ``lightning.Trainer`` by its own names, and of early stopping."""

    max_epochs: int = Field(default=200, ge=1, description="Epochs at most")
    min_epochs: int | None = Field(
        default=None, ge=1, description="Epochs at least; null: no such limit"
    )
    max_steps: int = Field(default=-1, ge=-1, description="Updates at most; -1: no limit")
    max_time: str | None = Field(
        default=None, description="Longest training, DD:HH:MM:SS; null: no limit"
    )
    limit_train_batches: int | float | None = Field(
        default=1200, description="Updates per epoch at most (a share where below 1)"
    )
    limit_val_batches: int | float | None = Field(
        default=1200, description="Validation batches at most (a share where below 1); null: all"
    )
    accelerator: str = Field(default="auto", description="auto takes a GPU where there is one")
    devices: str | int | tuple[int, ...] = Field(
        default=1, description="Number, list of numbers, or auto: all; batches are shared by them"
    )
    num_nodes: int = Field(default=1, ge=1, description="Machines that train together")
    strategy: str = Field(
        default="auto", description="On one machine, auto and ddp start a process per device"
    )
    precision: Literal["32-true", "16-mixed", "bf16-mixed", "64-true"] = Field(
        default="32-true", description="Of the arithmetic; mixed ones need a device that has them"
    )
    gradient_clip_val: float | None = Field(
        default=None, description="Largest norm of the gradient; null: as it is"
    )
    accumulate_grad_batches: int = Field(default=1, ge=1, description="Batches per update")
    sync_batchnorm: bool = Field(default=False, description="Batch statistics over all devices")
    deterministic: bool | Literal["warn"] = Field(
        default=False, description="Only deterministic operations; warn: say where there is none"
    )
    log_every_n_steps: int = Field(default=10, ge=1, description="Updates between lines of the log")
    num_sanity_val_steps: int = Field(
        default=0, ge=0, description="Validation batches before the first epoch"
    )
    check_val_every_n_epoch: int = Field(
        default=1, ge=1, description="Validate, and keep a checkpoint, every so many epochs"
    )
    patience: int = Field(
        default=10, ge=1, description="Stop after so many validations without a smaller loss"
    )
    min_delta: float = Field(default=0.0, ge=0, description="Smallest gain that counts as better")
    num_workers: int = Field(default=0, ge=0, description="Processes that load batches")

    def trainer_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of ``lightning.Trainer``."""
        arguments = self.model_dump(exclude=set(OWN))
        if isinstance(arguments["devices"], tuple):
            arguments["devices"] = list(arguments["devices"])
        # a script that Lightning starts again for each device would run the whole job again
        single = arguments["devices"] in (1, "1") or self.num_nodes > 1
        if not single and self.strategy in ("auto", "ddp"):
            arguments["strategy"] = "ddp_spawn"
        # a training that ends before the first validation would have no best weights
        every = min(self.check_val_every_n_epoch, self.max_epochs)
        return arguments | {"check_val_every_n_epoch": every}
