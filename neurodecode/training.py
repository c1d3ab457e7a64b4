"""The only place that builds a ``lightning.Trainer``: settings, safe checkpoints, resume.

Works with any LightningModule that logs ``val_loss``.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

import lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.utilities import CombinedLoader
from torch.multiprocessing.spawn import ProcessRaisedException

from neurodecode import faults
from neurodecode.artefacts import atomic_path, sha256_file, write_text
from neurodecode.faults import DataFault
from neurodecode.training_config import TrainerSection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
    from lightning.fabric.utilities.types import _PATH

MONITOR = "val_loss"
LAST, BEST = "last.ckpt", "best.ckpt"
LOG = "log"
EPOCHS, BEST_LOSS = "fit_epochs", "fit_best_loss"


@dataclass(frozen=True)
class Fit:
    """How a training went.

    Attributes
    ----------
    epochs : int
        Epochs carried out, also before an interruption.
    best_loss : float
        Smallest validation loss; that of the weights that were kept, unless the last ones were.
    resumed_from : str
        Checkpoint that the training went on from; empty for a fresh start.
    note : str
        What the user should know (a damaged checkpoint passed over).
    """

    epochs: int
    best_loss: float
    resumed_from: str
    note: str = ""

    @property
    def sentence(self) -> str:
        """What the progress display says: how long, how well, and from where it went on."""
        said = f"{self.epochs} epochs, validation loss {self.best_loss:.3f}"
        said += f", resumed from {self.resumed_from}" if self.resumed_from else ""
        return f"{said}; {self.note}" if self.note else said


@dataclass(frozen=True)
class Keys:
    """The settings that a fault of a training tells the user to change, as dotted keys."""

    learning_rate: str = "training.learning_rate"
    batch_size: str = "training.batch_size"


def fit(
    module: lightning.LightningModule,
    data: lightning.LightningDataModule,
    settings: TrainerSection,
    folder: Path,
    *,
    seed: int,
    key: str = "",
    callbacks: Sequence[Callback] = (),
    keep: Literal["best", "last"] = "best",
    keys: Keys = Keys(),
) -> Fit:
    """Train, keep the weights of the best validation loss or the last ones, say how it went.

    A training that was interrupted goes on from its last whole checkpoint in ``folder``; one that
    ended, or was begun with another key, starts anew.

    Parameters
    ----------
    module : LightningModule
        Logs ``val_loss``; holds the weights that are kept afterwards.
    data : LightningDataModule
    folder : Path
        For ``checkpoints/`` and the CSV log, ``log/version_0/metrics.csv``.
    seed : int
        Of dropout; weights are drawn before, batches by ``data``.
    key : str, default=""
        Changes whenever data, settings or code do: no checkpoint of another key is used.
    keep : {"best", "last"}, default="best"
        Whose weights the module has afterwards: of the best validation loss, or of the last epoch,
        where nothing is left to validate on.
    keys : Keys, default=Keys()
        What the settings are called that faults speak of.

    Raises
    ------
    DataFault
        If there is no training or validation batch, or the loss is no longer finite.
    """
    data.setup("fit")
    _require_batches(data, keys)
    checkpoints = folder / "checkpoints"
    if not _goes_on(checkpoints, key):
        _clear(folder, key)
    resume, note = last_whole_checkpoint(checkpoints)
    trainer = make_trainer(
        settings, folder, callbacks=[SeedOfBatch(seed), HowItEnded(), *callbacks],
        divided=getattr(data, "divides_batches", False), keys=keys,
    )  # fmt: skip
    with _quiet(), fault_of_a_process():
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    if keep == "best":
        module.load_state_dict(load_checkpoint(checkpoints / BEST)["state_dict"])
    module.eval()
    ended = trainer.callback_metrics
    CheckedCheckpointIO().remove_checkpoint(checkpoints / LAST)  # ended: nothing to go on from
    return Fit(
        epochs=int(ended[EPOCHS]),
        best_loss=float(ended[BEST_LOSS]),
        resumed_from=resume.name if resume else "",
        note=note,
    )


def make_trainer(
    settings: TrainerSection,
    folder: Path,
    *,
    callbacks: Sequence[Callback] = (),
    divided: bool = False,
    keys: Keys = Keys(),
) -> lightning.Trainer:
    """Build the Trainer: CSV log, early stopping, best and last checkpoint, progress bar.

    The bar is shown where there is a terminal. The log of a training that went on after an
    interruption is in ``log/version_1`` and so on, beside that of its beginning. ``divided``: the
    loaders give each process its part of a batch themselves.
    """
    own: list[Callback] = [
        StopAtNonFiniteLoss(keys),  # before the one that would stop in silence
        EarlyStopping(MONITOR, patience=settings.patience, min_delta=settings.min_delta),
        ModelCheckpoint(
            folder / "checkpoints", filename=Path(BEST).stem, monitor=MONITOR, save_last=True,
            enable_version_counter=False,
        ),
    ]  # fmt: skip
    arguments = settings.trainer_arguments()
    return lightning.Trainer(
        **arguments,
        callbacks=[*own, *callbacks],
        logger=CSVLogger(folder, name=LOG),
        plugins=[CheckedCheckpointIO(), *_environment(arguments)],
        default_root_dir=folder,
        use_distributed_sampler=not divided,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )


def _environment(arguments: Mapping[str, Any]) -> list[ClusterEnvironment]:
    """Return what starts the processes of one computer: Lightning itself, also under Slurm.

    Lightning would ask there for as many Slurm tasks as devices; a run's job is one task.
    """
    alone = arguments["num_nodes"] == 1 and arguments["strategy"] in ("auto", "ddp_spawn")
    return [LightningEnvironment()] if alone else []


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Within the context no module is in training mode; each returns to its own mode."""
    modes = {each: each.training for each in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for each, mode in modes.items():
            each.training = mode


class SeedOfBatch(Callback):
    """Seed torch before each batch: a resumed training goes on as it would have.

    Once per epoch is not enough: a loader draws a number when it starts, at another moment of a
    resumed epoch.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        number: int,
    ) -> None:
        """Take the batch's own seed, another one on each device."""
        place = (self.seed, trainer.current_epoch, number, trainer.global_rank)
        seed = hash(place) % 2**63
        if pl_module.device.type == "cpu":  # noting a seed for absent devices takes a millisecond
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)


