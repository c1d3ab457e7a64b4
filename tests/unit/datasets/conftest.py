"""A card, and a web server on this machine that can misbehave."""

from __future__ import annotations

import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from neurodecode.datasets import Card


@pytest.fixture
def card():
    """Return a card of two subjects with two EDF runs each."""
    return Card(
        name="Toy",
        access="url",
        subjects=["1", "2"],
        url="https://toy.invalid/",
        files=[{"path": "toy/S{subject:02d}R{run}.edf", "runs": [1, 2]}],
    )


class Site(BaseHTTPRequestHandler):
    """Serves ``files``; ``cut`` breaks the next answers off after so many bytes."""

    files: ClassVar[dict[str, bytes]] = {}
    plain: ClassVar[bool] = False  # knows no ranges
    cut: ClassVar[list[int]] = []
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self):
        body = self.files.get(self.path)
        self.ranges.append(self.headers.get("Range"))
        if body is None:
            self.send_error(404)
            return
        if self.plain:
            del self.headers["Range"]
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].rstrip("-"))
        if start and start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        part = body[start:]
        self.wfile.write(part[: self.cut.pop(0)] if self.cut else part)

    def log_message(self, *args):
        pass


@pytest.fixture
def site():
    """Return the handler class of a running server; ``site.base`` is its address."""
    handler = type("OwnSite", (Site,), {"files": {}, "cut": [], "ranges": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    handler.base = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()
