"""Train the decoders of the ``image`` pipeline and keep what is needed to use them again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from neurodecode.artefacts import slug, write_json
from neurodecode.contrastive.image.data import samples_of, training_sets
from neurodecode.contrastive.image.decoders import Decoder
from neurodecode.contrastive.image.network_settings import NetworkSettings
from neurodecode.contrastive.image.ridge import WindowRidge, fit_ridge
from neurodecode.contrastive.losses import ClipLoss
from neurodecode.evaluation.picture_splits import picture_protocol
from neurodecode.faults import DataFault
from neurodecode.persistence import load_weights, save_weights

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.contrastive.image.config import ImageConfig
    from neurodecode.contrastive.image.config_evaluation import Span
    from neurodecode.contrastive.image.network import ImageNetwork
    from neurodecode.contrastive.image.units import Seen, Unit
    from neurodecode.training import Fit


@dataclass(frozen=True)
class Task:
    """One decoder to train.

    Attributes
    ----------
    name : str
        Of the decoder, for people.
    decoder : Decoder
        Its target named.
    bank : PictureBank
    seed : int
    span : (float, float) or None
        Part of the window.
    clip_weight : float
        Share of the contrastive loss; 1: that alone, 0: squared error alone.
    pool : bool
        Compare the retrieval head with the pooled target.
    """

    name: str
    decoder: Decoder
    bank: PictureBank
    seed: int
    span: Span | None
    clip_weight: float
    pool: bool = False

    @property
    def n_contrastive(self) -> int | None:
        """Outputs of the retrieval head; None: no such head."""
        if self.clip_weight == 0:
            return None
        return self.bank.n_pooled if self.pool else self.bank.n_features

    @property
    def n_regression(self) -> int | None:
        """Outputs of the regression head; None: no such head."""
        return self.bank.n_features if self.clip_weight < 1 else None


CLIP_WEIGHTS = {"contrastive": 1.0, "regression": 0.0}


def task_of(seen: Seen, name: str, unit: Unit) -> Task:
    """Return what a decoder of a unit is trained on."""
    decoder = seen.decoder(name)
    weight = CLIP_WEIGHTS.get(decoder.objective, seen.config.training.clip_weight)
    scaling = seen.config.ridge.scaling if decoder.objective == "ridge" else None
    bank = seen.bank(decoder.target, scaling=scaling)
    return Task(name, decoder, bank, unit.seed, unit.span, weight)


def train_unit(seen: Seen, unit: Unit, folder: Path) -> str:
    """Train a unit's decoders, a folder each below ``folder``, and say how it went."""
    if unit.kind == "generation":
        from neurodecode.contrastive.image.generation import train_generation

        return train_generation(seen, unit, folder)
    from neurodecode.contrastive.image.export import export_decoder

    said = {name: train_task(seen, task_of(seen, name, unit), folder / slug(name))
            for name in unit.models}  # fmt: skip
    if unit.kind == "decoder":
        export_decoder(seen, unit, folder)
    write_json(folder / "model.json", {**asdict(unit), "decoders": list(map(slug, unit.models))})
    return "; ".join(said.values()) if len(said) == 1 else f"{len(said)} decoders"


def train_task(seen: Seen, task: Task, folder: Path) -> str:
    """Train one decoder, write ``model.safetensors`` and ``model.json``, and say how it went.

    Raises
    ------
    DataFault
        If a participant with weights of their own has no training window.
    """
    torch.manual_seed(task.seed)
    recordings = seen.recordings()
    _require_everybody(seen.config, task, recordings)
    network = build_network(seen.config, task, recordings)
    info = model_info(task, recordings, network)
    if isinstance(network, WindowRidge):
        sets = training_sets(
            recordings, task.bank, seen.config.signals,
            span=task.span, shuffled=task.decoder.shuffled, seed=task.seed,
        )  # fmt: skip
        units = picture_protocol(seen.config.split.protocol).valid_units
        said = fit_ridge(
            network, sets, recordings.participants, seen.config.ridge,
            "block" if "block" in units else "image",
        )  # fmt: skip
        info["alphas"] = network.alphas.tolist()
    else:
        found = _fit_network(seen, task, network, recordings, folder)
        info["fit"] = asdict(found)
        said = found.sentence
    save_weights(folder, network, info)
    return said


