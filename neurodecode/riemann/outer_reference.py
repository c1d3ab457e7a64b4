"""Near the mean of all outer training trials: where the inner folds of a search start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.riemann.descent import (
    Frame,
    average,
    descend,
    lower_triangular,
    whitening_of,
)
from neurodecode.riemann.hessian import DiagonalHessian, transported
from neurodecode.riemann.matrix_log import (
    Spectra,
    Whitened,
    exp_symmetric,
    floored_logarithms,
    log_symmetric,
)
from neurodecode.riemann.quasi_newton import Curvature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import Array

SHARES = (0.125, 0.4)
"""Of the trials, that find the way from the arithmetic mean, one step each. The mean of the last
sample lies about a tenth of a typical trial's distance from that of all, which one step of an
inner fold makes good."""
FEWEST = 16
"""Trials of the smallest sample, and of that which the Hessian is learnt from."""
NEAR = 0.6
LONGEST = 1.5
MAX_ITER = 40


@dataclass(frozen=True)
class OuterReference:
    """A reference near the mean of all trials, and what was learnt there.

    Attributes
    ----------
    frame : Frame
        The trials seen from it.
    spectra : Spectra
        Eigendecompositions of the frame's logarithms.
    curvature : Curvature
        Hessian of the Karcher cost there.
    ambient : ndarray, shape (n_trials, n, n), or None
        Logarithms of the matrices themselves, for log-Euclidean means.
    """

    frame: Frame
    spectra: Spectra
    curvature: Curvature
    ambient: Array | None = None

    @classmethod
    def of(cls, matrices: Array, reference: str, backend: str) -> OuterReference:
        """Find it.

        Parameters
        ----------
        matrices : ndarray, shape (n_trials, n, n)
        reference : {"riemann", "logeuclid"}
            Kind of mean.
        backend : {"numpy", "torch"}
        """
        weights = equal_weights(len(matrices))
        ambient = floored_logarithms(matrices) if reference == "logeuclid" else None
        if ambient is None:
            whitening = _near_the_mean(matrices, backend)
        else:
            whitening = whitening_of(exp_symmetric(average(ambient, weights)))
        trials = Whitened.at(matrices, lower_triangular(whitening), np.float32, backend)
        spectra = trials.spectra()
        frame = Frame.seen(trials, spectra.logarithms(), weights)
        return cls(frame, spectra, _curvature(spectra), ambient)

    def at_mean(self, rows: NDArray[Any], tol: float) -> Frame:
        """Return trials at their own mean; the first step costs no logarithm.

        ``tol`` is relative to the size of the logarithms. What is learnt of the Hessian on the way
        serves the next call.
        """
        weights, trials = equal_weights(len(rows)), self.frame.trials[rows]
        if self.ambient is not None:
            return Frame.of(trials, weights, exp_symmetric(-self._log_euclidean_step(rows) / 2))
        frame = Frame.seen(trials, self.frame.logs[rows], weights)
        tol *= frame.size
        return descend(frame, weights, self.curvature, tol=tol, max_iter=MAX_ITER)[0]

    def near_mean(
        self, rows: NDArray[Any], tol: float, carried: NDArray[Any] | None = None
    ) -> tuple[Array, NDArray[Any]]:
        """Find the same to first order, without any new eigendecomposition.

        Parameters
        ----------
        rows : ndarray of int
            Trials whose mean it is.
        tol : float
            As above.
        carried : ndarray of int, optional
            Trials whose logarithms are wanted there, ``rows`` among them; default: ``rows``.

        Returns
        -------
        step : ndarray, shape (n, n)
            The change of reference D.
        logs : ndarray, shape (n_carried, n, n)
        """
        carried = rows if carried is None else carried
        spectra, logs = self.spectra[carried], self.frame.logs[carried]
        if self.ambient is not None:
            step = self._log_euclidean_step(rows)
            return step, transported(spectra, logs, step)
        weights = np.isin(carried, rows) / len(rows)
        gradient, total = average(logs, weights), np.zeros_like(self.frame.gradient)
        tol *= self.frame.size
        for _ in range(MAX_ITER):
            if np.linalg.norm(gradient) <= tol:
                break
            step = self.curvature.step(gradient, LONGEST)
            logs, before = transported(spectra, logs, step), gradient
            gradient, total = average(logs, weights), total + step
            self.curvature.learn(step, before - gradient)
        return total, logs

    def _log_euclidean_step(self, rows: NDArray[Any]) -> Array:
        assert self.ambient is not None
        mean = exp_symmetric(average(self.ambient[rows], equal_weights(len(rows))))
        W = self.frame.trials.whitening
        return log_symmetric(W @ mean @ W.T)


def equal_weights(n: int) -> Array:
    """Return n weights that sum to 1."""
    return np.full(n, 1 / n)


def _near_the_mean(matrices: Array, backend: str) -> Array:
    """Whitening near the mean of all, by a step from each of two samples.

    Each whitens in float64 again: float32 products from afar cost the small eigenvalues.
    """
    whitening = whitening_of(matrices.mean(axis=0))
    for share in SHARES:
        rows = _sample(len(matrices), max(FEWEST, int(share * len(matrices))))
        weights = equal_weights(len(rows))
        trials = Whitened.at(matrices[rows], lower_triangular(whitening), np.float32, backend)
        spectra = trials.spectra()
        frame, curvature = Frame.seen(trials, spectra.logarithms(), weights), _curvature(spectra)
        # trials of very unequal power: the arithmetic mean is too far for one step
        frame, _ = descend(frame, weights, curvature, tol=NEAR * frame.size, max_iter=MAX_ITER)
        step = curvature.step(frame.gradient, LONGEST)
        whitening = exp_symmetric(-step / 2) @ frame.inverse_factor
    return whitening


def _curvature(spectra: Spectra) -> Curvature:
    rows = _sample(len(spectra.values), FEWEST)
    return Curvature(diagonal=DiagonalHessian.of(spectra[rows]))


def _sample(n: int, size: int) -> NDArray[np.intp]:
    """Draw trials at random, always the same: regular steps could meet one class alone."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).permutation(n)[:size])
