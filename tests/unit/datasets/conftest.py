"""A card, a web server on this machine that can misbehave, and small BIDS recordings."""

from __future__ import annotations

import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
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


def bids_recording(root, subject, events, *, names, kind="eeg", positions=True, **entities):
    """Write one recording of 12 s at 100 Hz (BrainVision, or FIF for MEG) and its events."""
    import mne
    import mne_bids

    rng = np.random.default_rng(0)
    info = mne.create_info(list(names), 100.0, "eeg" if kind == "eeg" else "mag")
    info["line_freq"] = 50
    scale = 1e-5 if kind == "eeg" else 1e-12
    raw = mne.io.RawArray(rng.standard_normal((len(names), 1200)) * scale, info, verbose="ERROR")
    if positions and kind == "eeg":
        raw.set_montage("easycap-M1", verbose="ERROR")
    path = mne_bids.BIDSPath(
        subject=subject, datatype=kind, root=root, **{"task": "listening", **entities}
    )
    mne_bids.write_raw_bids(
        raw, path, format="BrainVision" if kind == "eeg" else "FIF", allow_preload=True,
        overwrite=True, verbose="ERROR",
    )  # fmt: skip
    table = path.copy().update(suffix="events", extension=".tsv")
    events_table(Path(table.fpath), events)
    return Path(table.fpath)


def events_table(path, events):
    events.to_csv(path, sep="\t", index=False, na_rep="n/a")


@pytest.fixture(scope="session")
def write_bids():
    """Return a writer of one BIDS recording: ``write_bids(root, subject, events, names=...)``."""
    return bids_recording


@pytest.fixture(scope="session")
def write_events():
    """Return a writer of an events.tsv: ``write_events(path, events)``."""
    return events_table
