"""Settings that a search tries, and the one it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault, package_missing
from neurodecode.morphometry.classifiers import classifier_of
from neurodecode.morphometry.spaces import (
    Choice,
    Dimension,
    Whole,
    draw_settings,
    suggest_settings,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.morphometry.settings import SearchSettings

RANKING, N_FEATURES = "ranking", "n_features"
"""Names of the two dimensions that every classifier's space has beside its own."""


@dataclass(frozen=True)
class Candidate:
    """A ranking, how many measures of it are kept, and hyper-parameters of the classifier."""

    ranking: str
    n_features: int
    parameters: Mapping[str, Any]

    def worded(self) -> str:
        """Return the hyper-parameters as JSON."""
        return json.dumps(dict(self.parameters), sort_keys=True)


@dataclass(frozen=True)
class Tried:
    """A candidate with its inner scores.

    Attributes
    ----------
    candidate : Candidate
    score : float
        Mean over inner folds; NaN where it could not be fitted.
    held_out : ndarray, shape (n_train,)
        Score of each training person, from the inner fold that left them out.
    reason : str
        Why there is no score.
    """

    candidate: Candidate
    score: float
    held_out: NDArray[np.float64]
    reason: str = ""


Evaluate = Callable[[Candidate], Tried]


def best_candidate(
    classifier: str, settings: SearchSettings, evaluate: Evaluate, key: tuple[int, ...]
) -> Tried:
    """Try the candidates of a search and return the first of the best.

    Parameters
    ----------
    classifier : str
    settings : SearchSettings
    evaluate : callable
        Scores a candidate by inner cross-validation.
    key : tuple of int
        Seed of the draws.

    Raises
    ------
    DataFault
        If no candidate could be fitted.
    ConfigFault
        If a Bayesian search is asked for without Optuna.
    """
    if settings.search == "bayes":
        tried = list(_bayes(classifier, settings, evaluate, key))
    else:
        tried = [evaluate(candidate) for candidate in draw_candidates(classifier, settings, key)]
    scored = [entry for entry in tried if np.isfinite(entry.score)]
    if not scored:
        raise DataFault(f"no candidate could be fitted; first reason: {tried[0].reason}",
                        where=f"classifier {classifier}")  # fmt: skip
    return max(scored, key=lambda entry: entry.score)


def draw_candidates(
    classifier: str, settings: SearchSettings, key: tuple[int, ...]
) -> list[Candidate]:
    """Return the preset, and for a random search different draws after it."""
    candidates = [preset_candidate(classifier, settings)]
    if settings.search == "preset":
        return candidates
    rng, space = np.random.default_rng(key), search_space(classifier, settings)
    for _ in range(settings.n_candidates - 1):
        drawn = candidate_of(classifier, draw_settings(space, rng))
        if drawn not in candidates:
            candidates.append(drawn)
    return candidates


def preset_candidate(classifier: str, settings: SearchSettings) -> Candidate:
    """Return the app's hyper-parameters with the first ranking."""
    preset = dict(classifier_of(classifier).preset)
    return Candidate(settings.rankings[0], settings.preset_features, preset)


def search_space(classifier: str, settings: SearchSettings) -> dict[str, Dimension]:
    """Return the classifier's ranges with the ranking and the number of measures before them."""
    return {
        RANKING: Choice(settings.rankings),
        N_FEATURES: Whole(*settings.n_features),
        **classifier_of(classifier).space,
    }


def candidate_of(classifier: str, drawn: Mapping[str, Any]) -> Candidate:
    """Return the candidate of one drawn value per dimension."""
    own = {name: value for name, value in drawn.items() if name not in (RANKING, N_FEATURES)}
    parameters = {**classifier_of(classifier).preset, **own}
    return Candidate(drawn[RANKING], drawn[N_FEATURES], parameters)


def _bayes(
    classifier: str, settings: SearchSettings, evaluate: Evaluate, key: tuple[int, ...]
) -> Iterator[Tried]:
    """Yield the preset and what Optuna asks for, each candidate once."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise package_missing(error, "search 'bayes'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = int(np.random.default_rng(key).integers(2**31))
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    space = search_space(classifier, settings)
    first = evaluate(preset_candidate(classifier, settings))
    yield first
    known = [first]
    for _ in range(settings.n_candidates - 1):
        trial = study.ask()
        candidate = candidate_of(classifier, suggest_settings(space, trial))
        again = [entry for entry in known if entry.candidate == candidate]
        entry = again[0] if again else evaluate(candidate)
        known += [] if again else [entry]
        if np.isfinite(entry.score):
            study.tell(trial, entry.score)
        else:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        yield entry