def _require_everybody(config: ImageConfig, task: Task, recordings: Recordings) -> None:
    """Stop where somebody would be tested with weights of their own that nothing trained."""
    linear = task.decoder.objective == "ridge"
    shared = config.ridge.pooling == "pooled" if linear else config.brain.participants == "none"
    trained = set(recordings.windows("train")["participant"])
    if not shared and (missing := sorted(set(recordings.participants) - trained)):
        raise DataFault(
            f"no training window of participant {', '.join(missing)}",
            where=f"decoder '{task.name}'",
            fix="leave them out with data.subjects, or share one model: "
            + ("ridge.pooling=pooled" if linear else "brain.participants=none"),
        )


def _fit_network(
    seen: Seen, task: Task, network: ImageNetwork, recordings: Recordings, folder: Path
) -> Fit:
    """Train with Lightning, whose import is spared to linear decoders."""
    from neurodecode.contrastive.image.datamodule import ViewingData
    from neurodecode.contrastive.image.module import JointModule
    from neurodecode.training import fit

    config = seen.config
    data = ViewingData(
        recordings,
        task.bank,
        config.signals,
        batch_size=config.training.batch_size,
        seed=task.seed,
        span=task.span,
        shuffled=task.decoder.shuffled,
        num_workers=config.trainer.num_workers,
    )
    module = JointModule(
        network, config.training.learning_rate, weight=task.clip_weight,
        criterion=make_criterion(config),
    )  # fmt: skip
    key = f"{seen.key} {task.name} {task.clip_weight}"
    return fit(module, data, config.trainer, folder, seed=task.seed, key=key)


def build_network(
    config: ImageConfig, task: Task, recordings: Recordings
) -> ImageNetwork | WindowRidge:
    """Return the untrained network of a decoder."""
    return network_settings(config, task, recordings).build()


def network_settings(config: ImageConfig, task: Task, recordings: Recordings) -> NetworkSettings:
    """Return what the network of a decoder is built from."""
    samples = samples_of(task.span, config.signals)
    return NetworkSettings(
        objective=task.decoder.objective,
        n_times=samples.stop - samples.start,
        n_participants=len(recordings.participants),
        n_channels=len(recordings.channels),
        n_features=task.bank.n_features,
        n_contrastive=task.n_contrastive,
        n_regression=task.n_regression,
        brain=config.brain,
        head=config.head,
        ridge=config.ridge,
    )


def load_network(seen: Seen, task: Task, folder: Path) -> Any:
    """Return the trained network of a task; its bank takes the scaler of the training."""
    return load_weights(folder, build_network(seen.config, task, seen.recordings())).eval()


def make_criterion(config: ImageConfig) -> ClipLoss:
    """Return the contrastive loss of an experiment."""
    chosen = config.training
    return ClipLoss(
        symmetric=chosen.symmetric,
        temperature=chosen.temperature,
        learn_temperature=chosen.learn_temperature,
        normalise_estimates=chosen.normalise_estimates,
        merge_duplicates=chosen.merge_duplicates,
        gather=chosen.gather,
    )


def model_info(task: Task, recordings: Recordings, network: torch.nn.Module) -> dict[str, Any]:
    """Return what ``model.json`` says of a decoder."""
    described = replace(task, bank=None)  # type: ignore[arg-type]
    return {
        **asdict(described),
        "channels": recordings.channels,
        "positions": recordings.positions.tolist(),
        "participants": list(recordings.participants),
        "n_features": task.bank.n_features,
        "n_parameters": sum(p.numel() for p in network.parameters()),
    }
