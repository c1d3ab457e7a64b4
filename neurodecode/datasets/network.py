"""Is there a network, and the promise not to touch it."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICK = 2.0


class NetworkClosed(ConnectionRefusedError):
    """A connection was tried inside :func:`no_network`."""


def online(host: str, *, port: int = 443, timeout: float = QUICK) -> bool:
    """Return whether ``host`` answers within ``timeout`` seconds (default 2).

    The environment variable ``NEURODECODE_OFFLINE=1`` makes it False without a try. Where a
    proxy is set, the proxy is asked instead, since the host itself is then out of reach.
    """
    if os.environ.get("NEURODECODE_OFFLINE", "").lower() in ("1", "true", "yes"):
        return False
    proxy = urlsplit(getproxies().get("https", ""))
    if proxy.hostname and not _is_local(host) and not proxy_bypass(host):
        host, port = proxy.hostname, proxy.port or 8080
    answered = threading.Event()
    # A name look-up has no timeout of its own, so it waits in a thread we need not join.
    threading.Thread(target=_knock, args=(host, port, timeout, answered), daemon=True).start()
    return answered.wait(timeout)


@contextmanager
def no_network() -> Iterator[list[str]]:
    """Make every connection outside this machine fail at once; yield the list of tries.

    Holds for all threads of this process while the block runs.

    Examples
    --------
    >>> with no_network() as tries:
    ...     pass
    >>> tries
    []
    """
    tries: list[str] = []
    methods = ("connect", "connect_ex", "sendto")
    guards = [patch.object(socket.socket, m, _guarded_method(m, tries)) for m in methods]
    guards.append(patch.object(socket, "getaddrinfo", _guarded_lookup(tries)))
    for guard in guards:
        guard.start()
    try:
        yield tries
    finally:
        for guard in guards:
            guard.stop()


def _knock(host: str, port: int, timeout: float, answered: threading.Event) -> None:
    try:
        socket.create_connection((host, port), timeout=timeout).close()
    except OSError:
        return
    answered.set()


def _guarded_method(name: str, tries: list[str]) -> Callable[..., Any]:
    original = getattr(socket.socket, name)

    def guarded(self: socket.socket, *args: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(str(args[-1][0])):
            raise _closed(str(args[-1][0]), tries)
        return original(self, *args)

    return guarded


def _guarded_lookup(tries: list[str]) -> Callable[..., Any]:
    original = socket.getaddrinfo

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_local(name):
            raise _closed(name, tries)
        return original(host, *args, **kwargs)

    return guarded


def _closed(host: str, tries: list[str]) -> NetworkClosed:
    tries.append(host)
    return NetworkClosed(f"no network here: connection to {host} refused")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in ("localhost", "")
