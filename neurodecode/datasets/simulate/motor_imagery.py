r"""Simulated motor imagery EEG: what is planted, and the best score any decoder could reach.

Generative model, per subject and session
    Dipoles in MNE's three-shell sphere model, 13 electrodes of the 10-20 system or 64 of the
    10-10 system, 128 Hz. Each source is a stationary Gaussian process with its own spectrum; a
    trial's sensor signals are Gaussian with cross-spectrum
    :math:`S_c(f) = \sum_s P_{s,c}(f) l_s l_s^T + N(f) I`.
Planted effects, by class
    1. *Desynchronisation*: imagining one hand lowers mu (about 10 Hz) and beta (about 20 Hz) power
       of the hand area on the other side. Spatial covariances see it.
    2. *Peak shift*: a medial motor source keeps its power and moves its mu peak by ``peak_shift``
       Hz. Only temporal structure tells: spatial covariances are the same for both classes.
Nuisance
    1/f background, occipital alpha, 50 Hz line, sensor noise; sources move between subjects (8 mm)
    and sessions (3 mm); strength and peak frequency differ between subjects.
    In a share of trials (``lapses``) the other hand was imagined than the one cued.
Ceiling
    The likelihood ratio with the true spectra is the optimal decoder (Neyman-Pearson). Its
    log-likelihoods per trial are written to ``derivatives/optimal.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.simulate.gaussian import draw_trials, log_likelihood
from neurodecode.datasets.simulate.sphere import (
    dipole_gains,
    electrode_info,
    inside_brain,
    radial,
)

Array = NDArray[np.floating[Any]]

CHANNELS = ("F3", "Fz", "F4", "T7", "C3", "Cz", "C4", "T8", "P3", "Pz", "P4", "O1", "O2")
TEN_TEN = """
    Fp1 Fpz Fp2 AF7 AF3 AFz AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8
    T7 C5 C3 C1 Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 P9 P7 P5 P3 P1 Pz P2 P4 P6 P8 P10
    PO7 PO3 POz PO4 PO8 O1 Oz O2 Iz
"""
MONTAGES = {13: CHANNELS, 64: tuple(TEN_TEN.split())}
CLASSES = ("left_hand", "right_hand")
TASK = "imagery"
OPTIMAL = "derivatives/optimal.csv"
SFREQ = 128.0
TRIAL_S, MARGIN_S, REST_S = 3.0, 0.5, 1.0
BAND_HZ = (8.0, 35.0)
# Head coordinates in m (x right, y front, z up); orientation: radial unless a tilt is given.
LEFT_HAND_AREA, RIGHT_HAND_AREA = (-0.040, 0.0, 0.088), (0.040, 0.0, 0.088)
MEDIAL_MOTOR, OCCIPITAL = (0.0, 0.005, 0.105), (0.0, -0.065, 0.065)
N_BACKGROUND = 30


@dataclass(frozen=True)
class Effects:
    """Strength of what is planted; see the module's text."""

    desynchronisation: float
    peak_shift: float
    snr: float
    lapses: float


def simulate_motor_imagery(
    folder: Path,
    *,
    n_subjects: int = 10,
    n_sessions: int = 2,
    n_trials: int = 80,
    desynchronisation: float = 0.25,
    peak_shift: float = 1.0,
    snr: float = 0.8,
    n_channels: int = 13,
    lapses: float = 0.08,
    random_state: int = 42,
) -> list[Path]:
    """Write a BIDS data set (BrainVision) of simulated imagery of the left and right hand.

    Parameters
    ----------
    n_trials : int
        Per session, half of each class.
    desynchronisation : float
        Share of mu and beta power lost contralaterally, in [0, 1).
    peak_shift : float
        Distance in Hz between the two classes' mu peaks of the medial source.
    snr : float
        Amplitude of the motor rhythms relative to the background.
    n_channels : {13, 64}
    lapses : float
        Share of trials in which the other hand was imagined, in [0, 0.5); it bounds the ceiling.

    Returns
    -------
    list of Path
        All files written.
    """
    effects = Effects(desynchronisation, peak_shift, snr, lapses)
    optimal = []
    for subject in range(n_subjects):
        anatomy = _Anatomy.draw(np.random.default_rng([random_state, subject]))
        for session in range(n_sessions):
            rng = np.random.default_rng([random_state, subject, session])
            channels = MONTAGES[n_channels]
            signals, labels, onsets, scores = _record(anatomy, effects, n_trials, rng, channels)
            names = f"{subject + 1:02d}", f"{session:d}"
            _write_bids(folder, *names, electrode_info(channels, SFREQ), signals, labels, onsets)
            optimal.append(_optimal_rows(*names, labels, scores))
    path = folder / OPTIMAL
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat(optimal).to_csv(path, index=False)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


