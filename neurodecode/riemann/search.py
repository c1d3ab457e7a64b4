"""The nested search of the augmented covariance method over order, lag and classifier settings."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import rankdata
from sklearn.model_selection import ParameterGrid, StratifiedKFold
from threadpoolctl import threadpool_limits

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.riemann.augmented import AugmentedCovariances, refuse_flat, trials_array
from neurodecode.riemann.block_averages import STRUCTURES
from neurodecode.riemann.candidates import SearchPlan
from neurodecode.riemann.config import ModelSection
from neurodecode.riemann.grid import AugmentedCovarianceGrid
from neurodecode.riemann.lag_scores import list_lag, score_lag
from neurodecode.riemann.matrix_log import BACKENDS
from neurodecode.riemann.refit import RefitDecoder, fit_decoder
from neurodecode.riemann.search_store import PointScores, SearchStore, search_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

CHOICES = {
    "classifier": ("svm", "mdm"),
    "mode": ("exact", "shared"),
    "reference": ("riemann", "logeuclid"),
    "structure": STRUCTURES,
    "backend": BACKENDS,
}


class ACMSearchCV(RefitDecoder):
    """Search order, lag and classifier settings by cross-validation, then refit.

    The scores are those of scikit-learn's ``GridSearchCV`` over ``make_decoder("ACM+TS+SVM")`` or
    ``make_decoder("ACM+MDM")``, within 1e-3 AUC in the exact mode. What makes it quick: lagged
    products shared by all orders, means that start near the mean of all trials with a closed form
    of the Hessian there, one Gram matrix for all SVM settings of a fold, order 1 once for all lags.

    Parameters
    ----------
    orders, lags : sequence of int, default=range(1, 11)
        Embedding dimensions and delays in samples.
    C : sequence of float, default=(0.5, 1, 1.5)
        Inverse regularisations of the SVM.
    kernels : sequence of str, default=("linear", "rbf")
        Kernels of the SVM; the RBF width is scikit-learn's "scale".
    classifier : {"svm", "mdm"}, default="svm"
        SVM in the tangent space, or minimum distance to mean (C and kernels are then unused).
    n_splits : int, default=3
        Inner folds, stratified and shuffled.
    random_state : int, default=42
        Seed of the inner folds.
    scoring : str, default="auto"
        Name of a scikit-learn scorer; "auto": ROC-AUC with two classes, else accuracy.
    mode : {"exact", "shared"}, default="exact"
        "exact": eigendecompositions at the mean of each inner training set. "shared": at one
        reference per outer training set, from which the logarithms are carried to each inner mean
        to first order in the distance (:func:`~neurodecode.riemann.hessian.transported`). Inner
        test trials take part in that reference, without their labels. Scores differed from the
        exact mode's by 7e-4 AUC at most (mean 2e-4) on 22 channels of 1001 samples, orders 6 to 10,
        and on all orders to 6 and lags to 4 of 12 channels, in half to three quarters of its time.
        The refit is exact in both.
    reference : {"riemann", "logeuclid"}, default="riemann"
        Kind of mean; "logeuclid", a closed form, is beyond the paper. Tangent space and distances
        are affine-invariant with both.
    estimator : str, default="scm"
        Covariance estimator of :class:`AugmentedCovariances`; others than "scm" are beyond the
        paper, slower, and also reach points where the sample covariance is singular.
    structure : {"full", "toeplitz"}, default="full"
        "toeplitz" averages the blocks of each matrix along its diagonals (beyond the paper);
        points where that is not positive definite are missing.
    n_jobs : int, default=1
        Worker processes, over lags; each uses one BLAS thread.
    refit : bool, default=True
        Fit the best candidate on all trials given.
    progress : bool, default=False
        Show a progress bar.
    cache_dir : path or None, default=None
        Folder for the scores of each (order, lag), written as soon as they exist. A repeated fit
        with the same data, settings and code computes only what is missing.
    tol : float, default=5e-3
        Gradient norm at which a mean is accepted during the search, relative to the root mean
        square norm of tangent vectors (a twentieth of it for "mdm"). A shift of the reference
        changes SVM scores to second order only.
    backend : {"numpy", "torch"}, default="numpy"
        What computes the eigendecompositions of the means.
    callback : callable or None, default=None
        Called with the :class:`PointScores` of every point just computed.

    Attributes
    ----------
    cv_results_ : dict of arrays
        As in scikit-learn: ``param_order``, ``param_lag``, ``param_C``, ``param_kernel``,
        ``params``, ``splitK_test_score``, ``mean_test_score``, ``std_test_score``,
        ``rank_test_score``; and ``reason``, why a score is missing (NaN).
    best_index_, best_score_, best_params_
        First candidate of rank 1.
    best_estimator_ : Pipeline
        The decoder of :func:`make_decoder` refit at the best point.
    classes_ : ndarray, shape (n_classes,)
    mode_ : str
        The mode, to label the scores with.
    n_computed_ : int
        Points computed in this fit, not read from ``cache_dir``.

    References
    ----------
    Carrara and Papadopoulo (2023), Classification of BCI-EEG based on augmented covariance matrix.
    """

    def __init__(
        self,
        orders: Sequence[int] = range(1, 11),
        lags: Sequence[int] = range(1, 11),
        C: Sequence[float] = (0.5, 1, 1.5),
        kernels: Sequence[str] = ("linear", "rbf"),
        classifier: str = "svm",
        *,
        n_splits: int = 3,
        random_state: int = 42,
        scoring: str = "auto",
        mode: str = "exact",
        reference: str = "riemann",
        estimator: str = "scm",
        structure: str = "full",
        n_jobs: int = 1,
        refit: bool = True,
        progress: bool = False,
        cache_dir: Path | str | None = None,
        tol: float = 5e-3,
        backend: str = "numpy",
        callback: Callable[[PointScores], None] | None = None,
    ) -> None:
        self.orders = orders
        self.lags = lags
        self.C = C
        self.kernels = kernels
        self.classifier = classifier
        self.n_splits = n_splits
        self.random_state = random_state
        self.scoring = scoring
        self.mode = mode
        self.reference = reference
        self.estimator = estimator
        self.structure = structure
        self.n_jobs = n_jobs
        self.refit = refit
        self.progress = progress
        self.cache_dir = cache_dir
        self.tol = tol
        self.backend = backend
        self.callback = callback

    def fit(self, X: ArrayLike, y: ArrayLike) -> ACMSearchCV:
        """Score every candidate and refit the best.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_channels, n_samples)
        y : array-like, shape (n_trials,)

        Raises
        ------
        DataFault
            If the shapes do not fit, a channel is flat, a class has fewer trials than folds, or
            no candidate could be scored.
        ConfigFault
            If a parameter is not one of its choices.
        """
        self._check_choices()
        X, y = _checked(X, y, self.n_splits)
        self.classes_ = np.unique(y)
        self.n_channels_in_ = X.shape[1]
        plan = self._plan(X, y)
        self.scorer_, self.mode_ = plan.scoring, plan.mode
        points = self._points(X, plan)
        self.cv_results_ = self._results(points, plan)
        self._choose()
        if self.refit:
            chosen = {key: value.item() for key, value in self._best_arrays().items()}
            model = ModelSection.model_validate(
                {**chosen, "estimator": self.estimator, "structure": self.structure}
            )
            with threadpool_limits(1):
                self.best_estimator_ = fit_decoder(
                    X, y, self.classifier, model, reference=self.reference, backend=self.backend
                )
        return self

    def _check_choices(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigFault(unknown(name, str(getattr(self, name)), choices))
        for kernel in self.kernels:
            if kernel not in ("linear", "rbf"):
                raise ConfigFault(unknown("kernel", kernel, ("linear", "rbf")))

    def _plan(self, X: NDArray[Any], y: NDArray[Any]) -> SearchPlan:
        folds = StratifiedKFold(self.n_splits, shuffle=True, random_state=self.random_state)
        auto = "roc_auc" if len(np.unique(y)) == 2 else "accuracy"
        return SearchPlan(
            y=y,
            splits=tuple(folds.split(X, y)),
            classifier=self.classifier,
            C=tuple(float(value) for value in self.C),
            kernels=tuple(self.kernels),
            scoring=auto if self.scoring == "auto" else self.scoring,
            mode=self.mode,
            reference=self.reference,
            tol=self.tol,
            backend=self.backend,
        )

    @property
    def _features(self) -> AugmentedCovariances:
        return AugmentedCovariances(estimator=self.estimator, structure=self.structure)

    def _points(self, X: NDArray[Any], plan: SearchPlan) -> dict[tuple[int, int], PointScores]:
        grid = AugmentedCovarianceGrid(self.orders, self.lags)
        store = None
        if self.cache_dir is not None:
            store = SearchStore(self.cache_dir, search_key(X, plan, self._features))
        saved = {point: store.read(*point) if store else None for point in grid.points}
        found = {point: scores for point, scores in saved.items() if scores is not None}
        jobs = _jobs(grid, found)
        self.n_computed_ = len(grid.points) - len(found)
        with _progress(self.progress, self.n_computed_) as advance:
            for scores in self._computed(X, plan, jobs, store):
                found[scores.order, scores.lag] = scores
                advance()
                if self.callback is not None:
                    self.callback(scores)
        return found

    def _computed(
        self,
        X: NDArray[Any],
        plan: SearchPlan,
        jobs: list[tuple[int, list[int]]],
        store: SearchStore | None,
    ) -> Iterator[PointScores]:
        if self.n_jobs == 1:
            for lag, orders in jobs:
                yield from score_lag(X, lag, orders, plan, self._features, store)
            return
        parallel = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")
        tasks = (delayed(list_lag)(X, *job, plan, self._features, store) for job in jobs)
        for scores in parallel(tasks):
            yield from scores

    def _results(
        self, points: dict[tuple[int, int], PointScores], plan: SearchPlan
    ) -> dict[str, Any]:
        """Lay out the scores as scikit-learn does; order 1 stands for all its lags."""
        axes: dict[str, list[Any]] = {"lag": list(self.lags), "order": list(self.orders)}
        if self.classifier == "svm":
            axes |= {"C": list(plan.C), "kernel": list(plan.kernels)}
        candidates = list(ParameterGrid(axes))
        first = min(self.lags)
        rows, reasons = [], []
        for candidate in candidates:
            order, lag = candidate["order"], candidate["lag"]
            point = points[order, first if order == 1 else lag]
            setting = {key: candidate[key] for key in ("C", "kernel") if key in candidate}
            rows.append(point.scores[plan.settings.index(setting)])
            reasons.append(point.reason)
        splits = np.array(rows)
        results: dict[str, Any] = {
            f"param_{name}": np.array([c[name] for c in candidates]) for name in axes
        }
        results |= {"params": candidates, "reason": np.array(reasons)}
        results |= {f"split{k}_test_score": splits[:, k] for k in range(splits.shape[1])}
        mean = splits.mean(axis=1)
        results |= {"mean_test_score": mean, "std_test_score": splits.std(axis=1)}
        return results | {"rank_test_score": _ranks(mean)}

    def _choose(self) -> None:
        results = self.cv_results_
        if np.isnan(results["mean_test_score"]).all():
            raise DataFault(
                f"no candidate could be scored; first reason: {results['reason'][0]}",
                fix="lower the orders or lags, or set estimator='oas'",
            )
        self.best_index_ = int(results["rank_test_score"].argmin())
        self.best_score_ = float(results["mean_test_score"][self.best_index_])
        self.best_params_ = results["params"][self.best_index_]

    def _best_arrays(self) -> dict[str, Any]:
        return {key: np.asarray(value) for key, value in self.best_params_.items()}


def _jobs(
    grid: AugmentedCovarianceGrid, found: dict[tuple[int, int], PointScores]
) -> list[tuple[int, list[int]]]:
    """List what is still to compute, by lag."""
    jobs = [(lag, [p for p in grid.orders_of(lag) if (p, lag) not in found]) for lag in grid.lags]
    return [(lag, orders) for lag, orders in jobs if orders]


def _ranks(mean: NDArray[np.float64]) -> NDArray[np.int32]:
    """Rank scores from 1, ties sharing the smallest, missing ones last, as scikit-learn does."""
    if np.isnan(mean).all():
        return np.ones(len(mean), dtype=np.int32)
    filled = np.nan_to_num(mean, nan=np.nanmin(mean) - 1)
    ranks: NDArray[np.int32] = rankdata(-filled, method="min").astype(np.int32)
    return ranks


def _checked(X: ArrayLike, y: ArrayLike, n_splits: int) -> tuple[NDArray[Any], NDArray[Any]]:
    X, y = trials_array(X), np.asarray(y)
    refuse_flat(X)
    if not np.isfinite(X).all():
        raise DataFault("trials hold NaN or infinite values", fix="reject those trials")
    if y.shape != (len(X),):
        raise DataFault(f"{len(X)} trials but labels of shape {y.shape}")
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2 or counts.min() < n_splits:
        held = ", ".join(f"{c}: {n}" for c, n in zip(classes, counts, strict=True))
        raise DataFault(f"{n_splits} inner folds need {n_splits} trials of two classes ({held})")
    return X, y


def _progress(shown: bool, total: int) -> Any:
    """Return a context that yields a function to call after each point."""
    if not shown:
        return nullcontext(lambda: None)
    from contextlib import contextmanager

    from rich.progress import Progress

    @contextmanager
    def bar() -> Iterator[Callable[[], None]]:
        with Progress() as progress:
            task = progress.add_task("order x lag", total=total)
            yield lambda: progress.advance(task)

    return bar()
