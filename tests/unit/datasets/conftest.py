"""Small files of each kind, a card, and a web server on this machine that can misbehave."""

from __future__ import annotations

import functools
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from neurodecode.datasets import Card


def edf_bytes(n_records=3, n_signals=2, samples=10, *, declared=None):
    """Return a minimal EDF file of zeros."""
    declared = n_records if declared is None else declared
    header = 256 * (1 + n_signals)
    fixed = [("0", 8), ("", 80), ("", 80), ("01.01.01", 8), ("00.00.00", 8), (str(header), 8)]
    fixed += [("", 44), (str(declared), 8), ("1", 8), (str(n_signals), 4)]
    per_signal = [("EEG", 16), ("", 80), ("uV", 8), ("-1", 8), ("1", 8), ("-32768", 8)]
    per_signal += [("32767", 8), ("", 80), (str(samples), 8), ("", 32)]
    text = "".join(value.ljust(width) for value, width in fixed)
    text += "".join(value.ljust(width) * n_signals for value, width in per_signal)
    return text.encode() + bytes(2 * samples * n_signals * n_records)


def fif_bytes(n_tags=4, payload=100):
    """Return tags as in a FIF file, the last one closing the list."""
    tags = struct.pack(">iiii", 100, 31, 20, 0) + bytes(20)
    tags += b"".join(struct.pack(">iiii", 300, 4, payload, 0) + bytes(payload) for _ in range(n_tags))
    return tags + struct.pack(">iiii", 108, 0, 0, -1)


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
    cut: ClassVar[list[int]] = []
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self):
        body = self.files.get(self.path)
        self.ranges.append(self.headers.get("Range"))
        if body is None:
            self.send_error(404)
            return
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