@dataclass(frozen=True)
class _Anatomy:
    """A subject: where the sources lie and how they oscillate."""

    positions: Array
    mu_hz: float
    strength: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> _Anatomy:
        named = np.array([LEFT_HAND_AREA, RIGHT_HAND_AREA, MEDIAL_MOTOR, OCCIPITAL])
        direction = rng.normal(size=(N_BACKGROUND, 3))
        direction[:, 2] = np.abs(direction[:, 2])
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        depth = rng.uniform(0.02, 0.075, size=(N_BACKGROUND, 1))
        background = direction * depth + [0, 0, 0.04]
        positions = np.vstack([named + rng.normal(scale=0.008, size=named.shape), background])
        return cls(positions, mu_hz=rng.uniform(9.5, 12.0), strength=rng.uniform(0.6, 1.2))

    def lead_field(self, rng: np.random.Generator, channels: tuple[str, ...] = CHANNELS) -> Array:
        """Gains (n_channels, n_sources) of one session, each source scaled to the same mean gain.

        Root mean square over channels: that of unit norm on 13, whatever their number.
        """
        shift = rng.normal(scale=0.003, size=self.positions.shape)
        moved = inside_brain(self.positions + shift)
        gains = dipole_gains(electrode_info(channels, SFREQ), moved, radial(moved))
        scaled: Array = gains * np.sqrt(len(channels) / len(CHANNELS))
        return scaled / np.linalg.norm(gains, axis=0)


def class_spectra(
    anatomy_mu_hz: float, strength: float, gains: Array, effects: Effects, label: str, n: int
) -> Array:
    """Return the sensors' cross-spectra of one class (or ``"rest"``), in microvolts squared.

    Returns
    -------
    ndarray, shape (n // 2 - 1, n_channels, n_channels)
    """
    hz: Array = np.fft.rfftfreq(n, 1 / SFREQ)[1:-1].astype(np.float64)
    loss = effects.desynchronisation * strength
    half = effects.peak_shift / 2 * {"left_hand": -1, "right_hand": 1}.get(label, 0)
    motor = effects.snr**2 * _rhythm(hz, anatomy_mu_hz)
    power = [
        motor * (1 - loss * (label == "right_hand")),
        motor * (1 - loss * (label == "left_hand")),
        effects.snr**2 * _rhythm(hz, anatomy_mu_hz + half),
        2 * _peak(hz, 10.3, 1.0),
        *[2.5 / N_BACKGROUND * _one_over_f(hz)] * N_BACKGROUND,
    ]
    spectra: Array = np.einsum("sk,is,js->kij", np.array(power), gains, gains, optimize=True)
    noise = 0.004 + 0.05 * _peak(hz, 50.0, 0.3)
    spectra += noise[:, None, None] * np.eye(len(gains))
    spectra *= 400.0
    return spectra


def _rhythm(hz: Array, mu_hz: float) -> Array:
    """Return a motor rhythm, mu and its beta companion, of power 1 between 8 and 35 Hz."""
    shape = _peak(hz, mu_hz, 1.0) + 0.4 * _peak(hz, 2 * mu_hz, 2.0)
    inside = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
    rhythm: Array = shape / shape[inside].sum() * len(hz) / 10
    return rhythm


def _peak(hz: Array, centre: float, width: float) -> Array:
    peak: Array = np.exp(-0.5 * ((hz - centre) / width) ** 2)
    return peak


def _one_over_f(hz: Array) -> Array:
    power: Array = 4 / np.maximum(hz, 1.0)
    return power


