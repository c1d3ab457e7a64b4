"""nilearn's fetchers run into our root, with the network closed where files are here."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import pytest

from neurodecode.datasets import Card, no_network
from neurodecode.datasets.fetch import fetch
from neurodecode.faults import ConfigFault, DataFault, NetworkFault


@pytest.fixture
def fetcher(monkeypatch):
    """Install a fetcher in nilearn that connects only for files that are absent."""
    import nilearn.datasets

    calls = []

    def fetch_toy(n_subjects=1, data_dir=None):
        names = []
        for number in range(n_subjects):
            path = Path(data_dir) / "toy" / f"{number}.nii.gz"
            if not path.is_file():
                calls.append(number)
                socket.create_connection(("192.0.2.1", 80), timeout=0.01)
            names.append(str(path))
        return {"func": names, "description": "a/b\nc"}

    monkeypatch.setattr(nilearn.datasets, "fetch_toy", fetch_toy, raising=False)
    return calls


TOY = Card(name="toy", access="nilearn", source="fetch_toy", subjects=["a", "b", "c"])


def test_files_that_are_here_cost_no_network(fetcher, tmp_path):
    folder = tmp_path / "nilearn" / "toy"
    folder.mkdir(parents=True)
    for number in range(2):
        (folder / f"{number}.nii.gz").write_bytes(gzip.compress(bytes(10)))
    with no_network() as tries:
        manifest = fetch(TOY, subjects=["a", "b"], root=tmp_path)
        assert fetch(TOY, subjects=["a"], root=tmp_path) == manifest
    assert list(manifest.files) == ["nilearn/toy/0.nii.gz", "nilearn/toy/1.nii.gz"]
    assert (fetcher, tries) == ([], [])
    with pytest.raises(NetworkFault):
        fetch(TOY, root=tmp_path, offline=True)


def test_absent_and_offline_is_told_at_once(fetcher, tmp_path):
    with pytest.raises(NetworkFault, match="toy is not here and cannot be fetched now"):
        fetch(TOY, subjects=["a"], root=tmp_path, offline=True)


def test_only_the_first_subjects_can_be_asked_for(fetcher, tmp_path):
    with pytest.raises(DataFault, match=r"first subjects.*ask for a"):
        fetch(TOY, subjects=["c"], root=tmp_path, offline=True)


def test_an_unknown_fetcher_gets_the_nearest_name(tmp_path):
    card = TOY.model_copy(update={"source": "fetch_development_fmr"})
    with pytest.raises(ConfigFault, match="did you mean 'fetch_development_fmri'"):
        fetch(card, root=tmp_path, offline=True)


def test_a_real_fetcher_is_absent_at_once_when_offline(tmp_path):
    card = TOY.model_copy(update={"source": "fetch_development_fmri"})
    with pytest.raises(NetworkFault, match="fetch_development_fmri"):
        fetch(card, subjects=["a"], root=tmp_path, offline=True)
