"""Behaviour decoded from test windows, by networks, rivals and few-shot tuned models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.evaluation.behaviour_scores import behaviour_scores
from neurodecode.evaluation.bootstrap import bootstrap_ci
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.metrics import score
from neurodecode.spikes.loading import load_network, network_of, way_name, ways_of
from neurodecode.spikes.rivals import ask_rival
from neurodecode.spikes.variants import NETWORKS
from neurodecode.spikes.written import block_labels, whole_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.evaluation.bootstrap import Interval
    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.batches import SpikeWindows
    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.model import Neuroformer
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.units import Part

R, R2, ERROR, ACCURACY = "r", "R2", "median error", "balanced accuracy"


def decode_windows(
    config: SpikesConfig, part: Part, recorded: Recorded, fold: SpikeFold, folder: Path,
    simulated: Path | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Decode every behaviour from the test windows.

    Returns
    -------
    DataFrame
        A row per window and behaviour: ``variable``, ``start``, ``block``, ``true``, ``decoded``
        (in the unit of the recording, or classes), ``middle`` (mean of the training windows),
        ``n_classes`` (0: a quantity), and ``best``, the best possible answer where it is known.
    """
    rows = fold.test
    if part.model in NETWORKS:
        network = network_of(config, recorded, config.decoder_model, decodes=True)
        answers = _ask_network(config, recorded, network, folder, rows)
    else:
        answers = {
            target: ask_rival(recorded, rows, part.model, target, folder / target)
            for target in config.targets
        }
    table = _table(recorded, fold, rows, answers)
    if simulated is not None:
        from neurodecode.spikes.possible import best_decoding

        for target in config.targets:
            best = best_decoding(config, recorded, target, rows, simulated)
            if best is not None:
                table.loc[table["variable"] == target, "best"] = best
    return table


def decode_few_shot(
    config: SpikesConfig, part: Part, recorded: Recorded, fold: SpikeFold, folder: Path
) -> pd.DataFrame:
    """Decode the test windows by every tuned network; ``model``, ``way`` and ``share`` beside."""
    network = network_of(config, recorded, part.model, decodes=True)
    tables = []
    for way, share in ways_of(config.few_shot):
        place = folder / way_name(way, share)
        answers = _ask_network(config, recorded, network, place, fold.test)
        table = _table(recorded, fold, fold.test, answers)
        tables.append(table.assign(model=f"{way}, {share:.3g}", way=way, share=share))
    return pd.concat(tables, ignore_index=True)


def decoding_rows(predictions: pd.DataFrame, config: SpikesConfig) -> list[MetricRow]:
    """Return scores per decoder and behaviour, intervals over blocks of time or trials."""
    unit = "trial" if config.protocol == "trial_wise" else "block"
    rows: list[MetricRow] = []
    for (model, variable), part in predictions.groupby(["model", "variable"], sort=False):
        first, clusters = part.iloc[0], block_labels(part)
        whole = {**whole_of(first, unit), "model": str(model), "n": len(np.unique(clusters))}
        true, decoded = (part[name].to_numpy(float) for name in ("true", "decoded"))
        if first["n_classes"]:
            ci = _accuracy(true, decoded, clusters, config, unit)
            found = {ACCURACY: (ci, 1 / len(np.unique(true)))}
        else:
            scored = behaviour_scores(true, decoded, clusters, mean=float(first["middle"]),
                                      random_state=config.seed, unit=unit)  # fmt: skip
            found = {
                R: (scored["r"], 0.0), R2: (scored["r2"], 0.0),
                ERROR: (scored["median_error"], _blind(part)),
            }  # fmt: skip
        for name, (ci, chance) in found.items():
            rows.append(MetricRow(
                metric=f"{variable} {name}", value=ci.estimate, chance=float(chance),
                ci_low=finite_or_none(ci.low), ci_high=finite_or_none(ci.high),
                ceiling=_ceiling(part, name), **whole,
            ))  # fmt: skip
    return rows


@torch.no_grad()
def _ask_network(
    config: SpikesConfig, recorded: Recorded, network: NeuroformerConfig, folder: Path,
    rows: NDArray[Any],
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Return what a network decodes from windows, in the unit of the recording."""
    from neurodecode.artefacts import read_json

    model, windows = load_network(network, recorded, folder, rows)
    scales = read_json(folder / "model.json")["scales"]
    return behaviour_of(model, windows, scales, config.evaluation.batch_size)


def behaviour_of(
    model: Neuroformer, windows: SpikeWindows, scales: Mapping[str, Sequence[float]],
    batch_size: int,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Return what a network decodes from windows; no gradient should be recorded meanwhile.

    Parameters
    ----------
    model : Neuroformer
        In evaluation mode.
    windows : SpikeWindows
    scales : mapping of str to (mean, standard deviation)
        Of each behaviour.
    batch_size : int

    Returns
    -------
    dict of str to ndarray, shape (n_windows,)
        In the unit of the recording, or numbers of classes.
    """
    outputs = [model(batch).behaviour for batch in windows.batches(batch_size)]
    answers = {}
    for target, section in model.config.targets.items():
        found = torch.cat([part[target] for part in outputs]).double().numpy()
        middle, spread = scales[target]
        answers[target] = (
            found[:, 0] * spread + middle if section.n_classes is None
            else found.argmax(axis=1).astype(float)
        )  # fmt: skip
    return answers


def _table(
    recorded: Recorded, fold: SpikeFold, rows: NDArray[Any], answers: dict[str, NDArray[Any]]
) -> pd.DataFrame:
    tables = []
    for target, decoded in answers.items():
        values = recorded.values(target)
        tables.append(pd.DataFrame({
            "variable": target, "start": recorded.windows["start"].to_numpy()[rows],
            "block": fold.blocks[rows], "true": values[rows], "decoded": decoded,
            "middle": values[fold.train].mean(), "n_classes": len(recorded.classes(target)),
            "best": np.nan,
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _accuracy(
    true: NDArray[Any], decoded: NDArray[Any], clusters: NDArray[Any], config: SpikesConfig,
    unit: str,
) -> Interval:  # fmt: skip
    def statistic(y: NDArray[Any], answer: NDArray[Any]) -> float:
        return score("balanced_accuracy", y, y_pred=answer)

    return bootstrap_ci(
        statistic, true.astype(int), decoded.astype(int), clusters=clusters,
        n_resamples=config.evaluation.n_resamples, random_state=config.seed, unit="window",
        cluster_unit=unit,
    )  # fmt: skip


def _blind(part: pd.DataFrame) -> float:
    """Return the median error of who answers the mean of the training part."""
    return float(np.median(np.abs(part["true"] - part["middle"])))


def _ceiling(part: pd.DataFrame, metric: str) -> float | None:
    if metric != R or not part["best"].notna().all():
        return None
    return float(np.corrcoef(part["true"], part["best"])[0, 1])
