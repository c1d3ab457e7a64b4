"""The cache returns what the encoder would, once computed, and never anything damaged."""

from __future__ import annotations

import errno
import inspect
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neurodecode.faults import DataFault, DiskFault
from neurodecode.stimuli.pictures import cache as cache_module
from neurodecode.stimuli.pictures import colour, engineered, files
from neurodecode.stimuli.pictures.cache import PictureCache, source_hashes
from neurodecode.stimuli.pictures.colour import ColourHistogram
from neurodecode.stimuli.pictures.encoder import make_picture_encoder
from neurodecode.stimuli.pictures.files import read_picture


class Mean:
    """Mean colour, or the length of the label; counts what it encodes."""

    shape = (3,)

    def __init__(self, reads_labels=False, value=1):
        self.reads_labels, self.value = reads_labels, value
        self.encoded, self.batches = [], []

    def settings(self):
        return {"encoder": "mean", "labels": self.reads_labels, "value": self.value}

    def encode(self, pictures, labels):
        self.encoded += labels
        self.batches.append(sum(picture.nbytes for picture in pictures))
        if self.reads_labels:
            return np.array([[len(label)] * 3 for label in labels], dtype=np.float32)
        return np.stack([p.mean(axis=(0, 1)) for p in pictures]).astype(np.float32) * self.value


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for number in range(12):
        pixels = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{number:02d}.png")
    return tmp_path / "pictures"


@pytest.fixture
def names(root):
    return sorted(path.name for path in root.iterdir())


@pytest.fixture
def cache(tmp_path):
    return PictureCache(tmp_path / "cache", Mean())


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(cache_module, "_SHARD_ROWS", 5)


def truth(root, names):
    return np.stack([read_picture(root / name).mean(axis=(0, 1)) for name in names]).astype("f4")


def shards(cache):
    return sorted(cache.folder.glob("*.npy"))


def test_the_second_request_is_read_not_computed(cache, root, names):
    first = cache.get(root, names)
    np.testing.assert_array_equal(first, truth(root, names))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(cache.get(root, names), first)
    np.testing.assert_array_equal(PictureCache(cache.folder.parent, Mean()).get(root, names), first)
    assert len(cache.encoder.encoded) == 12
    assert len(shards(cache)) == 3


def test_any_order_any_part_and_repeats_come_from_the_same_rows(cache, root, names):
    everything = cache.get(root, names)
    order = [7, 3, 3, 11, 0, 7]
    found = cache.get(root, [names[i] for i in order])
    np.testing.assert_array_equal(found, everything[order])
    assert len(cache.encoder.encoded) == 12


def test_only_new_pictures_are_encoded(cache, root, names):
    cache.get(root, names[:4])
    cache.get(root, names, labels=names)
    assert cache.encoder.encoded[4:] == names[4:]


def test_a_picture_under_two_names_is_encoded_once(cache, root, names):
    shutil.copy(root / names[0], root / "copy.png")
    a, b = cache.get(root, [names[0], "copy.png"])
    np.testing.assert_array_equal(a, b)
    assert len(cache.encoder.encoded) == 1


def test_a_changed_picture_is_encoded_anew(cache, root, names):
    cache.get(root, names[:2])
    shutil.copy(root / names[5], root / names[0])
    np.testing.assert_array_equal(cache.get(root, names[:2]), truth(root, names[:2]))
    assert len(cache.encoder.encoded) == 3


def test_settings_and_edited_code_each_make_another_folder(cache, root, names, monkeypatch):
    cache.get(root, names[:1])
    PictureCache(cache.folder.parent, Mean(value=2)).get(root, names[:1])
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda module: source(module) + "# edited")
    edited = PictureCache(cache.folder.parent, Mean())
    edited.get(root, names[:1])
    assert len(edited.encoder.encoded) == 1
    folders = [path for path in cache.folder.parent.iterdir() if path.is_dir()]
    assert len(folders) == 3
    written = json.loads(cache.folder.with_suffix(".json").read_text())
    assert written["settings"] == cache.encoder.settings()