def _record(
    anatomy: _Anatomy,
    effects: Effects,
    n_trials: int,
    rng: np.random.Generator,
    channels: tuple[str, ...] = CHANNELS,
) -> tuple[Array, list[str], list[float], Array]:
    """One session: signals (n_channels, n_samples) in uV, labels, onsets in s, log-likelihoods."""
    gains = anatomy.lead_field(rng, channels)
    n = round((TRIAL_S + 2 * MARGIN_S) * SFREQ)

    def spectra(label: str) -> Array:
        return class_spectra(anatomy.mu_hz, anatomy.strength, gains, effects, label, n)

    labels = list(rng.permutation(np.resize(CLASSES, n_trials)))
    other = dict(zip(CLASSES, reversed(CLASSES), strict=True))
    lapsed = rng.random(n_trials) < effects.lapses
    imagined = [other[c] if lapse else c for c, lapse in zip(labels, lapsed, strict=True)]
    drawn = {c: draw_trials(spectra(c), imagined.count(c), n, rng) for c in CLASSES}
    position = dict.fromkeys(CLASSES, 0)
    trials = np.empty((n_trials, len(channels), n))
    for i, label in enumerate(imagined):
        trials[i] = drawn[label][position[label]]
        position[label] += 1
    scores = _cue_likelihood(
        np.stack([log_likelihood(trials, spectra(c)) for c in CLASSES], axis=1), effects.lapses
    )
    rest = draw_trials(spectra("rest"), n_trials + 1, n, rng)
    signals, onsets = _join(trials, rest)
    return signals, labels, onsets, scores


def _cue_likelihood(imagined: Array, lapses: float) -> Array:
    """Log-likelihood of each cue from that of each imagined class, shape (n_trials, 2)."""
    if lapses == 0:
        return imagined
    kept, swapped = np.log1p(-lapses), np.log(lapses)
    cued: Array = np.logaddexp(kept + imagined, swapped + imagined[:, ::-1])
    return cued


def _join(trials: Array, rest: Array) -> tuple[Array, list[float]]:
    """Lay rest and trials one after the other, cross-faded over the margins outside the task."""
    fade = round(MARGIN_S * SFREQ)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    window = np.ones(trials.shape[-1])
    window[:fade], window[-fade:] = np.sqrt(ramp), np.sqrt(ramp[::-1])
    keep = round((REST_S + 2 * MARGIN_S) * SFREQ)
    rest_window = np.ones(keep)
    rest_window[:fade], rest_window[-fade:] = np.sqrt(ramp), np.sqrt(ramp[::-1])
    step = trials.shape[-1] + keep - 2 * fade
    signals = np.zeros((trials.shape[1], step * len(trials) + keep))
    onsets = []
    for i, trial in enumerate(trials):
        start = i * step
        signals[:, start : start + keep] += rest[i, :, :keep] * rest_window
        begin = start + keep - fade
        signals[:, begin : begin + len(window)] += trial * window
        onsets.append((begin + fade) / SFREQ)
    signals[:, -keep:] += rest[-1, :, :keep] * rest_window
    return signals, onsets


def _write_bids(
    folder: Path,
    subject: str,
    session: str,
    info: Any,
    signals: Array,
    labels: list[str],
    onsets: list[float],
) -> None:
    import mne
    import mne_bids

    raw = mne.io.RawArray(signals * 1e-6, info, verbose="error")
    raw.info["line_freq"] = 50
    raw.set_annotations(mne.Annotations(onsets, [TRIAL_S] * len(onsets), labels))
    path = mne_bids.BIDSPath(
        root=folder, subject=subject, session=session, task=TASK, datatype="eeg"
    )
    mne_bids.write_raw_bids(
        raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="error"
    )


def _optimal_rows(subject: str, session: str, labels: list[str], scores: Array) -> pd.DataFrame:
    rows = pd.DataFrame(scores, columns=[f"optimal_{c}" for c in CLASSES])
    rows.insert(0, "label", labels)
    rows.insert(0, "trial", np.arange(len(rows)))
    rows.insert(0, "session", session)
    rows.insert(0, "subject", subject)
    return rows
