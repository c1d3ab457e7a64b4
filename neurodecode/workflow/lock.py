"""One run at a time in one folder; a lock dies with its process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from neurodecode.artefacts import read_json, write_json
from neurodecode.faults import DataFault, DiskFault

HOLDER = "run.lock.json"
"""Beside the lock: who holds it, while it is held."""


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the run folder; the operating system releases it even after ``kill -9``.

    Raises
    ------
    DiskFault
        If another run holds it, with that run's process number, host and age.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DiskFault(f"cannot make the run folder: {reason}", where=str(folder)) from error
    holder = folder / HOLDER
    lock = FileLock(folder / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise DiskFault(
            "another run is at work in this folder",
            where=f"{folder}, {_describe(holder)}",
            fix="wait for it, stop that process, or give another folder with --out",
        ) from error
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(holder, {"pid": os.getpid(), "host": socket.gethostname(), "started": started})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        info = read_json(holder)
    except DataFault:
        return "process unknown"
    age = datetime.now(UTC) - datetime.fromisoformat(info["started"])
    return f"process {info['pid']} on {info['host']}, for {int(age.total_seconds())} s"
