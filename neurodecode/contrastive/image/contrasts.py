"""Differences that the claims rest on, each with its interval: early and late, high and low."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.contrastive.image.decoders import DEFAULT, parse_decoder
from neurodecode.contrastive.image.time_course import headline_set, unit_of_test, window_values
from neurodecode.evaluation.bootstrap import bootstrap_ci, mean_ci
from neurodecode.stimuli.pictures.encoder import LOW_LEVEL, PICTURE_ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurodecode.contrastive.image.config import ImageConfig

    Times = Callable[[float, float], bool]

SLACK = 1e-6


@dataclass(frozen=True)
class Contrast:
    """A mean with its 95 % interval, and the number and kind of units it is over."""

    estimate: float
    low: float
    high: float
    n: int
    unit: str

    @property
    def text(self) -> str:
        """The mean and its interval, in words."""
        return f"{self.estimate:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def contrast(values: NDArray[np.float64], unit: str, seed: int) -> Contrast:
    """Return the mean over units with its interval."""
    ci = mean_ci(values, expand=True, random_state=seed)
    return Contrast(ci.estimate, ci.low, ci.high, len(values), unit)


def level_of(model: str, config: ImageConfig) -> str:
    """Return "low" or "high" for a decoder's target, "" for controls and other targets."""
    decoder = parse_decoder(model)
    target = config.embedding.target if decoder.target == DEFAULT else decoder.target
    if decoder.shuffled or target not in PICTURE_ENCODERS:
        return ""
    return "low" if target in LOW_LEVEL else "high"


@dataclass(frozen=True)
class Course:
    """Relative ranks of one decoder over sliding windows, units as rows."""

    ranks: pd.DataFrame
    unit: str

    def during(self, chosen: Times) -> NDArray[np.float64] | None:
        """Return each unit's mean over the windows (start, stop) chosen; None without any."""
        columns = [span for span in self.ranks.columns if chosen(*span)]
        if not columns:
            return None
        found: NDArray[np.float64] = self.ranks[columns].mean(axis=1).to_numpy(float)
        return found


def courses(predictions: pd.DataFrame, config: ImageConfig) -> dict[str, Course]:
    """Return the sliding course of every decoder."""
    mine = predictions[predictions["kind"] == "sliding"]
    mine = mine[mine["set"] == headline_set(mine, config.evaluation.headline_set)]
    found = {}
    for model, part in mine.groupby("model", sort=False):
        unit = unit_of_test(part)
        found[str(model)] = Course(window_values(part, "relative rank", unit).dropna(), unit)
    return found


def early(start: float, stop: float) -> bool:
    """Whether a window lies in the first response, 0 to 0.25 s after the onset."""
    return start >= -SLACK and stop <= 0.25 + SLACK


def late_after(offset: float) -> Times:
    """Return whether a window is late: from 0.25 s after the onset to 0.3 s after the offset."""
    return lambda start, stop: start >= 0.25 - SLACK and stop <= offset + 0.3 + SLACK


def high_over_low(
    found: dict[str, Course], config: ImageConfig, chosen: Times, seed: int
) -> Contrast | None:
    """Return by how much high-level targets are found better than low-level ones (ranks)."""
    levels: dict[str, list[NDArray[np.float64]]] = {"low": [], "high": []}
    unit = ""
    for model, course in found.items():
        level, values = level_of(model, config), course.during(chosen)
        if level and values is not None:
            levels[level].append(values)
            unit = course.unit
    if not levels["low"] or not levels["high"]:
        return None
    gain = np.mean(levels["low"], axis=0) - np.mean(levels["high"], axis=0)
    return contrast(gain, unit, seed)


def offset_gain(course: Course, offset: float, seed: int) -> Contrast | None:
    """Return by how much ranks after the offset are better than those before it can act.

    The response to the offset is looked for in windows that end 0.15 to 0.25 s after it (the
    source's second peak: 0.15 to 0.2 s), the trough in those that end up to 0.1 s after it.
    """
    after = course.during(lambda _, stop: offset + 0.15 - SLACK <= stop <= offset + 0.25 + SLACK)
    before = course.during(lambda _, stop: offset - SLACK <= stop <= offset + 0.1 + SLACK)
    if after is None or before is None:
        return None
    return contrast(before - after, course.unit, seed)


def times_better(rows: pd.DataFrame, main: str, other: str, seed: int) -> Contrast | None:
    """Return how many times as often one decoder finds the picture, over participants.

    Parameters
    ----------
    rows : DataFrame
        Subject rows of one metric and label, averaged over seeds.
    """
    wide = rows.pivot_table(index="subject", columns="model", values="value")
    if main not in wide or other not in wide or len(wide) < 2:
        return None
    pair = wide[[main, other]].dropna().to_numpy(float)
    if not (pair[:, 1].mean() > 0):
        return None
    ci = bootstrap_ci(
        lambda values: float(values[:, 0].mean() / max(values[:, 1].mean(), 1e-9)),
        pair, method="percentile", expand=True, random_state=seed,
    )  # fmt: skip
    return Contrast(ci.estimate, ci.low, ci.high, len(pair), "participant")


def redrawn_difference(
    first: pd.DataFrame, second: pd.DataFrame, column: str, seed: int
) -> Contrast | None:
    """Return the difference of a score between two sets of redrawn pictures, by picture."""
    if column not in first or column not in second:
        return None
    a, b = (table.groupby("image")[column].mean() for table in (first, second))
    joined = pd.concat([a, b], axis=1, keys=["a", "b"]).dropna()
    return contrast((joined["a"] - joined["b"]).to_numpy(float), "picture", seed)
