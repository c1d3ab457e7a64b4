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
from neurodecode.own_data.duration import past_duration
from neurodecode.own_data.survey import (
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
        splits=splits, sizes=sizes, disk=disk,
        duration=past_duration("mindbridge", disk),
        settings={} if faults else tree,
    )  # fmt: skip


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
