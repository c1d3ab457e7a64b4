r"""Scores of generated pictures, one by one and on average, each with its chance level.

Of true pictures :math:`x_i` and generated ones :math:`\hat x_i`, features :math:`\phi_i` and
:math:`\hat\phi_i`, and Pearson's correlation :math:`r`:

===============  =========================================================  =========  ==========
PixCorr          :math:`r(x_i, \hat x_i)` over all RGB values               higher     computed
SSIM             structural similarity in grey                              higher     computed
NAME two-way     share of other pictures :math:`j` with                     higher     1/2
                 :math:`r(\phi_j, \hat\phi_i) < r(\phi_i, \hat\phi_i)`
NAME distance    :math:`1 - r(\phi_i, \hat\phi_i)`                          lower      computed
===============  =========================================================  =========  ==========

The last column is the chance level: where it is computed, the mean of the same score over pairs
of a true and a generated picture that do not belong together. It is far from zero for SSIM, as
any two photographs share smooth regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.identification import (
    correlation_distance,
    different,
    two_way_identification,
)
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.similarity import check_pairs, pix_corr, ssim
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.stimuli.pictures.encoder import PictureEncoder

PIX_CORR, SSIM, TWO_WAY, DISTANCE = "PixCorr", "SSIM", "two-way", "distance"
"""Names of the scores; the last two follow the name of an encoder: "CLIP two-way"."""
N_PAIRS = 1000
"""Mismatched pairs that a chance level is computed from at most."""


@dataclass(frozen=True)
class Reconstructions:
    """Scores of generated pictures.

    Attributes
    ----------
    table : DataFrame
        A row per picture: ``picture`` (its name), then a column per score.
    chance : dict of str to float
        Chance level of each score.
    """

    table: pd.DataFrame
    chance: dict[str, float]

    def rows(
        self,
        *,
        model: str,
        split: str,
        subject: str | None = None,
        seed: int | None = None,
        n_resamples: int = 2000,
    ) -> list[MetricRow]:
        """Return the mean of every score with its interval over pictures.

        Rows that show the same picture are resampled together. Two-way identification compares
        pictures with each other, so its values are not quite independent and its interval, as in
        the literature, is for this set of pictures.

        Parameters
        ----------
        model, split, subject, seed
            Of the metric rows; also the seed of the bootstrap (0 where None).
        n_resamples : int, default=2000
            Bootstrap samples.
        """
        found = []
        for metric, chance in self.chance.items():
            ci = mean_ci(
                self.table[metric], self.table["picture"], n_resamples=n_resamples,
                random_state=seed or 0, cluster_unit="picture",
            )  # fmt: skip
            low, high = (float(b) if np.isfinite(b) else None for b in (ci.low, ci.high))
            found.append(
                MetricRow(
                    metric=metric, value=ci.estimate, chance=chance, n=ci.n, unit=ci.unit,
                    level="group" if subject is None else "subject", split=split, model=model,
                    subject=subject, seed=seed, ci_low=low, ci_high=high,
                )
            )  # fmt: skip
        return found


def score_reconstructions(
    true: Sequence[NDArray[np.uint8]],
    generated: Sequence[NDArray[np.uint8]],
    names: Sequence[str],
    *,
    encoders: Mapping[str, PictureEncoder] | None = None,
    labels: Sequence[str] | None = None,
    n_pairs: int = N_PAIRS,
    random_state: int = 0,
) -> Reconstructions:
    """Score generated pictures against the true ones.

    Parameters
    ----------
    true, generated : sequence of ndarray of uint8, each of shape (height, width, 3)
        Pairs in the same order.
    names : sequence of str
        Which picture each pair shows; several rows may show the same one.
    encoders : mapping of str to PictureEncoder or None, default=None
        Encoders whose features are compared, by the name the scores shall carry:
        ``{"CLIP": encoder}`` gives "CLIP two-way" and "CLIP distance".
    labels : sequence of str or None, default=None
        What each picture shows, handed to the encoders; the names where None.
    n_pairs : int, default=1000
        Mismatched pairs drawn for the chance levels; all where there are no more.
    random_state : int, default=0
        Of that draw.

    Returns
    -------
    Reconstructions

    Raises
    ------
    ConfigFault
        If an encoder encodes labels: generated pictures would score as true ones do.
    DataFault
        If sizes or kinds do not fit, or all rows show one picture.
    """
    check_pairs(true, generated)
    if len(names) != len(true):
        raise DataFault(f"{len(names)} names for {len(true)} pictures")
    pairs = mismatched_pairs(names, n_pairs, random_state=random_state)
    scores: dict[str, NDArray[np.float64]] = {}
    chance: dict[str, float] = {}
    for metric, similarity in ((PIX_CORR, pix_corr), (SSIM, ssim)):
        scores[metric] = similarity(true, generated)
        chance[metric] = _mismatched_mean(similarity, true, generated, pairs)
    for name, encoder in (encoders or {}).items():
        of_true, of_generated = _features(name, encoder, (true, generated), labels or names)
        scores[f"{name} {TWO_WAY}"] = two_way_identification(of_true, of_generated, names)
        chance[f"{name} {TWO_WAY}"] = 0.5
        key = f"{name} {DISTANCE}"
        scores[key] = correlation_distance(of_true, of_generated)
        chance[key] = _mismatched_mean(correlation_distance, of_true, of_generated, pairs)
    return Reconstructions(pd.DataFrame({"picture": list(names), **scores}), chance)


def _features(
    name: str,
    encoder: PictureEncoder,
    sets: Sequence[Sequence[NDArray[np.uint8]]],
    labels: Sequence[str],
) -> list[NDArray[np.float32]]:
    """Encode both sets of pictures with an encoder that looks at them."""
    if encoder.reads_labels:
        raise ConfigFault(
            f"the encoder {name} reads labels, not pictures", fix="give one that sees pictures"
        )
    return [encoder.encode(pictures, list(labels)) for pictures in sets]


def mismatched_pairs(
    names: Sequence[str], limit: int = N_PAIRS, *, random_state: int = 0
) -> NDArray[np.intp]:
    """Return pairs of rows that show different pictures, shape (n_pairs, 2).

    Parameters
    ----------
    names : sequence of str, shape (n,)
        Which picture each row shows.
    limit : int, default=1000
        All pairs where there are no more, else so many, drawn without repetition.
    random_state : int, default=0
        Of the draw.

    Raises
    ------
    DataFault
        If all rows show the same picture.
    """
    pairs = np.argwhere(different(list(names), len(names)))
    if not len(pairs):
        raise DataFault(
            "a chance level needs two different pictures or more", where=", ".join(set(names))
        )
    if len(pairs) <= limit:
        return pairs
    drawn = np.random.default_rng(random_state).choice(len(pairs), limit, replace=False)
    return np.asarray(pairs[np.sort(drawn)])


def _mismatched_mean(
    score: Callable[..., NDArray[np.float64]],
    true: Sequence[Any] | NDArray[Any],
    generated: Sequence[Any] | NDArray[Any],
    pairs: NDArray[np.intp],
) -> float:
    """Return the mean score of the pairs, one at a time: they may be many and large."""
    values = [score(true[i : i + 1], generated[j : j + 1])[0] for i, j in pairs.tolist()]
    return float(np.mean(values))