def test_code_is_that_of_the_encoder_and_of_what_it_uses():
    used = source_hashes(ColourHistogram())
    assert {colour.__name__, engineered.__name__, files.__name__} <= set(used)
    assert cache_module.__name__ not in used


def test_encoders_of_text_look_at_labels_only_and_encode_each_once(tmp_path):
    cache = PictureCache(tmp_path / "cache", Mean(reads_labels=True))
    found = cache.get(tmp_path / "nowhere", ["a.png", "b.png", "c.png"], ["ox", "hen", "ox"])
    assert found[:, 0].tolist() == [2, 3, 2]
    assert cache.encoder.encoded == ["ox", "hen"]
    for labels in (None, ["ox", "", "hen"]):
        with pytest.raises(DataFault, match=r"one has no label \[[ab].png\]"):
            cache.get(tmp_path, ["a.png", "b.png", "c.png"], labels)


@pytest.mark.parametrize("fresh", [True, False])
def test_a_truncated_shard_is_computed_again(cache, root, names, fresh):
    whole = cache.get(root, names)
    path = shards(cache)[1]
    path.write_bytes(path.read_bytes()[:-10])
    reader = PictureCache(cache.folder.parent, cache.encoder) if fresh else cache
    np.testing.assert_array_equal(reader.get(root, names), whole)
    assert 12 < len(cache.encoder.encoded) <= 17
    np.testing.assert_array_equal(PictureCache(cache.folder.parent, Mean()).get(root, names), whole)


def test_a_flipped_byte_is_noticed_by_the_next_process(cache, root, names):
    whole = cache.get(root, names)
    for path in shards(cache):
        content = bytearray(path.read_bytes())
        content[-6] ^= 0xFF
        path.write_bytes(content)
    np.testing.assert_array_equal(PictureCache(cache.folder.parent, Mean()).get(root, names), whole)
    assert len(shards(cache)) == 3  # damaged files do not stay


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"size": 1, "sha256": "", "keys": 3}'])
def test_a_damaged_description_is_written_again(cache, root, names, content):
    whole = cache.get(root, names)
    shards(cache)[0].with_suffix(".json").write_text(content)
    for _ in range(2):
        np.testing.assert_array_equal(cache.get(root, names), whole)
    assert 12 < len(cache.encoder.encoded) <= 17


def test_an_array_without_a_description_does_not_count(cache, root, names):
    whole = cache.get(root, names)
    shards(cache)[0].with_suffix(".json").unlink()
    np.testing.assert_array_equal(cache.get(root, names), whole)


def test_a_large_result_is_a_memory_map_and_the_disk_keeps_each_row_once(root, names, tmp_path):
    cache = PictureCache(tmp_path / "cache", Mean(), limit_gib=0)
    found = cache.get(root, names)
    np.testing.assert_array_equal(found, truth(root, names))
    assert isinstance(found, np.memmap)
    assert not found.flags.writeable
    assert len(shards(cache)) == 1
    again = PictureCache(tmp_path / "cache", Mean(), limit_gib=0)
    np.testing.assert_array_equal(again.get(root, names), found)
    backwards = again.get(root, names[::-1])
    np.testing.assert_array_equal(backwards, found[::-1])
    assert again.encoder.encoded == []
    assert len(shards(cache)) == 1
    in_memory = PictureCache(tmp_path / "cache", Mean()).get(root, names)
    assert not isinstance(in_memory, np.memmap)
    np.testing.assert_array_equal(in_memory, found)


def test_repeats_in_a_large_result_are_kept(root, names, tmp_path):
    cache = PictureCache(tmp_path / "cache", Mean(), limit_gib=0)
    order = [names[i] for i in (2, 1, 2, 0)]
    np.testing.assert_array_equal(cache.get(root, order), truth(root, order))


