"""BIDS trees of EEG and MEG as a laboratory has them, with effects that any decoder must find."""

from __future__ import annotations

import wave
from pathlib import Path

import mne
import mne_bids
import numpy as np
import pandas as pd
from PIL import Image

from neurodecode.datasets.montage import set_montage

ELECTRODES = ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "Cz")
MEG = tuple(f"MEG{place:03d}{coil}" for place in range(1, 9) for coil in (1, 2, 3))
"""A magnetometer and two planar gradiometers at each place."""
SENSORS = {"eeg": ELECTRODES, "meg": MEG}
RATE, AUDIO_HZ = 100.0, 8000
FILMS, FILM_S = 9, 6.0
PICTURES, SHOWN, PICTURE_S = 48, 2, 0.6


def write_films(root, *, n_subjects=2, trial_types=("fixation", "video", "rating")):
    """Write people who rate nine films from 1 to 9: the rating is the loudness of 10 Hz in front.

    Each film lies between a cross and a question, rows of the same table that name no film.
    """
    for subject in range(1, n_subjects + 1):
        rng = np.random.default_rng(subject)
        films = rng.permutation(FILMS)
        start = 4.0 + (FILM_S + 3.0) * np.arange(FILMS)
        valence = 1 + 4 * (films % 3)  # three films a level
        cross, video, question = trial_types
        rows = [
            row
            for onset, film, value in zip(start, films, valence, strict=True)
            for row in (
                (onset - 2.0, 2.0, cross, None, None),
                (onset, FILM_S, video, f"film{film}.mp4", value),
                (onset + FILM_S, 0.0, question, None, None),
            )
        ]
        signals = rng.standard_normal((len(ELECTRODES), round((start[-1] + FILM_S + 3) * RATE)))
        time = np.arange(signals.shape[1]) / RATE
        for onset, value in zip(start, valence, strict=True):
            inside = (time >= onset) & (time < onset + FILM_S)
            signals[:4, inside] += value * np.sin(20 * np.pi * time[inside])
        events = table(rows, "stim_file", "valence")
        write(root, f"{subject:02d}", "films", signals, events)


