"""Nothing is lost in silence between a source and a slow decoder."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.faults import DataFault
from neurodecode.streaming.buffer import ChunkQueue, Ring
from neurodecode.streaming.sources import Chunk, Marker


class Burst:
    """A live source that gives ten chunks of 1 s at once, each with a marker."""

    sfreq, live, channels = 10.0, True, ["Cz"]

    def __init__(self, fault=None):
        self.given, self.fault, self.done = 0, fault, threading.Event()

    def __iter__(self):
        for k in range(10):
            self.given += 1
            yield Chunk(float(k), np.full((1, 10), float(k)), (Marker(k + 0.5, str(k)),))
        self.done.set()
        if self.fault is not None:
            raise self.fault

    def close(self):
        pass


def slow_reader(queue, source):
    """Yield the chunks of a queue, the first only once the source has ended."""
    chunks = iter(queue)
    first = next(chunks)
    source.done.wait(5)
    yield first
    yield from chunks


def test_the_oldest_chunks_of_a_live_source_are_dropped_and_counted():
    source = Burst()
    queue = ChunkQueue(source, seconds=3.0)
    got = list(slow_reader(queue, source))
    assert [chunk.start for chunk in got[-3:]] == [7.0, 8.0, 9.0]
    assert queue.dropped == pytest.approx(10 - len(got))
    assert queue.dropped >= 6
    assert queue.fullest <= 3.0


def test_markers_of_dropped_chunks_are_kept_in_order():
    source = Burst()
    got = list(slow_reader(ChunkQueue(source, seconds=3.0), source))
    labels = [marker.label for chunk in got for marker in chunk.markers]
    assert labels == [str(k) for k in range(10)]


def test_a_source_that_must_wait_loses_nothing():
    source = Burst()
    queue = ChunkQueue(source, seconds=2.0, overflow="wait")
    got = list(queue)
    assert [chunk.start for chunk in got] == list(range(10))
    assert queue.dropped == 0
    assert queue.fullest <= 2.0


def test_a_fault_of_the_source_reaches_the_reader_after_what_came_before():
    queue = ChunkQueue(Burst(DataFault("the amplifier is gone")), seconds=20.0)
    got = []
    with pytest.raises(DataFault, match="amplifier"):
        got.extend(queue)
    assert queue.dropped == 0


def test_a_reader_that_stops_stops_the_source():
    source = Burst()
    queue = ChunkQueue(source, seconds=1.0, overflow="wait")
    chunks = iter(queue)
    next(chunks)
    chunks.close()
    assert source.given < 10


@given(sizes=st.lists(st.integers(0, 23), min_size=1, max_size=12))
def test_a_ring_holds_the_last_samples_by_number(sizes):
    ring, all_samples = Ring(2, 10), np.zeros((2, 0), dtype=np.float32)
    for size in sizes:
        fresh = all_samples.shape[1] + np.arange(size, dtype=np.float32)
        ring.append(np.stack([fresh, -fresh]))
        all_samples = np.concatenate([all_samples, [fresh, -fresh]], axis=1)
    assert ring.stop == all_samples.shape[1]
    assert ring.first == max(0, ring.stop - 10)
    found = ring.cut(ring.first, ring.stop - ring.first)
    np.testing.assert_array_equal(found, all_samples[:, ring.first :])
    assert found.flags.c_contiguous


def test_a_ring_refuses_what_it_no_longer_has():
    ring = Ring(1, 10)
    ring.append(np.zeros((1, 15), dtype=np.float32))
    with pytest.raises(AssertionError):
        ring.cut(4, 3)