class HowItEnded(Callback):
    """Leave epochs and best loss where they come back from a process that trained."""

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Note them among the metrics."""
        stopped = trainer.checkpoint_callback
        assert isinstance(stopped, ModelCheckpoint)
        best = stopped.best_model_score
        trainer.callback_metrics[EPOCHS] = torch.tensor(trainer.current_epoch)
        trainer.callback_metrics[BEST_LOSS] = torch.tensor(float("nan")) if best is None else best


@contextmanager
def fault_of_a_process() -> Iterator[None]:
    """Raise a fault again, here, that ended one of the processes which trained."""
    try:
        yield
    except ProcessRaisedException as error:
        last = str(error).strip().splitlines()[-1]
        kind, _, text = last.partition(": ")
        fault = getattr(faults, kind.removeprefix("neurodecode.faults."), None)
        if fault is None:
            raise
        raise fault(text) from error


class StopAtNonFiniteLoss(Callback):
    """End the training before a NaN or infinite loss reaches the weights or a checkpoint."""

    def __init__(self, keys: Keys = Keys()) -> None:
        self.keys = keys

    def on_before_backward(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, loss: torch.Tensor
    ) -> None:
        """Look at the loss of every batch.

        Raises
        ------
        DataFault
            Naming epoch and batch.
        """
        batch = trainer.fit_loop.batch_idx
        where = f"epoch {trainer.current_epoch}, batch {batch}"
        self._require_finite(loss, "loss", where)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Look at the validation loss, which could else end the training without a word.

        Raises
        ------
        DataFault
            Naming the epoch.
        """
        found = trainer.callback_metrics.get(MONITOR)
        if found is not None and not trainer.sanity_checking:
            self._require_finite(found, "validation loss", f"epoch {trainer.current_epoch}")

    def _require_finite(self, loss: torch.Tensor, what: str, where: str) -> None:
        if not torch.isfinite(loss).all():
            raise DataFault(
                f"the {what} became {float(loss.detach()):g}",
                where=where,
                fix=f"lower {self.keys.learning_rate}; the last good checkpoint is kept",
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
        If it is absent, differs from its sha256, or would run code.
    """
    problem = _problem(path)
    if problem:
        raise DataFault(f"checkpoint {problem}", where=str(path), fix="delete it and train again")
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise DataFault("refused to load: holds more than tensors and plain values",
                        where=str(path)) from error  # fmt: skip
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


def _goes_on(checkpoints: Path, key: str) -> bool:
    """Return whether a training with the same key was interrupted here."""
    mark = checkpoints / "key"
    known = mark.read_text("utf-8") if mark.is_file() else None
    return known == key and (checkpoints / LAST).is_file()


def _clear(folder: Path, key: str) -> None:
    """Remove checkpoints and log of an earlier training."""
    for name in (LAST, BEST):
        CheckedCheckpointIO().remove_checkpoint(folder / "checkpoints" / name)
    shutil.rmtree(folder / LOG, ignore_errors=True)
    write_text(folder / "checkpoints" / "key", key)


def _require_batches(data: lightning.LightningDataModule, keys: Keys) -> None:
    loaders = {"training": data.train_dataloader(), "validation": data.val_dataloader()}
    for name, loader in loaders.items():
        # a combined loader has no length before its first pass
        parts = loader.flattened if isinstance(loader, CombinedLoader) else [loader]
        if min(map(len, parts)) == 0:
            raise DataFault(f"no {name} batch", fix=f"give more data, or lower {keys.batch_size}")


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
