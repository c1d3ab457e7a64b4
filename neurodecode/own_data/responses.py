"""A folder of responses to pictures for the pipeline ``mindbridge``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.config import validate
from neurodecode.datasets.responses.local import read_responses
from neurodecode.evaluation.stimulus_splits import STIMULUS_PROTOCOLS, split_stimuli
from neurodecode.faults import Fault
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.own_data.costs import START_S, program_size
from neurodecode.own_data.duration import product_rate
from neurodecode.own_data.survey import (
    Duration,
    Listing,
    Size,
    Study,
    Survey,
    attempt,
    counted,
    refused,
    shortened,
)
from neurodecode.own_data.tree import subjects_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.datasets.responses.subject import Responses


TARGET_SIZE = 1280
"""Assumed values of a target: those of the default encoder."""
BACKWARD, CYCLE = 3, 2
"""Forward and backward in forward passes; signals go there, and back through another network."""
STEP_S, PICTURE_S = 0.02, 0.05
"""Assumed of a step of the optimiser, and of a picture in the encoder."""


def survey(study: Study) -> Survey:
    """Look through a study for ``mindbridge``; parameters and faults as :func:`imagery.survey`."""
    tree = study.with_data(dataset="local")
    config = validate(MindBridgeConfig, tree)
    found: dict[str, Responses] = {}
    faults: list[Fault] = []
    for subject in subjects_of(study):
        try:
            found[subject] = read_responses(study.folder, subject, **config.data.options)
        except Fault as fault:
            faults.append(fault)
    if not found:
        raise faults[0]
    trials = pd.concat(
        [one.trials.assign(participant=subject) for subject, one in found.items()],
        ignore_index=True,
    )
    splits = [
        attempt(name, partial(_parts, trials, name, config),
                chosen=name == config.split.protocol)
        for name in STIMULUS_PROTOCOLS
    ]  # fmt: skip
    faults += refused(splits)
    shapes = {subject: one.responses.shape for subject, one in found.items()}
    sizes = [Size("responses of a subject", max(shapes.values(), key=lambda s: s[0] * s[1]))]
    disk = sum(Size("", shape).n_bytes for shape in shapes.values())
    return Survey(
        "mindbridge", study.folder,
        found=[
            ("subjects", f"{len(found)}: {shortened(list(found))}"),
            ("stimuli", f"{trials['stimulus'].nunique()}, {len(trials)} responses"),
            ("pictures", f"{(trials['image'] != '').sum()} responses name one"),
            ("runs", str(trials.loc[trials["run"] != "", "run"].nunique() or "not named")),
        ],
        listings=[_voxels(shapes)],
        faults=faults,
        notes=[f"{name}: {note}" for name, one in found.items() for note in one.notes],
        splits=splits, sizes=[program_size("mindbridge"), *sizes, _network(config, len(found))],
        disk=disk, duration=_duration(config, found, trials),
        settings={} if faults else tree,
    )  # fmt: skip


def _parameters(config: MindBridgeConfig) -> tuple[int, int]:
    """Return weights of a subject's own layers, and of those that all share, in round numbers."""
    bridge = config.bridge
    own = 2 * bridge.pooled_size * (bridge.width + 2 * bridge.adapter_size)
    return own, bridge.n_blocks * bridge.width**2 + bridge.width * TARGET_SIZE


def _network(config: MindBridgeConfig, n_subjects: int) -> Size:
    own, shared = _parameters(config)
    what = "network of all: weights, gradients, two of the optimiser"
    return Size(what, (4, own * n_subjects + shared))


def _duration(
    config: MindBridgeConfig, found: Mapping[str, Responses], trials: pd.DataFrame
) -> Duration:
    """Estimate trainings by their multiplications, the pictures' targets, and jobs."""
    own, shared = _parameters(config)
    units = config.units(list(found))
    networks = sum(not name.startswith(("ridge", "pca")) for name in units)
    each, rate = 2 * BACKWARD * CYCLE * (own + shared), product_rate()
    steps = len(trials) / len(found) / config.batches.batch_size
    epoch = len(trials) * each / rate + steps * STEP_S
    pictures = trials["stimulus"].nunique() * PICTURE_S
    jobs = 2 + len(found) + 2 * len(units)
    epochs = config.trainer.max_epochs
    basis = (
        f"{each / 1e9:.2g} billion operations a response, {len(trials):,} responses, {epochs} "
        f"epochs, {networks} networks; a matrix product does {rate / 1e9:.0f} billion a second "
        f"here; a step of {1000 * STEP_S:g} ms and {PICTURE_S:g} s a picture assumed; {jobs} jobs "
        f"of {START_S['mindbridge']:g} s to start"
    )
    seconds = networks * epochs * epoch + pictures + jobs * START_S["mindbridge"]
    return Duration(seconds, basis)


def _voxels(shapes: Mapping[str, tuple[int, ...]]) -> Listing:
    rows = tuple((name, str(shape[0]), f"{shape[1]:,}") for name, shape in shapes.items())
    return Listing("responses", ("subject", "responses", "voxels"), rows)


def _parts(trials: pd.DataFrame, protocol: str, config: MindBridgeConfig) -> str:
    """Word how many responses each part gets, as ``fetch`` will draw them."""
    split = config.split
    disjoint = split.disjoint if protocol == split.protocol else None
    done = split_stimuli(trials, protocol, valid=split.valid, test=split.test, seed=config.seed,
                         disjoint=disjoint)  # fmt: skip
    counts = done.loc[done["part"] != "", "part"].value_counts()
    return f"responses: {counted(counts.to_dict())}"
