"""A fold of rated stretches: four parts, and the checks made before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from neurodecode.evaluation.folds import Rows
from neurodecode.faults import ConfigFault, DataFault, LeakFault, unknown

if TYPE_CHECKING:
    import pandas as pd

Missing = Literal["fault", "warn"]
PARTS = ("train", "valid", "calibrate", "test")


def no_rows() -> Rows:
    """Return an empty part."""
    return np.empty(0, dtype=np.intp)


@dataclass(frozen=True, eq=False)
class RatedFold:
    """Parts of a stretch table.

    Attributes
    ----------
    name : str
        For logs and faults: "subject 3, fold 2".
    subject : str
        Who is tested.
    train, valid, calibrate, test : ndarray of int
        Positions (``iloc``) in the stretch table, sorted; ``valid`` and ``calibrate`` may be
        empty. ``calibrate`` are stretches of the tested subject that a model trained on others
        is fitted to.
    fold : str
        Label within the subject.
    untrained : tuple of int
        Levels that are tested but neither trained nor calibrated on.
    """

    name: str
    subject: str
    train: Rows
    valid: Rows
    calibrate: Rows
    test: Rows
    fold: str = "0"
    untrained: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        for one, other in combinations(PARTS, 2):
            if np.intersect1d(getattr(self, one), getattr(self, other)).size:
                raise LeakFault(f"a stretch is in {one} and in {other}", where=self.name)
        if not self.test.size or not (self.train.size or self.calibrate.size):
            raise DataFault(
                f"{self.train.size} training, {self.calibrate.size} calibration and "
                f"{self.test.size} test stretches",
                where=self.name,
            )


def check_levels_of_folds(
    folds: list[RatedFold], stretches: pd.DataFrame, missing: Missing
) -> list[RatedFold]:
    """Return the folds, each with its untrained levels.

    Parameters
    ----------
    folds : list of RatedFold
    stretches : DataFrame
        Column ``level``.
    missing : {"fault", "warn"}
        What to do about a level that is tested but not trained on: stop, or keep the fold and
        list the level in ``untrained``. Its windows cannot be right, so they count as errors.

    Raises
    ------
    ConfigFault
        If ``missing`` is unknown.
    DataFault
        If a fold trains on fewer than two levels; with "fault", if a tested level is untrained.
    """
    if missing not in ("fault", "warn"):
        raise ConfigFault(unknown("answer to a missing level", missing, ("fault", "warn")))
    levels = stretches["level"].to_numpy()
    return [_with_untrained(fold, levels, missing) for fold in folds]


def _with_untrained(fold: RatedFold, levels: Rows, missing: Missing) -> RatedFold:
    known = np.unique(levels[np.concatenate([fold.train, fold.calibrate])])
    if known.size < 2:
        raise DataFault(
            f"a single level, {known[0]}, to train on",
            where=fold.name,
            fix="leave this subject out, or choose another rating",
        )
    lacking = np.setdiff1d(levels[fold.test], known)
    if lacking.size and missing == "fault":
        raise DataFault(
            f"level {', '.join(map(str, lacking))} is tested but not trained on (levels count from "
            "0, the lowest rating)",
            where=fold.name,
            fix="set missing=warn (its windows then count as errors), or use more folds",
        )
    return replace(fold, untrained=tuple(int(level) for level in lacking))
