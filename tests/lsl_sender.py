"""Sends a recording over the lab streaming layer, from a process of its own.

``lsl_sender.py FILE`` reads the arrays and settings that ``conftest.send_recording`` wrote.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pylsl

CHUNK_S = 0.1


def outlet(name, channels, sfreq):
    """Return a stream in uV whose description names its channels."""
    info = pylsl.StreamInfo(name, "EEG", len(channels), sfreq, "double64", "")
    described = info.desc().append_child("channels")
    for channel in channels:
        entry = described.append_child("channel")
        entry.append_child_value("label", channel)
        entry.append_child_value("unit", "microvolts")
    return pylsl.StreamOutlet(info)


def main(path):
    """Wait for somebody who listens, then send; the outlets are gone when this ends."""
    sent = np.load(path)
    name, sfreq = str(sent["name"]), float(sent["sfreq"])
    signals = outlet(name, sent["channels"].tolist(), sfreq)
    info = pylsl.StreamInfo(f"{name}-markers", "Markers", 1, 0.0, "string", "")
    markers = pylsl.StreamOutlet(info)
    print("there", flush=True)
    while not (signals.have_consumers() and markers.have_consumers()):
        time.sleep(0.02)
    began = pylsl.local_clock()
    for onset, label in zip(sent["onsets"].tolist(), sent["labels"].tolist(), strict=True):
        markers.push_sample([label], began + onset)
    size = round(CHUNK_S * sfreq)
    lost = sent["lost"].tolist()
    jitter = float(sent["jitter"]) * np.random.default_rng(0).uniform(-1, 1, len(sent["uv"]))
    for first in range(0, len(sent["uv"]), size):
        part = sent["uv"][first : first + size]
        if lost and lost[0] <= first / sfreq < lost[1]:
            continue
        last = (first + len(part) - 1) / sfreq
        signals.push_chunk(part.tolist(), began + last + jitter[first])
        time.sleep(0.005)
    time.sleep(1.5)  # what nobody has read goes with the outlets


if __name__ == "__main__":
    main(sys.argv[1])