def test_pictures_are_read_a_few_at_a_time(cache, root, names, monkeypatch):
    one = read_picture(root / names[0]).nbytes
    monkeypatch.setattr(cache_module, "_SHARD_ROWS", 12)
    monkeypatch.setattr(cache_module, "_BATCH_BYTES", 2 * one)
    cache.get(root, names)
    assert max(cache.encoder.batches) <= 3 * one
    monkeypatch.setattr(cache_module, "_BATCH_ROWS", 2)
    PictureCache(cache.folder.parent, encoder := Mean(value=2)).get(root, names)
    assert encoder.batches == [2 * one] * 6


def test_what_was_encoded_before_a_fault_is_kept(cache, root, names):
    content = (root / names[-1]).read_bytes()
    (root / names[-1]).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataFault, match=r"truncated or damaged.*11.png"):
        cache.get(root, names)
    (root / names[-1]).write_bytes(content)
    cache.get(root, names)
    assert len(cache.encoder.encoded) == 12


FILL = """
import sys
from pathlib import Path
from neurodecode.stimuli.pictures import cache
from neurodecode.stimuli.pictures.encoder import make_picture_encoder
cache._SHARD_ROWS = 2
names = sorted(path.name for path in Path(sys.argv[2]).iterdir())
encoder = make_picture_encoder("colour_histogram")
for limit in (2, 0):
    for _ in range(5):
        cache.PictureCache(sys.argv[1], encoder, limit).get(sys.argv[2], names)
        cache.PictureCache(sys.argv[1], encoder, limit).get(sys.argv[2], names[::-1])
"""


def test_three_processes_at_once_leave_whole_files(tmp_path, root, names):
    folder = tmp_path / "cache"
    command = [sys.executable, "-c", FILL, str(folder), str(root)]
    workers = [subprocess.Popen(command) for _ in range(3)]
    assert [worker.wait(120) for worker in workers] == [0, 0, 0]
    assert not list(folder.rglob("*.part"))
    encoder = make_picture_encoder("colour_histogram")
    expected = encoder.encode([read_picture(root / name) for name in names], [""] * 12)
    np.testing.assert_array_equal(PictureCache(folder, encoder).get(root, names), expected)


def test_no_bar_is_drawn_where_there_is_no_terminal(cache, root, names, capfd):
    cache.get(root, names)
    assert capfd.readouterr() == ("", "")


def test_faults_of_files_labels_and_numbers_are_named(cache, root, names, tmp_path):
    with pytest.raises(DataFault, match=r"not found.*0l.png.*did you mean '10.png'"):
        cache.get(root, ["00.png", "0l.png"])
    with pytest.raises(DataFault, match=r"2 of 3 pictures are missing or empty: a.png, b.png"):
        cache.get(root, ["00.png", "a.png", "b.png"])
    with pytest.raises(DataFault, match="no picture to encode"):
        cache.get(root, [])
    with pytest.raises(DataFault, match="1 labels for 2 pictures"):
        cache.get(root, names[:2], ["ox"])
    with pytest.raises(DataFault, match=r"embedding by mean is not finite \[.*01.png\]"):
        PictureCache(tmp_path / "a", Mean(value=np.inf)).get(root, ["01.png"])
    with pytest.raises(DiskFault, match="cannot write"):
        PictureCache(root / "00.png" / "below", Mean()).get(root, names)


def test_a_disk_too_small_is_said_before_anything_is_encoded(cache, root, names, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=12 * 12 - 1))
    with pytest.raises(DiskFault, match=r"12 embeddings by mean take 0.0 GiB.*are free"):
        cache.get(root, names)
    assert cache.encoder.encoded == []


def test_a_full_disk_while_a_large_result_is_ordered_is_a_fault(root, names, tmp_path, monkeypatch):
    PictureCache(tmp_path / "cache", Mean()).get(root, names)
    cache = PictureCache(tmp_path / "cache", Mean(), limit_gib=0)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(DiskFault, match=r"cannot write: No space left"):
        cache.get(root, names)
    monkeypatch.undo()
    np.testing.assert_array_equal(cache.get(root, names), truth(root, names))
