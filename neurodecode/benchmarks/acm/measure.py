"""Times the nested search of ``acm`` and its peer, in turn, in one process."""

from __future__ import annotations

import time
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from neurodecode.benchmarks.acm.config import settings_of
from neurodecode.benchmarks.acm.peer import Setting, time_peer
from neurodecode.benchmarks.machine import describe_machine, one_blas_thread
from neurodecode.riemann.search import ACMSearchCV
from neurodecode.signals.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.benchmarks.acm.config import ACMBenchmark
    from neurodecode.benchmarks.config import BenchConfig

MODES = ("exact", "shared")
Trials = tuple["NDArray[np.float64]", "NDArray[Any]"]


def measure_unit(config: BenchConfig, unit: str, stores: Sequence[Path]) -> dict[str, Any]:
    """Carry out one job: a repeat with some workers, or a cost curve.

    Returns
    -------
    dict
        ``machine``, ``summary`` and either ``ours`` (seconds by mode and lags) with ``candidates``
        (the peer's seconds and all scores), or ``points`` of the curve.
    """
    store = open_store(stores[0])
    trials = np.asarray(store.signals, dtype=np.float64), store.trials["label"].to_numpy()
    bench, (kind, value, *_) = settings_of(config), unit.split("-")
    with one_blas_thread():
        machine = describe_machine()
        workers = int(value) if kind == "workers" else 1
        _warm_up(trials, bench, workers, config.seed)
        if kind == "workers":
            found = time_searches(outer_training_set(trials, bench, config.seed), bench,
                                  workers=workers, seed=config.seed)  # fmt: skip
        else:
            found = time_curve(trials, bench, value, seed=config.seed)
    return {"machine": machine, **found}


def outer_training_set(trials: Trials, bench: ACMBenchmark, seed: int) -> Trials:
    """Return the training trials of the first outer fold."""
    X, y = trials
    folds = StratifiedKFold(bench.outer_splits, shuffle=True, random_state=seed)
    train, _ = next(folds.split(X, y))
    return X[train], y[train]


def time_searches(
    trials: Trials, bench: ACMBenchmark, *, workers: int, seed: int
) -> dict[str, Any]:
    """Time our whole search, and the peer's sampled candidates between its parts.

    Lags are taken in blocks of as many as there are workers: ours in both modes, then the peer at
    the sampled pairs of the same lags, so that a drift of the machine meets all of them. The sum
    of our blocks is no less than one search over all lags.
    """
    ours: list[dict[str, Any]] = []
    candidates: list[dict[str, Any]] = []
    settings = list(product(bench.C, bench.kernels))
    blocks = [bench.lags[i : i + workers] for i in range(0, len(bench.lags), workers)]
    for number, lags in enumerate(blocks):
        # order 1 does not depend on the lag: our search computes it with the first lag only
        orders = [p for p in bench.orders if number == 0 or p > 1 or _sampled_at(bench, p, lags)]
        results = {}
        for mode in MODES if orders else ():
            seconds, results[mode] = _time_ours(trials, bench, orders, lags, mode, workers, seed)
            ours.append({"mode": mode, "lags": list(lags), "seconds": seconds})
        for place, (order, lag) in enumerate(bench.sampled):
            if lag not in lags:
                continue
            chosen = [settings[(place + k) % len(settings)] for k in range(workers)]
            seconds, scores = time_peer(
                *trials, (order, lag), chosen, n_splits=bench.n_splits, n_jobs=workers, seed=seed
            )
            for setting, peer in zip(chosen, scores, strict=True):
                held = {m: _score_of(results[m], (order, lag), setting) for m in MODES}
                candidates.append(
                    {"order": order, "lag": lag, "C": setting[0], "kernel": setting[1],
                     "seconds": seconds, "peer": peer, **held}
                )  # fmt: skip
    total = {m: sum(row["seconds"] for row in ours if row["mode"] == m) for m in MODES}
    said = ", ".join(f"{mode} {seconds:.1f} s" for mode, seconds in total.items())
    summary = f"{said}; {len(candidates)} candidates of the peer"
    return {"summary": summary, "ours": ours, "candidates": candidates}


def time_curve(trials: Trials, bench: ACMBenchmark, curve: str, *, seed: int) -> dict[str, Any]:
    """Time one (order, lag) point, all classifier settings, against one size.

    The peer is timed at one setting; it repeats everything for each, so its seconds are that times
    the number of settings.
    """
    X, y = outer_training_set(trials, bench, seed) if curve != "trials" else trials
    cost, points = bench.cost, []
    settings = list(product(bench.C, bench.kernels))
    for value, repeat in product(getattr(cost, curve), range(cost.repeats)):
        order = value if curve == "orders" else cost.order
        part = X[:value] if curve == "trials" else X[:, :value] if curve == "channels" else X
        labels = y[: len(part)]
        row: dict[str, Any] = {"curve": curve, "value": value, "repeat": repeat + 1}
        for mode in MODES:
            row[mode], _ = _time_ours((part, labels), bench, [order], [cost.lag], mode, 1, seed)
        seconds, _ = time_peer(
            part, labels, (order, cost.lag), [settings[repeat % len(settings)]],
            n_splits=bench.n_splits, n_jobs=1, seed=seed,
        )  # fmt: skip
        points.append({**row, "peer": seconds * len(settings)})
    summary = f"{len(getattr(cost, curve))} values, {cost.repeats} times"
    return {"summary": summary, "points": points}


def _sampled_at(bench: ACMBenchmark, order: int, lags: Sequence[int]) -> bool:
    return any(point[0] == order and point[1] in lags for point in bench.sampled)


def _time_ours(
    trials: Trials,
    bench: ACMBenchmark,
    orders: Sequence[int],
    lags: Sequence[int],
    mode: str,
    workers: int,
    seed: int,
) -> tuple[float, dict[str, Any]]:
    search = ACMSearchCV(
        orders, lags, bench.C, bench.kernels, n_splits=bench.n_splits, random_state=seed,
        mode=mode, n_jobs=workers, refit=False,
    )  # fmt: skip
    began = time.perf_counter()
    search.fit(*trials)
    return time.perf_counter() - began, search.cv_results_


def _score_of(results: dict[str, Any], point: tuple[int, int], setting: Setting) -> float:
    """Return the mean test score of one candidate of our search."""
    wanted = dict(zip(("order", "lag", "C", "kernel"), (*point, *setting), strict=True))
    place = results["params"].index(wanted)
    return float(results["mean_test_score"][place])


def _warm_up(trials: Trials, bench: ACMBenchmark, workers: int, seed: int) -> None:
    """Start workers, load libraries and touch the code paths, untimed."""
    part = trials[0][:40, :4].copy(), trials[1][:40]
    lags = list(range(1, workers + 1))
    for mode in MODES:
        _time_ours(part, bench, [1, 2], lags, mode, workers, seed)
    settings = [(1.0, "linear")] * workers
    time_peer(*part, (2, 1), settings, n_splits=bench.n_splits, n_jobs=workers, seed=seed)
