"""A BIDS folder for the pipeline ``image``: pictures that were seen, MEG or EEG."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.config import validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.config_evaluation import SETS, ImageEvaluation
from neurodecode.datasets.viewing.bids import IMAGE_COLUMNS, read_recordings
from neurodecode.evaluation.picture_splits import PICTURE_PROTOCOLS, split_pictures
from neurodecode.own_data.recordings import read_headers
from neurodecode.own_data.survey import SplitRow, Study, Survey, attempt, counted, refused
from neurodecode.own_data.trial_types import trial_types
from neurodecode.own_data.windows import fitting_k, read_everybody, survey_of_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def survey(study: Study) -> Survey:
    """Look through a study for ``image``; parameters and faults as :func:`imagery.survey`."""
    recordings = read_headers(study)
    events, chosen = trial_types(study, recordings.headers, IMAGE_COLUMNS)
    tree = study.with_data(dataset="local", task=recordings.task, events=events)
    config = validate(ImageConfig, tree)
    seen, faults = read_everybody(study, recordings, config, read_recordings)
    splits, trials, n_train = [], pd.DataFrame(), 0
    if seen:
        tables = [r.trials.assign(participant=r.subject, recording=r.name) for r in seen]
        trials = pd.concat(tables, ignore_index=True)
        drawn = {name: _Draw(trials, name, config) for name in PICTURE_PROTOCOLS}
        splits = [attempt(name, draw.said) for name, draw in drawn.items()]
        protocol = _protocol(study, splits, drawn) or config.split.protocol
        splits = [replace(row, chosen=row.name == protocol) for row in splits]
        tree = {**tree, "split": {**study.tree.get("split", {}), "protocol": protocol}}
        if next(row.possible for row in splits if row.chosen):
            tree, told = _scored(tree, drawn[protocol])
            chosen += told
            n_train = int((drawn[protocol].parts["part"] == "train").sum())
    return survey_of_windows(
        "image", study, recordings, config, tree=tree, n_windows=n_train,
        found=_pictures(trials),
        faults=[*faults, *refused(splits)],
        notes=[*chosen, *(note for one in seen for note in one.notes)],
        splits=splits,
    )  # fmt: skip


@dataclass(frozen=True)
class _Draw:
    """A protocol's parts of the presentations, as ``fetch`` will draw them."""

    trials: pd.DataFrame
    protocol: str
    config: ImageConfig

    @cached_property
    def parts(self) -> pd.DataFrame:
        split = self.config.split
        return split_pictures(self.trials, self.protocol, valid=split.valid, test=split.test,
                              seed=self.config.seed)  # fmt: skip

    def said(self) -> str:
        """Word how many presentations each part gets."""
        counts = self.parts.loc[self.parts["part"] != "", "part"].value_counts()
        return f"presentations: {counted(counts.to_dict())}"

    @cached_property
    def candidates(self) -> dict[str, int]:
        """Pictures to choose among, by set of test pictures."""
        tested = self.parts[self.parts["part"] == "test"]
        found = tested.groupby("test_set")["image"].nunique()
        return {name: int(found.get(name, 0)) for name in SETS}


def _protocol(study: Study, splits: Sequence[SplitRow], drawn: Mapping[str, _Draw]) -> str | None:
    """Return the protocol of the settings, else the first honest one with enough candidates.

    Enough for the usual score to be harder than a coin; else the one with the most.
    """
    wanted = study.tree.get("split", {}).get("protocol")
    honest = [r.name for r in splits if r.possible and PICTURE_PROTOCOLS[r.name].leaks is None]
    if wanted or not honest:
        return wanted
    most = {name: max(drawn[name].candidates.values()) for name in honest}
    enough = 2 * ImageEvaluation().headline_k
    return next((name for name in honest if most[name] >= enough), max(most, key=most.__getitem__))


def _scored(tree: Mapping[str, Any], draw: _Draw) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings with a headline among enough candidates, where none is given.

    A top-k accuracy among fewer than 2 k pictures says little, among k pictures nothing.
    """
    given = tree.get("evaluation", {})
    if given.keys() & {"headline_k", "headline_set", "top_k"}:
        return dict(tree), ()
    usual = ImageEvaluation()
    counts, k = draw.candidates, usual.headline_k
    which = "small" if counts["small"] >= 2 * k else max(SETS, key=counts.__getitem__)
    k = fitting_k(usual.top_k, k, counts[which])
    if (which, k) == (usual.headline_set, usual.headline_k):
        return dict(tree), ()
    note = f"{draw.protocol} tests {counts['small']} pictures of the small set, {counts['large']} "
    note += f"of the large one: the score is the top-{k} accuracy among the {which} set"
    chosen = {**given, "headline_set": which, "headline_k": k}
    return {**tree, "evaluation": chosen}, (note,)


def _pictures(trials: pd.DataFrame) -> list[tuple[str, str]]:
    if trials.empty:
        return []
    known = trials.loc[trials["category"] != "", "category"].nunique()
    return [
        ("presentations", f"{len(trials)} of {trials['image'].nunique()} pictures"),
        ("categories", str(known) if known else "none named"),
    ]
