"""Redraw the seen picture: predict a generator's latents, generate, and score what comes out."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json, write_json
from neurodecode.contrastive.image.accuracy import nearest_average
from neurodecode.contrastive.image.averaging import EVERYBODY, average_estimates
from neurodecode.contrastive.image.config_evaluation import AVERAGES
from neurodecode.contrastive.image.data import SeenWindows
from neurodecode.contrastive.image.decoders import Decoder
from neurodecode.contrastive.image.training import Task, build_network, train_task
from neurodecode.contrastive.retrieval import Candidates, rank_of
from neurodecode.evaluation.reconstruction import score_reconstructions
from neurodecode.evaluation.redrawn import save_pictures
from neurodecode.evaluation.restandardisation import moments, restandardise
from neurodecode.persistence import load_weights
from neurodecode.stimuli.generation.generator import PictureGenerator, make_generator
from neurodecode.stimuli.pictures.encoder import make_picture_encoder
from neurodecode.stimuli.pictures.files import read_picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.contrastive.image.units import Seen, Unit
    from neurodecode.evaluation.metric_row import MetricRow

BATCH = 256


def train_generation(seen: Seen, unit: Unit, folder: Path) -> str:
    """Train the predictors of every latent with each weight of the contrastive loss.

    The weight is the one whose regression head finds validation pictures best (top-5); test
    trials have no say.
    """
    chosen: dict[str, Any] = {}
    for latent, bank in latent_banks(seen).items():
        scores = {}
        for weight in _weights(seen, unit):
            task = latent_task(bank, latent, weight, unit)
            train_task(seen, task, folder / task.name)
            scores[weight] = validation_top5(seen, task, folder / task.name)
        best = max(scores, key=lambda weight: scores[weight])
        chosen[latent] = {
            "clip_weight": best,
            "validation_top5": {f"{weight:g}": score for weight, score in scores.items()},
        }
    write_json(folder / "model.json", {**asdict(unit), "latents": chosen})
    return ", ".join(f"{latent}: lambda {found['clip_weight']:g}"
                     for latent, found in chosen.items())  # fmt: skip


def _weights(seen: Seen, unit: Unit) -> tuple[float, ...]:
    settings = seen.config.generation
    return settings.clip_weights if unit.span is None else (settings.window_clip_weight,)


def latent_banks(seen: Seen) -> dict[str, PictureBank]:
    """Return the targets of the generator's latents, by latent."""
    targets = _generator(seen).targets()
    return {latent: seen.bank(name, options) for latent, (name, options) in targets.items()}


def latent_task(bank: PictureBank, latent: str, weight: float, unit: Unit) -> Task:
    """Return the training of one latent's predictor."""
    decoder = Decoder("joint", bank.target)
    name = f"{latent}.weight-{weight:g}"
    return Task(name, decoder, bank, unit.seed, unit.span, weight, pool=True)


@torch.no_grad()
def validation_top5(seen: Seen, task: Task, folder: Path) -> float:
    """Return how often the regression head finds the picture of a validation trial, top-5."""
    windows = seen.recordings().windows("valid")
    names = sorted(windows["image"].unique())
    candidates = Candidates([task.bank.gather(task.bank.index(names))])
    place = {name: i for i, name in enumerate(names)}
    true = torch.tensor([place[image] for image in windows["image"]])
    hits, start = 0, 0
    for estimates in predict_latents(seen, task, folder, windows):  # large latents: never all
        mine = true[start : start + len(estimates)]
        hits += int((rank_of(candidates.scores(estimates), mine) <= 5).sum())
        start += len(estimates)
    return hits / len(true)


@torch.no_grad()
def predict_latents(
    seen: Seen, task: Task, folder: Path, windows: pd.DataFrame
) -> Iterator[torch.Tensor]:
    """Yield the regression head's estimates (n, F) of some windows, scaled as the targets."""
    recordings = seen.recordings()
    network: Any = load_weights(folder, build_network(seen.config, task, recordings)).eval()
    sight = SeenWindows(recordings, None, windows, seen.config.signals, task.span)
    for start in range(0, len(sight), BATCH):
        batch = sight.__getitems__(range(start, min(start + BATCH, len(sight))))
        yield network.heads(batch)[1]


