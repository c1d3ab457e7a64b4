"""Where data lies, and the promise to leave the network alone."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from neurodecode.datasets import data_root, no_network, online


def test_the_environment_variable_decides_where_data_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path / "here"))
    assert data_root() == tmp_path / "here"
    assert not data_root().exists()


def test_inside_a_checkout_data_lies_in_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert data_root() != tmp_path / "data"
    for name in ("pipelines", "configs"):
        Path(name).mkdir()
    assert data_root() == tmp_path / "data"


def test_no_network_refuses_names_and_addresses_but_not_this_machine(site):
    site.files["/a"] = b"x"
    with no_network() as tries:
        with pytest.raises(OSError, match="no network here"):
            socket.create_connection(("example.org", 80), timeout=5)
        with pytest.raises(OSError, match="no network here"):
            socket.create_connection(("192.0.2.1", 80), timeout=5)
        host, port = site.base.removeprefix("http://").split(":")
        socket.create_connection((host, int(port)), timeout=5).close()
    assert tries == ["example.org", "192.0.2.1"]


def test_the_network_is_open_again_afterwards():
    before = socket.socket.connect, socket.getaddrinfo
    with pytest.raises(RuntimeError), no_network():
        raise RuntimeError
    assert (socket.socket.connect, socket.getaddrinfo) == before


def test_online_knows_a_listening_host(site, monkeypatch):
    host, port = site.base.removeprefix("http://").split(":")
    assert online(host, port=int(port))
    monkeypatch.setenv("NEURODECODE_OFFLINE", "1")
    assert not online(host, port=int(port))


def test_online_answers_within_its_time(monkeypatch):
    def hang(*args, **kwargs):
        time.sleep(0.6)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", hang)
    started = time.perf_counter()
    assert not online("192.0.2.1", timeout=0.1)
    assert time.perf_counter() - started < 0.5
