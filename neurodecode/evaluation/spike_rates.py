"""Rates of generated spikes against real ones, beside what two real trials have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurodecode.faults import DataFault

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RateCorrelation:
    """Correlation of rates by unit, and its ceiling.

    Attributes
    ----------
    generated : ndarray, shape (n_units,)
        r between generated and real rates; NaN for a unit whose rate does not vary.
    ceiling : ndarray, shape (n_units,)
        r between real rates of disjoint trials.
    """

    generated: Floats
    ceiling: Floats

    @property
    def mean(self) -> tuple[float, float]:
        """Means over the units for which both are defined: generated, and ceiling."""
        both = np.isfinite(self.generated) & np.isfinite(self.ceiling)
        if not both.any():
            raise DataFault("no unit whose rate varies", fix="score more bins or more trials")
        return float(self.generated[both].mean()), float(self.ceiling[both].mean())


def unit_correlations(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Return Pearson's r over bins for each unit; NaN where a rate is constant.

    Parameters
    ----------
    first, second : array-like, shape (n_bins, n_units)

    Raises
    ------
    DataFault
        If shapes differ.
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != other.shape or one.ndim != 2:
        raise DataFault(f"rates of shape {one.shape} and {other.shape}", fix="bins x units, both")
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    scale = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    products = (one * other).sum(axis=0)
    out = np.full(scale.shape, np.nan)
    return np.divide(products, scale, out=out, where=scale > 1e-12)


def trial_correlation(generated: npt.ArrayLike, real: npt.ArrayLike) -> RateCorrelation:
    """Correlate generated trials with single real ones; the ceiling is another real trial.

    As in Neuroformer's rate correlation, with counts in bins of 0.5 s: all pairs of a generated
    and a real trial, and all pairs of two real ones, averaged over pairs.

    Parameters
    ----------
    generated, real : array-like, shape (n_trials, n_bins, n_units)
        Counts of trials with one stimulus; numbers of trials may differ.

    Raises
    ------
    DataFault
        If bins or units differ, or there are fewer than two real trials.
    """
    made, fired = _checked(generated, real)
    pairs = [unit_correlations(one, other) for one in made for other in fired]
    own = [unit_correlations(fired[i], fired[j]) for i in range(len(fired)) for j in range(i)]
    return RateCorrelation(_nan_mean(pairs), _nan_mean(own))


def psth_correlation(
    generated: npt.ArrayLike, real: npt.ArrayLike, *, n_splits: int = 20, random_state: int = 0
) -> RateCorrelation:
    """Correlate peristimulus rates: the mean over generated trials with that over real ones.

    Each split takes half of the real trials; generated rates are compared with one half, and the
    ceiling is that half against the other, so both see the same noise.

    Parameters
    ----------
    generated, real : array-like, shape (n_trials, n_bins, n_units)
        Counts of trials with one stimulus. No more generated trials are averaged than a half has,
        so that neither side is less noisy than the other.
    n_splits : int, default=20
    random_state : int, default=0

    Raises
    ------
    DataFault
        As :func:`trial_correlation`.
    """
    made, fired = _checked(generated, real)
    rng, half = np.random.default_rng(random_state), len(fired) // 2
    against, ceiling = [], []
    for _ in range(n_splits):
        order = rng.permutation(len(fired))
        one, other = fired[order[:half]].mean(axis=0), fired[order[half : 2 * half]].mean(axis=0)
        chosen = made[rng.permutation(len(made))[:half]].mean(axis=0)
        against.append(unit_correlations(chosen, one))
        ceiling.append(unit_correlations(other, one))
    return RateCorrelation(_nan_mean(against), _nan_mean(ceiling))


def _checked(generated: npt.ArrayLike, real: npt.ArrayLike) -> tuple[Floats, Floats]:
    made, fired = np.asarray(generated, dtype=float), np.asarray(real, dtype=float)
    if made.ndim != 3 or fired.ndim != 3 or made.shape[1:] != fired.shape[1:] or not len(made):
        raise DataFault(
            f"generated trials of shape {made.shape}, real ones of shape {fired.shape}",
            fix="trials x bins x units are wanted",
        )
    if len(fired) < 2:
        raise DataFault(
            f"{len(fired)} real trial of this stimulus has no ceiling", fix="give two or more"
        )
    return made, fired


def _nan_mean(rows: list[Floats]) -> Floats:
    """Return the mean over rows of what is defined; NaN where nothing is."""
    values = np.stack(rows)
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    number = known.sum(axis=0)
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
