"""The only place that builds a ``lightning.Trainer``: settings, safe checkpoints, resume.

Works with any LightningModule that logs ``val_loss``.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO

from neurodecode.artefacts import atomic_path, sha256_file, write_text
from neurodecode.faults import DataFault
from neurodecode.training_config import TrainerSection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning.fabric.utilities.types import _PATH

MONITOR = "val_loss"
LAST, BEST = "last.ckpt", "best.ckpt"


@dataclass(frozen=True)
class Fit:
    """How a training went.

    Attributes
    ----------
    epochs : int
        Epochs carried out, also before an interruption.
    best_loss : float
        Validation loss of the weights that were restored.
    resumed_from : str
        Checkpoint that the training went on from; empty for a fresh start.
    note : str
        What the user should know (a damaged checkpoint passed over).
    """

    epochs: int
    best_loss: float
    resumed_from: str
    note: str = ""


def fit(
    module: lightning.LightningModule,
    data: lightning.LightningDataModule,
    settings: TrainerSection,
    folder: Path,
    *,
    seed: int,
    key: str = "",
    callbacks: Sequence[Callback] = (),
) -> Fit:
    """Train, restore the weights of the best validation loss, and say how it went.

    A training that was interrupted goes on from its last whole checkpoint in ``folder``; one that
    ended, or was begun with another key, starts anew.

    Parameters
    ----------
    module : LightningModule
        Logs ``val_loss``; holds the best weights afterwards.
    data : LightningDataModule
    folder : Path
        For ``checkpoints/`` and the CSV log.
    seed : int
        Of dropout; weights are drawn before, batches by ``data``.
    key : str, default=""
        Changes whenever data, settings or code do: no checkpoint of another key is used.

    Raises
    ------
    DataFault
        If there is no training or validation batch, or the loss is no longer finite.
    """
    data.setup("fit")
    _require_batches(data)
    checkpoints = folder / "checkpoints"
    _clear_others(checkpoints, key)
    resume, note = last_whole_checkpoint(checkpoints)
    trainer = make_trainer(settings, folder, callbacks=[SeedOfEpoch(seed), *callbacks])
    with _quiet():
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    stopped = trainer.checkpoint_callback
    assert isinstance(stopped, ModelCheckpoint)
    best = load_checkpoint(checkpoints / BEST)
    module.load_state_dict(best["state_dict"])
    module.eval()
    score = stopped.best_model_score
    CheckedCheckpointIO().remove_checkpoint(checkpoints / LAST)  # ended: nothing to go on from
    return Fit(
        epochs=trainer.current_epoch,
        best_loss=float("nan") if score is None else float(score),
        resumed_from=resume.name if resume else "",
        note=note,
    )


def make_trainer(
    settings: TrainerSection, folder: Path, *, callbacks: Sequence[Callback] = ()
) -> lightning.Trainer:
    """Build the Trainer: CSV log, early stopping, best and last checkpoint, progress bar.

    The bar is shown where there is a terminal.
    """
    own: list[Callback] = [
        EarlyStopping(MONITOR, patience=settings.patience, min_delta=settings.min_delta),
        ModelCheckpoint(
            folder / "checkpoints", filename=Path(BEST).stem, monitor=MONITOR, save_last=True,
            enable_version_counter=False,
        ),
        StopAtNonFiniteLoss(),
    ]  # fmt: skip
    return lightning.Trainer(
        **settings.trainer_arguments(),
        callbacks=[*own, *callbacks],
        logger=CSVLogger(folder, name=None, version=""),
        plugins=[CheckedCheckpointIO()],
        default_root_dir=folder,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )


class SeedOfEpoch(Callback):
    """Seed torch at the start of each epoch: a resumed training goes on as it would have."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Take the epoch's own seed."""
        torch.manual_seed(hash((self.seed, trainer.current_epoch)) % 2**63)


class StopAtNonFiniteLoss(Callback):
    """End the training before a NaN or infinite loss reaches the weights."""

    def on_before_backward(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, loss: torch.Tensor
    ) -> None:
        """Look at the loss of every batch.

        Raises
        ------
        DataFault
            Naming epoch and batch.
        """
        if not torch.isfinite(loss).all():
            raise DataFault(
                f"the loss became {float(loss.detach()):g}",
                where=f"epoch {trainer.current_epoch}, batch {trainer.fit_loop.batch_idx}",
                fix="lower training.learning_rate; the last good checkpoint is kept",
            )


class CheckedCheckpointIO(TorchCheckpointIO):
    """Checkpoints that are whole or absent, with their sha256 beside them; no pickled code."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None
    ) -> None:
        """Write beside the final name, move, and note the hash."""
        path = Path(path)
        with atomic_path(path) as temporary:
            torch.save(checkpoint, temporary)
        write_text(_hash_file(path), sha256_file(path) + "\n")

    def load_checkpoint(
        self, path: _PATH, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Compare with the hash, then read tensors and plain values only."""
        return load_checkpoint(Path(path))

    def remove_checkpoint(self, path: _PATH) -> None:
        """Remove a checkpoint and its hash."""
        Path(path).unlink(missing_ok=True)
        _hash_file(Path(path)).unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint that is the one written.

    Raises
    ------
    DataFault
        If it is absent or differs from its sha256.
    """
    problem = _problem(path)
    if problem:
        raise DataFault(f"checkpoint {problem}", where=str(path), fix="delete it and train again")
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def last_whole_checkpoint(folder: Path) -> tuple[Path | None, str]:
    """Return the newest checkpoint that is the one written, and what was passed over."""
    notes: list[str] = []
    for name in (LAST, BEST):
        path = folder / name
        if not path.is_file():
            continue
        problem = _problem(path)
        if not problem:
            return path, "; ".join(notes)
        notes.append(f"{name} {problem}, passed over")
    return None, "; ".join(notes)


def _hash_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _problem(path: Path) -> str:
    if not path.is_file():
        return "is absent"
    if not _hash_file(path).is_file():
        return "has no sha256 beside it"
    if _hash_file(path).read_text("utf-8").strip() != sha256_file(path):
        return "is damaged (its sha256 differs)"
    return ""


def _clear_others(folder: Path, key: str) -> None:
    """Remove checkpoints of a training that ended, or was begun with another key."""
    mark = folder / "key"
    known = mark.read_text("utf-8") if mark.is_file() else None
    if known != key or not (folder / LAST).is_file():
        for name in (LAST, BEST):
            CheckedCheckpointIO().remove_checkpoint(folder / name)
    write_text(mark, key)


def _require_batches(data: lightning.LightningDataModule) -> None:
    loaders = {"training": data.train_dataloader(), "validation": data.val_dataloader()}
    for name, loader in loaders.items():
        if len(loader) == 0:
            raise DataFault(f"no {name} batch", fix="give more data, or lower training.batch_size")


class _quiet(warnings.catch_warnings):  # noqa: N801 (a context manager)
    """Silence Lightning's advice that our settings answer on purpose."""

    def __enter__(self) -> Any:
        entered = super().__enter__()
        for words in (
            ".*does not have many workers", ".*Checkpoint directory .* exists",
            ".*number of training batches", ".*You're resuming from a checkpoint that ended",
            ".*Experiment logs directory", ".*isinstance.treespec", ".*`?LeafSpec",
        ):  # fmt: skip
            warnings.filterwarnings("ignore", words)
        return entered
