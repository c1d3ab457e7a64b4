"""Ranges of hyper-parameters, drawn from at random or by Optuna."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[str | int | float | bool, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw a value, all alike."""
        return self.values[int(rng.integers(len(self.values)))]

    def suggest(self, trial: Trial, name: str) -> Any:
        """Let Optuna choose."""
        return trial.suggest_categorical(name, list(self.values))


@dataclass(frozen=True)
class Real:
    """A number between two bounds, by its logarithm if ``log``."""

    low: float
    high: float
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a number, uniform (in its logarithm)."""
        if self.log:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))

    def suggest(self, trial: Trial, name: str) -> float:
        """Let Optuna choose."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds, both included."""

    low: int
    high: int

    def draw(self, rng: np.random.Generator) -> int:
        """Draw a number, all alike."""
        return int(rng.integers(self.low, self.high + 1))

    def suggest(self, trial: Trial, name: str) -> int:
        """Let Optuna choose."""
        return trial.suggest_int(name, self.low, self.high)


Dimension = Choice | Real | Whole


def draw_settings(space: Mapping[str, Dimension], rng: np.random.Generator) -> dict[str, Any]:
    """Draw one value of every dimension, in their order."""
    return {name: dimension.draw(rng) for name, dimension in space.items()}


def suggest_settings(space: Mapping[str, Dimension], trial: Trial) -> dict[str, Any]:
    """Let an Optuna trial choose one value of every dimension."""
    return {name: dimension.suggest(trial, name) for name, dimension in space.items()}
