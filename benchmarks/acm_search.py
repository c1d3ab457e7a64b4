"""The ACM search of neurodecode against MOABB's embedding, pyRiemann and GridSearchCV.

Same arrays, same inner folds, same grid, one outer training set. The library is timed on a sample
of (order, lag) pairs, at one setting of C and kernel each; the whole of its search is estimated as

    sum over the orders of (mean seconds of the sampled pairs of that order) x lags x settings,

orders without a sample being interpolated by a power law between their neighbours. The library
recomputes covariances and means for every setting and for order 1 at every lag, so the number of
fits is exact. Scores of the sampled candidates are compared first, and the run stops if they
differ by more than 1e-3 AUC on average over the inner folds.

    python benchmarks/acm_search.py --channels 22 --samples 1001 --trials 288
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from scipy.signal import butter, sosfiltfilt
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from neurodecode.riemann.search import ACMSearchCV


def simulate(n_trials, n_channels, n_samples, seed=0):
    """Band-limited (8-35 Hz at 250 Hz), spatially mixed noise; class 2 has more power."""
    rng = np.random.default_rng(seed)
    margin = 200
    X = rng.standard_normal((n_trials, n_channels, n_samples + 2 * margin))
    X *= 1 + 0.25 * rng.standard_normal((n_trials, n_channels, 1))
    y = np.arange(n_trials) % 2
    X[y == 1, :3] *= 1.25
    X = np.matmul(rng.standard_normal((n_channels, n_channels)) + 2 * np.eye(n_channels), X)
    X = sosfiltfilt(butter(4, [8, 35], "bandpass", fs=250, output="sos"), X)
    return X[:, :, margin:-margin].copy(), y


def library_search(X, y, order, lag, C, kernel, seed=42):
    """Time one candidate as MOABB's "AUG Tang SVM Grid" runs it, training scores included."""
    from moabb.pipelines.features import AugmentedDataset
    from pyriemann.estimation import Covariances
    from pyriemann.tangentspace import TangentSpace
    from sklearn.svm import SVC

    pipeline = make_pipeline(
        AugmentedDataset(), Covariances("cov"), TangentSpace(metric="riemann"), SVC()
    )
    grid = {"augmenteddataset__order": [order], "augmenteddataset__lag": [lag]}
    grid |= {"svc__C": [C], "svc__kernel": [kernel]}
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    search = GridSearchCV(
        pipeline, grid, cv=folds, scoring="roc_auc", refit=False, return_train_score=True
    )
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y)
    return time.perf_counter() - start, search.cv_results_["mean_test_score"][0]


def extrapolate(timed, orders, lags, n_settings):
    """Estimate the seconds of the whole library search from sampled (order, lag): seconds."""
    known = sorted({p for p, _ in timed})
    means = [np.mean([s for (p, _), s in timed.items() if p == q]) for q in known]
    each = np.exp(np.interp(np.log(orders), np.log(known), np.log(means)))
    return float(each.sum() * len(lags) * n_settings)


def run_ours(X, y, orders, lags, **options):
    start = time.perf_counter()
    search = ACMSearchCV(orders, lags, refit=False, **options).fit(X, y)
    return time.perf_counter() - start, search.cv_results_


def score_of(results, order, lag, C, kernel):
    """Return the mean test score of one candidate."""
    match = (results["param_order"] == order) & (results["param_lag"] == lag)
    match &= (results["param_C"] == C) & (results["param_kernel"] == kernel)
    return float(results["mean_test_score"][match][0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=22)
    parser.add_argument("--samples", type=int, default=1001)
    parser.add_argument("--trials", type=int, default=288)
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--lags", type=int, default=10)
    parser.add_argument("--sampled", default="1,4 2,4 4,2 6,8 8,4 10,8", help="order,lag pairs")
    parser.add_argument("--ours-lags", default="", help="time our search on these lags only")
    arguments = parser.parse_args()
    X, y = simulate(arguments.trials, arguments.channels, arguments.samples)
    X, y = X[: int(0.8 * len(X))], y[: int(0.8 * len(y))]  # one outer training set
    orders, lags = range(1, arguments.orders + 1), range(1, arguments.lags + 1)
    timed_lags = [int(v) for v in arguments.ours_lags.split(",") if v] or list(lags)
    scale = len(lags) / len(timed_lags)
    ours = {}
    for mode in ("exact", "shared"):
        for n_jobs in (1, 2):
            seconds, results = run_ours(X, y, orders, timed_lags, mode=mode, n_jobs=n_jobs)
            ours[mode, n_jobs] = (seconds * scale, results)
            print(f"ours {mode} n_jobs={n_jobs}: {seconds * scale:.1f} s for the grid", flush=True)
    timed, settings = {}, [(C, k) for C in (0.5, 1.0, 1.5) for k in ("linear", "rbf")]
    differences = []
    with threadpool_limits(1):
        for number, pair in enumerate(arguments.sampled.split()):
            order, lag = (int(value) for value in pair.split(","))
            C, kernel = settings[number % len(settings)]
            timed[order, lag], peer = library_search(X, y, order, lag, C, kernel)
            exact, shared = (
                score_of(ours[mode, 1][1], order, lag, C, kernel) if lag in timed_lags else np.nan
                for mode in ("exact", "shared")
            )
            differences.append(abs(exact - peer))
            print(
                f"order {order} lag {lag} C {C} {kernel}: library {timed[order, lag]:.1f} s, "
                f"AUC {peer:.5f}; ours exact {exact:.5f}, shared {shared:.5f}",
                flush=True,
            )
    print(f"largest difference, exact: {np.nanmax(differences):.1e} AUC")
    if np.nanmax(differences) > 1e-3:
        raise SystemExit("scores differ by more than 1e-3")
    total = extrapolate(timed, orders, lags, len(settings))
    print(f"library, one thread, {len(orders) * len(lags) * 6} candidates: {total:.0f} s estimated")
    for (mode, n_jobs), (seconds, _) in ours.items():
        # two library workers are taken to halve its time exactly
        print(f"{mode} n_jobs={n_jobs}: ratio {total / n_jobs / seconds:.1f}")


if __name__ == "__main__":
    main()
