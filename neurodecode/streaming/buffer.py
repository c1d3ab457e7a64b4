"""What lies between a source and its decoder: a queue of chunks, and a ring of samples."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurodecode.streaming.sources import Chunk, Source

Overflow = Literal["drop_oldest", "wait"]


class ChunkQueue:
    """Chunks of a live source, read by a thread of its own so that none waits for a decision.

    Parameters
    ----------
    source : Source
    seconds : float, default=10.0
        Signal that is held for a slow decoder.
    overflow : {"drop_oldest", "wait"}, default="drop_oldest"
        Lose the oldest chunk, whose markers are kept, or make the source wait.

    Attributes
    ----------
    dropped : float
        Seconds of signal lost so far.
    fullest : float
        Most seconds that were held at once.
    """

    def __init__(
        self, source: Source, seconds: float = 10.0, overflow: Overflow = "drop_oldest"
    ) -> None:
        self._source, self._limit, self._overflow = source, seconds * source.sfreq, overflow
        self._chunks: deque[Chunk] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._ended = self._closed = False
        self.dropped = self.fullest = 0.0
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield chunks in order; a fault of the source is raised here."""
        self._reader.start()
        try:
            while (chunk := self._take()) is not None:
                yield chunk
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            self._reader.join(timeout=1.0)
        if self._error is not None:
            raise self._error

    def _take(self) -> Chunk | None:
        with self._changed:
            self._changed.wait_for(lambda: self._chunks or self._ended)
            chunk = self._chunks.popleft() if self._chunks else None
            self._changed.notify_all()
            return chunk

    def _read(self) -> None:
        try:
            for chunk in self._source:
                if not self._put(chunk):
                    break
        except BaseException as error:
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _put(self, chunk: Chunk) -> bool:
        """Append a chunk; return False once nobody reads any more."""
        size = chunk.samples.shape[1]
        with self._changed:
            if self._overflow == "wait":
                self._changed.wait_for(lambda: self._closed or self._fits(size))
            while self._chunks and not self._fits(size):
                chunk = self._drop_oldest(chunk)
            self._chunks.append(chunk)
            self.fullest = max(self.fullest, self._held() / self._source.sfreq)
            self._changed.notify_all()
            return not self._closed

    def _drop_oldest(self, newest: Chunk) -> Chunk:
        """Lose the oldest chunk but its markers, and return the newest, which may get them."""
        oldest = self._chunks.popleft()
        self.dropped += oldest.samples.shape[1] / self._source.sfreq
        if self._chunks:
            following = self._chunks[0]
            self._chunks[0] = replace(following, markers=oldest.markers + following.markers)
            return newest
        return replace(newest, markers=oldest.markers + newest.markers)

    def _held(self) -> int:
        return sum(chunk.samples.shape[1] for chunk in self._chunks)

    def _fits(self, size: int) -> bool:
        return not self._chunks or self._held() + size <= self._limit


class Ring:
    """The last samples of a stream, by number; old ones are overwritten.

    Parameters
    ----------
    n_channels : int
    capacity : int
        Samples held.

    Attributes
    ----------
    stop : int
        Number of the next sample, from 0.
    """

    def __init__(self, n_channels: int, capacity: int) -> None:
        self._samples = np.zeros((n_channels, capacity), dtype=np.float32)
        self.stop = 0

    @property
    def first(self) -> int:
        """Number of the oldest sample that is still here."""
        return max(0, self.stop - self._samples.shape[1])

    def append(self, samples: NDArray[np.float32]) -> None:
        """Add samples (n_channels, n)."""
        capacity = self._samples.shape[1]
        numbers = self.stop + np.arange(samples.shape[1])[-capacity:]
        self._samples[:, numbers % capacity] = samples[:, -capacity:] if len(numbers) else samples
        self.stop += samples.shape[1]

    def cut(self, first: int, n: int) -> NDArray[np.float32]:
        """Return samples ``first`` to ``first + n`` (n_channels, n), which must be here."""
        assert self.first <= first <= first + n <= self.stop
        numbers = np.arange(first, first + n) % self._samples.shape[1]
        return self._samples.take(numbers, axis=1)