def write_story(root, *, n_subjects=2, seconds=120.0, kind="eeg"):
    """Write people who hear a story of tone bursts, whose loudness the sensors follow."""
    rng = np.random.default_rng(0)
    sound, words = np.zeros(round(seconds * AUDIO_HZ)), []
    onset, number = 0.5, 0
    while onset < seconds - 5:
        spoken = [f"w{k}" for k in rng.integers(0, 40, 5)]
        for word in spoken:
            length = rng.uniform(0.2, 0.35)
            sound[round(onset * AUDIO_HZ) :][: round(length * AUDIO_HZ)] = rng.uniform(0.2, 1)
            words.append((onset, length, "word", word, f"{number} {' '.join(spoken)}"))
            onset += length + 0.1
        onset, number = onset + 0.4, number + 1
    sound *= np.sin(2 * np.pi * 440 * np.arange(len(sound)) / AUDIO_HZ)
    write_sound(root / "stimuli" / "story.wav", sound)
    begun = 2.0
    rows = [(begun, seconds, "sound", None, None, "story.wav")]
    rows += [(begun + word[0], *word[1:], "story.wav") for word in words]
    events = table(rows, "word", "sentence", "sound")
    loud = np.abs(sound)[: len(sound) // 80 * 80].reshape(-1, 80).mean(axis=1)
    heard = np.concatenate(
        [np.zeros(round((begun + 0.1) * RATE)), loud / loud.std(), np.zeros(300)]
    )
    for subject in range(1, n_subjects + 1):
        rng = np.random.default_rng(subject)
        signals = rng.standard_normal((len(SENSORS[kind]), len(heard)))
        signals += rng.standard_normal((len(signals), 1)) * heard
        write(root, f"{subject:02d}", "story", signals, events, kind=kind)
    return len(words)


def write_pictures(root, *, n_subjects=2, n_categories=6, kind="eeg"):
    """Write people who see coloured pictures, each shown twice; sensors follow how bright."""
    rng = np.random.default_rng(0)
    colours = rng.uniform(0.05, 0.95, (PICTURES, 1)) * np.ones(3)
    names = [f"kind{k % n_categories}/{k:02d}.png" for k in range(PICTURES)]
    for name, colour in zip(names, colours, strict=True):
        path = root / "stimuli" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = colour + 0.02 * rng.standard_normal((32, 32, 3))
        Image.fromarray((255 * pixels.clip(0, 1)).astype(np.uint8)).save(path)
    for subject in range(1, n_subjects + 1):
        rng = np.random.default_rng(subject)
        shown = np.concatenate([rng.permutation(PICTURES) for _ in range(SHOWN)])
        onsets = 1.5 + 1.3 * np.arange(len(shown))
        signals = rng.standard_normal((len(SENSORS[kind]), round((onsets[-1] + 4) * RATE)))
        answer = rng.standard_normal((len(signals), 3))
        for onset, picture in zip(onsets, shown, strict=True):
            first = round((onset + 0.1) * RATE)
            signals[:, first : first + 30] += 12 * (answer @ (colours[picture] - 0.5))[:, None]
        rows = [(onset, PICTURE_S, "picture", names[k], f"kind{k % n_categories}")
                for onset, k in zip(onsets, shown, strict=True)]  # fmt: skip
        rows.append((onsets[-1] + 2, 0.0, "answer", None, None))
        events = table(rows, "stim_file", "category")
        write(root, f"{subject:02d}", "pictures", signals, events, kind=kind)


def table(rows, *columns):
    """Return events of onset, duration and type, and further columns."""
    return pd.DataFrame(rows, columns=["onset", "duration", "trial_type", *columns])


def write(root, subject, task, signals, events, *, kind="eeg"):
    """Write a recording as mne-bids does, with the further columns of its events.

    ``signals`` are of the order of 1, they get the size of the brain's in V, T or T/m.
    """
    if kind == "eeg":
        info = mne.create_info(list(ELECTRODES), RATE, "eeg")
        raw = mne.io.RawArray(1e-5 * signals, info, verbose="error")
        set_montage(raw, "standard_1005")
    else:
        raw = mne.io.RawArray(*_meg(signals), verbose="error")
    raw.info["line_freq"] = 50
    raw.set_annotations(mne.Annotations(events["onset"], events["duration"], events["trial_type"]))
    path = mne_bids.BIDSPath(root=root, subject=subject, task=task, datatype=kind)
    form = "BrainVision" if kind == "eeg" else "FIF"
    mne_bids.write_raw_bids(raw, path, format=form, allow_preload=True, overwrite=True,
                            verbose="error")  # fmt: skip
    file = Path(path.update(suffix="events", extension=".tsv").fpath)
    written = pd.read_csv(file, sep="\t")
    added = events.drop(columns=["onset", "duration", "trial_type"])
    pd.concat([written, added], axis=1).to_csv(file, sep="\t", index=False, na_rep="n/a")


def _meg(signals):
    """Return signals of a helmet, with an eye and a trigger channel, and what describes them."""
    kinds = ["mag" if name.endswith("1") else "grad" for name in MEG]
    info = mne.create_info([*MEG, "EOG001", "STI101"], RATE, [*kinds, "eog", "stim"])
    rng, coils = np.random.default_rng(0), mne.io.constants.FIFF
    for channel, kind in zip(info["chs"], kinds, strict=False):
        if kind == "mag":  # the first coil of a place
            place = np.abs(rng.standard_normal(3))
        channel["loc"][:3] = 0.11 * place / np.linalg.norm(place)
        channel["loc"][3:12] = np.eye(3).ravel()
        coil = coils.FIFFV_COIL_VV_MAG_T3 if kind == "mag" else coils.FIFFV_COIL_VV_PLANAR_T1
        channel["coil_type"] = coil
    with info._unlock():
        info["dev_head_t"] = mne.transforms.Transform("meg", "head", np.eye(4))
    sizes = [[2e-13 if kind == "mag" else 5e-12] for kind in kinds]
    others = np.zeros((2, signals.shape[1]))
    others[0] = 5e-5 * rng.standard_normal(signals.shape[1])
    return np.vstack([sizes * signals, others]), info


def write_sound(path, samples):
    """Write 16-bit mono."""
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, AUDIO_HZ, 0, "NONE", ""))
        file.writeframes((32000 * samples).astype("<i2").tobytes())
