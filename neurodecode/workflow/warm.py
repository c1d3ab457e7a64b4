"""Hands a job to the warm process of its run, if there is one (see :mod:`.warm_process`)."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

WARM = "NEURODECODE_WARM"
"""Variable that names the socket of the warm process, and the session it belongs to."""
STARTED = b"+"
KILLED = 137


def ask(arguments: Sequence[str]) -> int | None:
    """Have the warm process carry out ``neurodecode step``; wait for it.

    Parameters
    ----------
    arguments : sequence of str
        The arguments of the ``neurodecode`` command.

    Returns
    -------
    int or None
        The exit code, 137 where the job ended without one; ``None`` if the command is another one
        or no warm process takes it: there is none, or the job is on another computer or under the
        limits of a cluster.
    """
    path, _, session = os.environ.get(WARM, "").rpartition("@")
    if len(arguments) != 3 or arguments[0] != "step" or not path or session != _session():
        return None
    job, folder = list(arguments[1:]), str(Path.cwd())
    request = {"job": job, "folder": folder, "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
            socket.send_fds(connection, [b"job"], [0, 1, 2])
            connection.sendall(json.dumps(request).encode() + b"\n")
            if connection.recv(1) != STARTED:
                return None
        except OSError:
            return None
        try:
            return int(connection.recv(8) or KILLED)
        except OSError:
            return KILLED


def address(path: str) -> str:
    """Return the value of :data:`WARM` for a socket of this session."""
    return f"{path}@{_session()}"


def _session() -> str:
    return f"{socket.gethostname()}.{os.getsid(0)}" if sys.platform != "win32" else ""
