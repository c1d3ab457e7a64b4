"""What a run asks of Snakemake's scheduler and it does not do by itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any


@contextlib.contextmanager
def counted_cores() -> Iterator[None]:
    """Let Snakemake take off the cores of a job that is the only one ready.

    Until 9.16 it gives such cores back without having taken them, so that more and more jobs run
    side by side; later releases ask for a ``packaging`` that nilearn refuses.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    select = JobScheduler.job_selector

    def counted(scheduler: JobScheduler, jobs: Sequence[Any]) -> Sequence[Any]:
        free = scheduler.resources["_cores"]
        selected: Sequence[Any] = select(scheduler, jobs)
        if selected and scheduler.resources["_cores"] == free:
            scheduler.update_available_resources(selected)
        return selected

    JobScheduler.job_selector = counted
    try:
        yield
    finally:
        JobScheduler.job_selector = select


@contextlib.contextmanager
def stop_asked() -> Iterator[list[int]]:
    """Note the signals that ask to stop: Snakemake ends as it does for a job that failed."""
    from snakemake.scheduling.job_scheduler import JobScheduler

    seen: list[int] = []
    on_sigterm = JobScheduler.exit_gracefully

    def terminated(scheduler: JobScheduler, *arguments: Any) -> None:
        seen.append(signal.SIGTERM)
        on_sigterm(scheduler, *arguments)

    def interrupted(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    JobScheduler.exit_gracefully = terminated
    if main:
        signal.signal(signal.SIGINT, interrupted)
    try:
        yield seen
    finally:
        JobScheduler.exit_gracefully = on_sigterm
        if main:
            for number, handler in before.items():
                signal.signal(number, handler)
