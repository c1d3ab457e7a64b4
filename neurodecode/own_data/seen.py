"""A BIDS folder for the pipeline ``image``: pictures that were seen, MEG or EEG."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd

from neurodecode.config import validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.datasets.viewing.bids import read_recordings
from neurodecode.evaluation.picture_splits import PICTURE_PROTOCOLS, split_pictures
from neurodecode.own_data.recordings import read_headers
from neurodecode.own_data.survey import SplitRow, Study, Survey, attempt, counted, refused
from neurodecode.own_data.windows import read_everybody, survey_of_windows


def survey(study: Study) -> Survey:
    """Look through a study for ``image``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    tree = study.with_data(dataset="local", task=recordings.task)
    config = validate(ImageConfig, tree)
    seen, faults = read_everybody(study, recordings, config.data.options, read_recordings)
    splits, trials = [], pd.DataFrame()
    if seen:
        tables = [r.trials.assign(participant=r.subject, recording=r.name) for r in seen]
        trials = pd.concat(tables, ignore_index=True)
        splits = [
            attempt(name, partial(_parts, trials, name, config)) for name in PICTURE_PROTOCOLS
        ]
        protocol = _protocol(study, splits) or config.split.protocol
        splits = [replace(row, chosen=row.name == protocol) for row in splits]
        tree = {**tree, "split": {**study.tree.get("split", {}), "protocol": protocol}}
    return survey_of_windows(
        "image", study, recordings, config, tree=tree, n_windows=len(trials),
        found=_pictures(trials),
        faults=[*faults, *refused(splits)],
        notes=[note for one in seen for note in one.notes],
        splits=splits,
    )  # fmt: skip


def _protocol(study: Study, splits: list[SplitRow]) -> str | None:
    """Return the protocol of the settings, else the first honest one that is possible."""
    wanted = study.tree.get("split", {}).get("protocol")
    honest = (r.name for r in splits if r.possible and PICTURE_PROTOCOLS[r.name].leaks is None)
    return wanted or next(honest, None)


def _pictures(trials: pd.DataFrame) -> list[tuple[str, str]]:
    if trials.empty:
        return []
    known = trials.loc[trials["category"] != "", "category"].nunique()
    return [
        ("presentations", f"{len(trials)} of {trials['image'].nunique()} pictures"),
        ("categories", str(known) if known else "none named"),
    ]


def _parts(trials: pd.DataFrame, protocol: str, config: ImageConfig) -> str:
    """Word how many presentations each part gets, as ``fetch`` will draw them."""
    split = config.split
    done = split_pictures(trials, protocol, valid=split.valid, test=split.test, seed=config.seed)
    return (
        f"presentations: {counted(done.loc[done['part'] != '', 'part'].value_counts().to_dict())}"
    )
