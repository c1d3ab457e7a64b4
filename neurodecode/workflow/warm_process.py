"""A process that keeps packages loaded and forks into one job after the other.

Importing torch, Lightning or MOABB takes seconds, as long as many a job. A job tells this process
which modules it had to load; the jobs after it find them there. The process belongs to one run:
it ends with it, holds no data and computes nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neurodecode.workflow.step import run_step
from neurodecode.workflow.warm import STARTED, WARM, address

JOB, MODULES = b"job", b"new"
GPUS = (Path("/dev/nvidiactl"), Path("/dev/kfd"))
"""There where a driver of CUDA or ROCm is: what a library asked of it does not survive a fork."""


class Request(NamedTuple):
    """A job that was asked for: whom to answer, where to write, and what to run."""

    connection: socket.socket
    files: list[int]
    content: dict[str, Any]


@contextlib.contextmanager
def warm_process() -> Iterator[dict[str, str]]:
    """Run a warm process; yield the variables with which jobs find it.

    On Linux without a GPU, where forking after packages are loaded is safe. Elsewhere, and where
    the folder of temporary files is too deep for a socket, there are none, and every job loads its
    packages itself; so it does where the process has died.
    """
    if sys.platform != "linux" or any(device.exists() for device in GPUS):
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="neurodecode-") as folder:
        path = str(Path(folder) / "jobs")
        with socket.socket(socket.AF_UNIX) as listener:
            bound = _bind(listener, path)
            process = _start(listener) if bound else None
        if process is None:
            yield {}
            return
        try:
            yield {WARM: address(path)}
        finally:
            process.terminate()
            process.communicate()


def _bind(listener: socket.socket, path: str) -> bool:
    """Listen at a path; return False where the system cannot, as of paths over 107 bytes."""
    try:
        listener.bind(path)
        listener.listen()
    except OSError:
        return False
    return True


def _start(listener: socket.socket) -> subprocess.Popen[bytes]:
    """Start the process; its input stays open as long as this process lives."""
    number = listener.fileno()
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[number],
    )


def serve(listener: socket.socket, driver: int) -> Request | None:
    """Answer until the driver is gone; return a request in the process forked for it.

    Ends, and leaves the jobs to themselves, once a module has started a thread: a fork would not
    have it, but might have a lock that it held.
    """
    while threading.active_count() == 1:
        ready, _, _ = select.select([listener.fileno(), driver], [], [])
        if driver in ready:
            break
        connection, _ = listener.accept()
        with connection:
            kind, files, _, _ = socket.recv_fds(connection, len(JOB), 3)
            with connection.makefile() as reader:
                content = json.loads(reader.readline() or "{}")
            if kind == MODULES:
                load(content["modules"])
            elif kind == JOB and os.fork() == 0:
                return Request(connection.dup(), files, content)
            for file in files:
                os.close(file)
    return None


def load(modules: Sequence[str]) -> None:
    """Import what can be imported, out of reach of the garbage collectors of the forks."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.freeze()


def carry_out(request: Request, server: str) -> int:
    """Run the job as a process of its own would; return its exit code."""
    for number, file in enumerate(request.files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request.content["folder"])
    os.environ.clear()
    os.environ.update(request.content["environment"])
    known = set(sys.modules)
    request.connection.sendall(STARTED)
    threading.Thread(target=_follow, args=(request.connection,), daemon=True).start()
    code = run_step(Path(), *request.content["job"])
    _report([module for module in sys.modules if module not in known], server)
    return code


def _report(modules: Sequence[str], server: str) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(server)
        connection.sendall(MODULES + json.dumps({"modules": modules}).encode() + b"\n")


def _follow(connection: socket.socket) -> None:
    """End this process when the command that waits for it is gone."""
    connection.recv(1)
    os._exit(5)


def _leave(ended: Sequence[tuple[socket.socket, int]]) -> None:
    """Answer with the exit code of a job and end there and then.

    What follows in the end of a program are libraries that wait for threads of theirs, which the
    fork does not have.
    """
    for connection, code in ended:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(str(code).encode())
        os._exit(code)


def _run() -> None:
    ended: list[tuple[socket.socket, int]] = []
    atexit.register(_leave, ended)  # the first one registered is called after all others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        server = listener.getsockname()
        request = serve(listener, sys.stdin.fileno())
    if request is None:
        shutil.rmtree(Path(server).parent, ignore_errors=True)
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended.append((request.connection, carry_out(request, server)))


if __name__ == "__main__":
    _run()
