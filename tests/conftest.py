"""Fixtures for all rooms: no test writes outside its folder or reaches the network."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says nothing about it on a busy machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """Give MNE an empty home, so that the user's configuration is neither read nor written."""
    monkeypatch.setenv("_MNE_FAKE_HOME_DIR", str(tmp_path_factory.mktemp("home")))
    for name in ("MNE_DATA", "MOABB_DOWNLOAD_PROVIDER", "NEURODECODE_DATA", "NEURODECODE_OFFLINE"):
        monkeypatch.setenv(name, "set, so that its removal is undone")
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def realdata():
    """Return the folder of real recordings, or skip: NEURODECODE_REALDATA or ../shared/data."""
    folder = Path(os.environ.get("NEURODECODE_REALDATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real recordings are not here, set NEURODECODE_REALDATA")
    return folder


@pytest.fixture(scope="session")
def edf_bytes():
    """Return a maker of small EDF files: ``edf_bytes(n_records, n_signals, samples)``."""
    return make_edf


@pytest.fixture(scope="session")
def fif_bytes():
    """Return a maker of small FIF tag lists: ``fif_bytes(n_tags, payload)``."""
    return make_fif


def make_edf(n_records=3, n_signals=2, samples=10, *, declared=None):
    """Return a minimal EDF file of zeros."""
    declared = n_records if declared is None else declared
    header = 256 * (1 + n_signals)
    fixed = [("0", 8), ("", 80), ("", 80), ("01.01.01", 8), ("00.00.00", 8), (str(header), 8)]
    fixed += [("", 44), (str(declared), 8), ("1", 8), (str(n_signals), 4)]
    per_signal = [("EEG", 16), ("", 80), ("uV", 8), ("-1", 8), ("1", 8), ("-32768", 8)]
    per_signal += [("32767", 8), ("", 80), (str(samples), 8), ("", 32)]
    text = "".join(value.ljust(width) for value, width in fixed)
    text += "".join(value.ljust(width) * n_signals for value, width in per_signal)
    return text.encode() + bytes(2 * samples * n_signals * n_records)


def make_fif(n_tags=4, payload=100):
    """Return tags as in a FIF file, the last one closing the list."""
    tags = struct.pack(">iiii", 100, 31, 20, 0) + bytes(20)
    tags += (struct.pack(">iiii", 300, 4, payload, 0) + bytes(payload)) * n_tags
    return tags + struct.pack(">iiii", 108, 0, 0, -1)


@pytest.fixture
def sent(tmp_path):
    """Return a context in which a recording is sent over LSL: ``with sent(raw, marks) as name``."""
    pytest.importorskip("pylsl")

    @contextlib.contextmanager
    def sending(raw, marks, **options):
        name = f"sent-{uuid.uuid4().hex[:8]}"  # tests side by side do not meet
        file = send_recording(tmp_path / f"{name}.npz", name, raw, marks, **options)
        script = Path(__file__).with_name("lsl_sender.py")
        process = subprocess.Popen([sys.executable, str(script), str(file)], stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b"there\n"
            yield name
        finally:
            process.kill()
            process.communicate()

    return sending


def send_recording(path, name, raw, marks, *, stop=None, lost=(), jitter=0.0):
    """Write what ``lsl_sender.py`` sends: a recording up to ``stop``, without what is ``lost``."""
    import numpy as np

    onsets, labels = zip(*marks, strict=True)
    sfreq = raw.info["sfreq"]
    samples = 1e6 * raw.get_data(stop=None if stop is None else round(stop * sfreq)).T
    np.savez(path, name=name, uv=samples, sfreq=sfreq, channels=raw.ch_names, onsets=onsets,
             labels=labels, lost=np.array(lost), jitter=jitter)  # fmt: skip
    return path


@pytest.fixture(scope="session")
def imagined(tmp_path_factory):
    """Return the folder of an ``acm`` run of one subject with two sessions; do not change it.

    ``study/`` has the recordings, ``model/decoders/`` what left the run, ``predictions.parquet``
    the run's own evaluation. C3 or C4 is louder in the 2 s after a cue; a rest lies between.
    """
    return write_imagined(tmp_path_factory.mktemp("imagined"))


def make_imagined(channels=("C3", "Cz", "C4", "Pz"), *, sfreq=100.0, n_trials=16, seed=0):
    """Return a Raw of noise of 10 uV, cues of two hands every 4 s, rests between them."""
    import mne
    import numpy as np

    rng = np.random.default_rng(seed)
    onsets = 1.0 + 4 * np.arange(n_trials)
    data = 1e-5 * rng.standard_normal((len(channels), round((onsets[-1] + 5) * sfreq)))
    cues = rng.permutation(np.resize(["left_hand", "right_hand"], n_trials))
    for onset, cue in zip(onsets, cues, strict=True):
        loud = 2 if cue == "left_hand" else 0
        data[loud, round(onset * sfreq) : round((onset + 2) * sfreq)] *= 1.5
    raw = mne.io.RawArray(data, mne.create_info(list(channels), sfreq, "eeg"), verbose="error")
    raw.info["line_freq"] = 50
    marks = mne.Annotations(onsets, 2.0, cues) + mne.Annotations(onsets + 2.5, 1.0, "rest")
    return raw.set_annotations(marks)


def write_imagined(folder):
    """Fit, export and evaluate small decoders of :func:`make_imagined`'s recordings."""
    import mne_bids

    from neurodecode.artefacts import write_parquet
    from neurodecode.config import validate
    from neurodecode.datasets.catalog import card_of
    from neurodecode.riemann.config import ACMConfig
    from neurodecode.riemann.export import export_decoders
    from neurodecode.riemann.protocols import evaluate_unit, fit_unit
    from neurodecode.riemann.trials import read_subject
    from neurodecode.signals.store import write_store

    for number in ("0", "1"):
        path = mne_bids.BIDSPath(root=folder / "study", subject="01", session=number,
                                 task="imagery", datatype="eeg")  # fmt: skip
        mne_bids.write_raw_bids(make_imagined(seed=int(number)), path, format="BrainVision",
                                allow_preload=True, overwrite=True, verbose="error")  # fmt: skip
    data = {"dataset": "local", "path": folder / "study", "interval": (0.5, 2.0),
            "events": ("left_hand", "right_hand")}  # fmt: skip
    config = validate(ACMConfig, {
        "description": "", "data": data, "model": {"order": 2}, "decoders": ["ACM+TS+SVM"],
        "evaluation": {"protocols": ["cross_session"], "n_bootstrap": 100, "n_permutations": 100},
    })  # fmt: skip
    trials = read_subject(config, card_of(config.data), "01", folder)
    stores = [folder / "stores" / "01"]
    write_store(stores[0], trials.signals, trials.table, trials.info)
    models, _, _ = fit_unit(config, stores, "01")
    export_decoders(config, models, stores, "01", folder / "model")
    found = evaluate_unit(config, models, stores, "01").predictions
    write_parquet(folder / "predictions.parquet", found)
    return folder


PICTURES = tuple(f"animal/{name}.png" for name in ("cat", "dog", "elk", "fox", "hen", "owl"))
ELECTRODES = ("Fz", "C3", "Cz", "C4", "Pz", "Oz")


@pytest.fixture(scope="session")
def viewing():
    """Return a maker of recordings of noise with a picture every 1.3 s: ``viewing(**options)``."""
    return make_viewing


@pytest.fixture(scope="session")
def decoder_folder(tmp_path_factory):
    """Return the folder of an untrained image decoder of two people; do not change it.

    Participant 02 lacks Pz; windows of 36 samples at 50 Hz, from -0.2 to 0.5 s.
    """
    return write_decoder(tmp_path_factory.mktemp("decoder"))


def make_viewing(channels=ELECTRODES, *, sfreq=250.0, seconds=20.0, scale=1e-5, seed=0):
    """Return a Raw of noise with a standard deviation of 10 uV and its annotations."""
    import mne
    import numpy as np

    from neurodecode.datasets.montage import set_montage

    rng = np.random.default_rng(seed)
    info = mne.create_info(list(channels), sfreq, "eeg")
    samples = scale * rng.standard_normal((len(channels), round(seconds * sfreq)))
    raw = mne.io.RawArray(samples, info, verbose="error")
    set_montage(raw, "standard_1005")
    onsets = np.arange(1.0, seconds - 1, 1.3)
    return raw.set_annotations(mne.Annotations(onsets, 0.5, np.resize(PICTURES, len(onsets))))


def write_decoder(folder):
    """Write an image decoder with drawn weights, as a run would leave it."""
    import numpy as np
    import torch

    from neurodecode.contrastive.image.candidates import CandidateBank
    from neurodecode.contrastive.image.decoder_settings import DecoderSettings
    from neurodecode.contrastive.people import ScaledPeople
    from neurodecode.decoder_folder import seal_folder
    from neurodecode.persistence import save_weights
    from neurodecode.signals.layout import sensor_positions

    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    network = {
        "objective": "contrastive", "n_times": 36, "n_participants": 2, "n_channels": 6,
        "n_features": 5, "n_contrastive": 5, "head": {"width": 8}, "ridge": {},
        "brain": {"n_virtual_channels": 6, "n_frequencies": 3, "hidden": 8, "n_blocks": 1},
    }  # fmt: skip
    settings = DecoderSettings.model_validate({
        "name": "contrastive", "target": "hog", "seed": 1, "kind": "eeg", "network": network,
        "signals": {"sfreq": 50, "tmin": -0.2, "tmax": 0.5, "baseline": 0.2},
    })  # fmt: skip
    save_weights(folder, settings.network.build(), settings.model_dump(mode="json"), name="network")
    embeddings = torch.randn(len(PICTURES), 5)
    sets = {"small": PICTURES[:4], "large": PICTURES}
    CandidateBank(PICTURES, ["animal"] * 6, embeddings, sets, "small").save(folder)
    positions = np.stack([sensor_positions(make_viewing().info, ELECTRODES)] * 2)
    median, iqr = rng.normal(0, 1, (2, 6)), rng.uniform(10, 15, (2, 6))
    median[1, 4] = iqr[1, 4] = np.nan
    positions[1, 4] = np.nan
    arrays = (array.astype(np.float32) for array in (positions, median, iqr))
    ScaledPeople(("01", "02"), ELECTRODES, *arrays, [20, 20]).save(folder)
    seal_folder(folder, "image")
    return folder
