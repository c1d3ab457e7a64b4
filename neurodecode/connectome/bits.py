"""Adjacency matrices as rows of bits: one bit per pair, 0.1 GB at 28,000 voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Bits = NDArray[np.uint64]
WORD = 64
ROWS = 1024


def empty_bits(n: int) -> Bits:
    """Return rows of zeros, shape (n, ceil(n / 64))."""
    return np.zeros((n, -(-n // WORD)), dtype=np.uint64)


def pack(adjacency: NDArray[np.bool_]) -> Bits:
    """Pack a boolean matrix (n, n) into rows of 64-bit words, lowest bit first."""
    n = len(adjacency)
    bits = empty_bits(n)
    packed = np.packbits(adjacency, axis=1, bitorder="little")
    bits.view(np.uint8)[:, : packed.shape[1]] = packed
    return bits


def unpack(bits: Bits, n: int) -> NDArray[np.uint8]:
    """Return rows of bits as 0 and 1, shape (n_rows, n)."""
    return np.unpackbits(bits.view(np.uint8), axis=1, count=n, bitorder="little")


def row_degrees(bits: Bits) -> NDArray[np.int64]:
    """Count the bits of each row."""
    counts = [
        np.bitwise_count(bits[start : start + ROWS]).sum(axis=1, dtype=np.int64)
        for start in range(0, len(bits), ROWS)
    ]
    return np.concatenate(counts)


def neighbour_blocks(
    bits: Bits, rows: int = ROWS
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (u, v) of all set bits, block of rows by block of rows, sorted."""
    n = len(bits)
    for start in range(0, n, rows):
        u, v = np.nonzero(unpack(bits[start : start + rows], n))
        yield u + start, v