def evaluate_generation(
    seen: Seen, unit: Unit, folder: Path, out: Path
) -> tuple[pd.DataFrame, list[MetricRow]]:
    """Generate the pictures of the small test set, and score them against the true ones.

    Where nothing is repeated, or nobody else is there, the level of averaging before is taken.

    Returns
    -------
    predictions : DataFrame
        A row per generated picture with its scores; the pictures are in ``pictures.npy``.
    rows : list of MetricRow
    """
    settings = seen.config.generation
    generator = _generator(seen)
    tables, pictures, rows = [], [], []
    levels = {str(queries["average"].iloc[0]): (queries, latents)
              for queries, latents in _latents(seen, unit, folder)}  # fmt: skip
    for average in dict.fromkeys(nearest_average(name, levels) for name in settings.averages):
        queries, latents = levels[average]
        found = generator.generate(latents, random_state=seen.config.seed)
        label = f"redrawn, {AVERAGES[average]}"
        for participant, group in queries.groupby("participant", sort=False):
            mine = group.index.to_numpy()
            scored, metric_rows = _score(seen, unit, group, found[mine], label, str(participant))
            tables.append(scored)
            pictures.append(found[mine])
            rows += metric_rows
    save_pictures(out, np.concatenate(pictures))
    return pd.concat(tables, ignore_index=True), rows


def _generator(seen: Seen) -> PictureGenerator:
    settings = seen.config.generation
    assert settings.generator is not None
    return make_generator(settings.generator, **settings.options)


def _latents(
    seen: Seen, unit: Unit, folder: Path
) -> Iterator[tuple[pd.DataFrame, dict[str, NDArray[np.float32]]]]:
    """Yield queries and their predicted latents, in the generator's own units, by average."""
    settings = seen.config.generation
    windows = seen.recordings().windows("test")
    windows = windows[windows["test_set"] == "small"]
    if settings.max_pictures is not None:
        shown = sorted(windows["image"].unique())[: settings.max_pictures]
        windows = windows[windows["image"].isin(shown)]
    windows = windows.reset_index(drop=True)
    chosen = read_json(folder / "model.json")["latents"]
    levels: list[tuple[pd.DataFrame, dict[str, NDArray[np.float32]]]] = []
    for latent, bank in latent_banks(seen).items():
        task = latent_task(bank, latent, chosen[latent]["clip_weight"], unit)
        estimates = torch.cat(list(predict_latents(seen, task, folder / task.name, windows)))
        for i, queries in enumerate(average_estimates(windows, estimates)):
            if i == len(levels):
                levels.append((queries.table, {}))
            levels[i][1][latent] = _unscaled(seen, bank, queries.estimates)
    yield from levels


def _unscaled(seen: Seen, bank: PictureBank, estimates: torch.Tensor) -> NDArray[np.float32]:
    """Return latents in the units of the generator, with the training's spread if so chosen."""
    values = estimates.numpy() * bank.scaler.std + bank.scaler.mean
    if seen.config.generation.restandardise:
        trained = seen.trials.loc[seen.trials["part"] == "train", "image"].unique().tolist()
        values = restandardise(values, *moments(bank.features[bank.index(trained)]))
    shaped: NDArray[np.float32] = values.reshape(-1, *bank.shape).astype(np.float32)
    return shaped


def _score(
    seen: Seen,
    unit: Unit,
    table: pd.DataFrame,
    generated: NDArray[np.uint8],
    label: str,
    participant: str,
) -> tuple[pd.DataFrame, list[MetricRow]]:
    assert seen.pictures is not None
    config = seen.config
    names, labels = table["image"].tolist(), table["category"].tolist()
    true = [read_picture(seen.pictures / name) for name in names]
    encoders = {
        name: make_picture_encoder(name, **config.embedding.options.get(name, {}))
        for name in config.generation.identification
    }
    scored = score_reconstructions(
        true, list(generated), names, encoders=encoders, labels=labels, random_state=config.seed
    )
    model = f"redrawn by {config.generation.generator}"
    model += "" if unit.span is None else f" from {unit.span[0]:g} to {unit.span[1]:g} s"
    rows = scored.rows(
        model=model, split=label, seed=config.seed, n_resamples=config.evaluation.n_bootstrap,
        subject=None if participant == EVERYBODY else participant,
    )  # fmt: skip
    found = table.reset_index(drop=True).join(scored.table.drop(columns="picture"))
    return found.assign(model=model), rows
