"""A publisher's pickled dictionary is read as data; whatever wants to run is refused."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from neurodecode.datasets import pickled
from neurodecode.datasets.pickled import read_pickled_dict
from neurodecode.faults import DataFault


def save(path, content, protocol=None):
    """Write as numpy.save does; older NumPy used protocol 3."""
    if protocol is None:
        np.save(path, np.array(content, dtype=object), allow_pickle=True)
        return path
    with path.open("wb") as file:
        header = {"descr": "|O", "fortran_order": False, "shape": ()}
        np.lib.format.write_array_header_1_0(file, header)
        pickle.dump(np.array(content, dtype=object), file, protocol=protocol)
    return path


@pytest.fixture
def content():
    rng = np.random.default_rng(0)
    return {
        "signals": rng.standard_normal((3, 50)),
        "turned": np.asfortranarray(rng.standard_normal((4, 5)).astype(">f4")),
        "names": ["Fp1", "Fz", "stim"],
        "words": np.array(["aardvark", "abacus"]),
        "objects": np.array(["a", None, 3], dtype=object),
        "sfreq": 1000,
        "lowpass": np.float64(100.0),
        "nested": {"a": (1, 2.5, True, None)},
    }


@pytest.mark.parametrize("protocol", [None, 3, 4])
def test_everything_that_is_data_comes_back(tmp_path, content, protocol):
    path = save(tmp_path / "a.npy", content, protocol)
    read = read_pickled_dict(path, tuple(content))
    for key in ("signals", "turned", "words"):
        np.testing.assert_array_equal(read[key], content[key])
    assert read["names"] == content["names"]
    assert read["objects"] == ["a", None, 3]
    assert (read["sfreq"], read["lowpass"]) == (1000, 100.0)
    assert read["nested"] == {"a": [1, 2.5, True, None]}


@pytest.mark.parametrize("protocol", [None, 3])
def test_large_arrays_stay_on_disk_and_are_never_written(tmp_path, monkeypatch, protocol):
    monkeypatch.setattr(pickled, "LARGE_BYTES", 100_000)
    signals = np.arange(60_000.0).reshape(3, 20_000)
    path = save(tmp_path / "a.npy", {"signals": signals, "turned": signals.T}, protocol)
    before = path.read_bytes()
    read = read_pickled_dict(path, ("signals", "turned"))
    assert isinstance(read["signals"], np.memmap)
    np.testing.assert_array_equal(read["signals"], signals)
    np.testing.assert_array_equal(read["turned"], signals.T)
    read["signals"][0, 0] = -1.0
    assert path.read_bytes() == before


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (os.system, ("touch {mark}",), r"(posix|nt)\.system"),
        (eval, ("open('{mark}', 'w')",), r"(builtins|__builtin__)\.eval"),
        (np.save, ("{mark}", 1), r"numpy\.save"),
        (getattr, ("a", "upper"), r"(builtins|__builtin__)\.getattr"),
    ],
)
def test_a_hostile_file_is_refused_and_nothing_runs(tmp_path, protocol, function, arguments, named):
    mark = tmp_path / "mark"
    filled = [a.format(mark=mark) if isinstance(a, str) else a for a in arguments]
    path = save(tmp_path / "a.npy", {"sfreq": 1, "x": Hostile(function, *filled)}, protocol)
    with pytest.raises(DataFault, match=rf"it wants to use {named}, refused.*a\.npy"):
        read_pickled_dict(path, ("sfreq",))
    assert not list(tmp_path.glob("mark*"))


def test_an_allowed_name_cannot_reach_further(tmp_path):
    header = save(tmp_path / "a.npy", {}, 3).read_bytes()[:128]
    for body in (
        b"cnumpy\ndtype.__class__\n.",  # an attribute of an allowed name
        b"cnumpy.core.multiarray\nfromfile\n(Vx\ntR.",
        b"\x80\x02Pid\n.",  # a persistent object
        b"\x80\x02\x82\x01.",  # an extension code
        b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8tR.",
        b"(lp0\nh\x00a.",
    ):
        (tmp_path / "b.npy").write_bytes(header + body)
        with pytest.raises(DataFault, match=r"b\.npy"):
            read_pickled_dict(tmp_path / "b.npy", ("x",))


def test_types_that_could_hold_objects_and_odd_values_are_refused(tmp_path):
    record = np.zeros(2, dtype=[("a", "f8")])
    with pytest.raises(DataFault, match=r"array type 'V8', refused"):
        read_pickled_dict(save(tmp_path / "a.npy", {"x": record}), ("x",))
    with pytest.raises(DataFault, match=r"a value of kind bytes, refused"):
        read_pickled_dict(save(tmp_path / "b.npy", {"x": b"raw"}), ("x",))


def test_broken_files_are_answered_in_one_line(tmp_path, content):
    path = save(tmp_path / "a.npy", content)
    whole = path.read_bytes()
    with pytest.raises(DataFault, match=r"no 'sfreqs' in the file, found: signals, turned, names"):
        read_pickled_dict(path, ("sfreq", "sfreqs"))
    for end in (200, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:end])
        with pytest.raises(DataFault, match=r"a\.npy.*fetch again"):
            read_pickled_dict(path, ("sfreq",))
    np.save(path, np.zeros(3))
    with pytest.raises(DataFault, match="an array, not a dictionary"):
        read_pickled_dict(path, ("sfreq",))
    path.write_text("<html>404</html>")
    with pytest.raises(DataFault, match="error page"):
        read_pickled_dict(path, ("sfreq",))
    with pytest.raises(DataFault, match=r"file not found.*b\.npy"):
        read_pickled_dict(tmp_path / "b.npy", ("sfreq",))
