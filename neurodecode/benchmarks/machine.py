"""The machine a benchmark ran on."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joblib import parallel_config
from threadpoolctl import threadpool_info, threadpool_limits


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Give one BLAS thread to this process and to each worker process started inside."""
    with threadpool_limits(1), parallel_config("loky", inner_max_num_threads=1):
        yield


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Give so many threads to the linear algebra of NumPy and of PyTorch."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory, BLAS libraries with their threads, and the load so far."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    blas = [
        f"{entry['internal_api']} {entry.get('version') or ''}, {entry['num_threads']} threads"
        for entry in threadpool_info()
        if entry["user_api"] == "blas"
    ]
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "cores of this process": cores,
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "BLAS while timed": "; ".join(sorted(set(blas))) or "none found",
        "load when a job began": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "-",
    }


def peak_memory_gb() -> float:
    """Return the peak resident memory of this process, 1e9 bytes (Linux counts in KiB)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _memory() -> str:
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return "-"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"
