"""Models of the ``adhd`` pipeline read back, and their answers to the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.connectome.map_model import TRUSTED, MapModel
from neurodecode.persistence import load_estimators

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.baselines import Reads
    from neurodecode.connectome.decoders import Decoder
    from neurodecode.connectome.study import Study
    from neurodecode.evaluation.folds import Rows

PLAIN = ("numpy.dtype",)
"""What scikit-learn's imputers and encoders hold."""
NILEARN = ("nilearn.connectome.connectivity_matrices.ConnectivityMeasure",)
"""Type of the connectivity baselines."""


def fold_folder(folder: Path, decoder: Decoder, place: int) -> Path:
    """Return the folder of one fitted model below that of its unit."""
    return folder / decoder.slug / f"fold-{place}"


def load_maps(folder: Path) -> tuple[dict[str, MapModel], dict[str, Any]]:
    """Return the models by threshold, and what ``model.json`` says of them."""
    states = load_estimators(folder, trusted=(*TRUSTED, *PLAIN))
    return {name: MapModel.from_state(s) for name, s in states.items()}, read_json(
        folder / "model.json"
    )


def load_baseline(folder: Path) -> Any:
    """Return a fitted baseline."""
    return load_estimators(folder, trusted=(*NILEARN, *PLAIN))


def baseline_input(study: Study, reads: Reads) -> Callable[[Rows], Any]:
    """Return a function that gives a baseline its rows: of the table, or courses."""
    if reads == "courses":
        courses = study.courses()
        return lambda rows: [courses[row] for row in rows]
    people = study.people
    return lambda rows: people.iloc[rows]


def answers_of(
    probability: NDArray[np.float64], cases: NDArray[np.intp], priors: str, *, balanced: bool
) -> NDArray[np.intp]:
    """Return who is called a case.

    Parameters
    ----------
    probability : ndarray, shape (n_people,)
        Of being a case.
    cases : ndarray of int
        Groups of the training part.
    priors : {"equal", "empirical"}
        With equal priors a model that learnt the share :math:`s` of cases calls a case where
        :math:`p > s`, which undoes that share; else where :math:`p > 1/2`.
    balanced : bool
        The model has used equal priors itself.
    """
    share = float(np.mean(cases)) if priors == "equal" and not balanced else 0.5
    return (probability > share).astype(np.intp)
