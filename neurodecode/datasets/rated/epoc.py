"""The Emotiv EPOC headset, which recorded DREAMER: its channels, in the order of the files."""

from __future__ import annotations

CHANNELS = (
    "AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4",
)  # fmt: skip
"""Electrodes of the 10-20 system, left to right round the head."""
SAMPLING_RATE = 128.0  # Hz
