"""The lab streaming layer over loopback: names, units, markers; and what is said without it."""

from __future__ import annotations

import builtins
import threading
import time
import uuid

import numpy as np
import pytest

import neurodecode
from neurodecode.faults import ConfigFault, DataFault, NetworkFault
from neurodecode.streaming import Decision, LSLSource, StreamDecoder, decide_offline

pylsl = pytest.importorskip("pylsl")


OWN = uuid.uuid4().hex[:8]
"""In all names, so that tests side by side do not meet."""


def outlet(name, channels, *, unit="microvolts", sfreq=250.0, kind="EEG"):
    """Return an outlet whose description names its channels."""
    info = pylsl.StreamInfo(name, kind, len(channels), sfreq, "double64", f"{name} {time.time()}")
    described = info.desc().append_child("channels")
    for channel in channels:
        entry = described.append_child("channel")
        entry.append_child_value("label", channel)
        entry.append_child_value("unit", unit)
    return pylsl.StreamOutlet(info)


def marker_outlet(name):
    info = pylsl.StreamInfo(name, "Markers", 1, 0.0, "string", f"{name} {time.time()}")
    return pylsl.StreamOutlet(info)


def send(signals, markers, raw, onsets):
    """Send a recording in 0.1 s chunks with exact time stamps, as fast as it goes, and hold on."""
    samples = raw.get_data().T * 1e6
    began = pylsl.local_clock()
    for onset, label in onsets:
        markers.push_sample([label], began + onset)
    for first in range(0, len(samples), 25):
        part = samples[first : first + 25]
        signals.push_chunk(part.tolist(), began + (first + len(part) - 1) / 250.0)
        time.sleep(0.002)
    time.sleep(0.5)


def test_a_stream_in_microvolts_is_decoded_with_its_markers(decoder_folder, viewing):
    decoder, raw = neurodecode.load_decoder(decoder_folder), viewing(seconds=5.0)
    signals = outlet(f"signals-{OWN}", raw.ch_names)
    markers = marker_outlet(f"markers-{OWN}")
    source = LSLSource(f"signals-{OWN}", f"markers-{OWN}", timeout=2.0)
    assert source.channels == raw.ch_names
    assert source.sfreq == 250.0
    onsets = [(1.0, "animal/cat.png"), (2.3, "animal/dog.png")]
    sender = threading.Thread(target=send, args=(signals, markers, raw, onsets))
    sender.start()
    person = decoder.person("01")
    loop = StreamDecoder(decoder, source, person)
    decided = []
    for outcome in loop.run():
        decided.append(outcome)
        if len(decided) == len(onsets):
            break
    sender.join()
    source.close()
    assert all(isinstance(outcome, Decision) for outcome in decided)
    assert [outcome.marker.label for outcome in decided] == [label for _, label in onsets]
    offline = decide_offline(decoder, raw.get_data(), 250.0, [o for o, _ in onsets], person)
    for place, outcome in enumerate(decided):
        assert outcome.ranking.names == offline[place].names
        np.testing.assert_allclose(outcome.ranking.scores, offline[place].scores, atol=1e-4)


def test_a_stream_that_is_not_there_is_answered_at_once():
    with pytest.raises(NetworkFault, match=r"absent-.*after 0\.2 s.*start it"):
        LSLSource(f"absent-{OWN}", timeout=0.2)


def test_a_unit_that_nobody_names_must_be_given():
    held = outlet(f"unitless-{OWN}", ["Fz"], unit="")
    beside = marker_outlet(f"unitless-markers-{OWN}")
    with pytest.raises(DataFault, match=r"unknown unit ''.*--unit"):
        LSLSource(f"unitless-{OWN}", f"unitless-markers-{OWN}", timeout=2.0)
    source = LSLSource(f"unitless-{OWN}", f"unitless-markers-{OWN}", unit="mV", timeout=2.0)
    source.close()
    assert held is not None
    assert beside is not None


def test_without_pylsl_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pylsl":
            raise ModuleNotFoundError("No module named 'pylsl'", name="pylsl")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigFault, match=r"needs pylsl.*neurodecode\[stream\]"):
        LSLSource("anything")
