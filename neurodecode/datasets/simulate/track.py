r"""Simulated animal on a linear track: place and speed cells, with the best possible decoding.

Generative model
    *Behaviour*: an animal runs to and fro between the ends of a track, where it stops for reward.
    Position and speed are functions of a Markov chain over direction, place (1 cm) and pace
    (:mod:`neurodecode.datasets.simulate.track_movement`) that steps every 50 ms.

    *Cells*: place cells with Gaussian fields, a share of them in one direction alone, and cells
    whose log rate follows the speed, up or down. Given the path they are independent Poisson
    processes with absolute refractoriness (:mod:`neurodecode.datasets.simulate.track_cells`). There
    is no theta rhythm, no replay at rest and no wiring.

    *Trials* are the whole laps, ``direction`` "out" or "back"; rests lie between them.
Ceiling
    :mod:`neurodecode.datasets.simulate.track_optimal`: the posterior of position and speed given
    all the past or the last frames, exact and with the true dynamics; bits per spike of the true
    rates.
Truth
    ``derivatives/truth/sub-LABEL_ses-LABEL.npz``
    (:class:`neurodecode.datasets.simulate.track_truth.TrackTruth`).
"""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.simulate.session_truth import write_sessions
from neurodecode.datasets.simulate.spiking import unit_table
from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.track_cells import draw_cells, simulate_spikes
from neurodecode.datasets.simulate.track_movement import Movement
from neurodecode.datasets.simulate.track_settings import TrackSettings, check_track
from neurodecode.datasets.simulate.track_truth import TrackTruth
from neurodecode.datasets.spiking.recording import Series, make_session
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.datasets.spiking.recording import SpikeSession

__all__ = ["simulate_session", "simulate_track"]


def simulate_track(
    folder: Path,
    *,
    n_subjects: int = 1,
    n_sessions: int = 1,
    n_units: int = 60,
    seconds: float = 600.0,
    track_cm: float = 200.0,
    speed_cms: float = 30.0,
    pace_spread: float = 0.3,
    pace_seconds: float = 2.0,
    rest_seconds: float = 3.0,
    field_cm: float = 15.0,
    peak_hz: float = 12.0,
    floor_hz: float = 0.3,
    directional_share: float = 0.6,
    speed_share: float = 0.25,
    speed_rate_hz: float = 5.0,
    speed_gain: float = 0.8,
    refractory_seconds: float = 0.002,
    random_state: int = 42,
) -> list[Path]:
    r"""Write simulated sessions in the form of ``spiking/arrays.py``, and their truth.

    Parameters
    ----------
    folder : Path
        Root of the data set.
    n_subjects, n_sessions : int, default=1
        Each session has cells of its own; further ones leave the first ones as they are.
    n_units : int, default=60
    seconds : float, default=600.0
        Of each session.
    track_cm : float, default=200.0
        Length of the track, whole cm.
    speed_cms : float, default=30.0
        Median speed away from the ends, cm/s.
    pace_spread : float, default=0.3
        Standard deviation of the log speed.
    pace_seconds : float, default=2.0
        Time after which its correlation has fallen to 1/e.
    rest_seconds : float, default=3.0
        Mean stay at an end, exponentially distributed.
    field_cm : float, default=15.0
        Standard deviation of a place field.
    peak_hz, floor_hz : float, default=12.0, 0.3
        Median rate of place cells in the middle of their fields, above the rate elsewhere.
    directional_share : float, default=0.6
        Share of place cells that have their field in one direction alone.
    speed_share : float, default=0.25
        Probability that a cell is a speed cell.
    speed_rate_hz : float, default=5.0
        Median rate of speed cells at ``speed_cms``.
    speed_gain : float, default=0.8
        Change of their log rate, of either sign, from rest to ``speed_cms``.
    refractory_seconds : float, default=0.002
        Absolute refractoriness; 0 for none.
    random_state : int, default=42

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range, or no lap was finished.
    DataFault
        If a cell never fires: the session is too short for its rate.
    """
    options = locals()
    settings = TrackSettings(**{field.name: options[field.name] for field in fields(TrackSettings)})
    return write_sessions(
        folder, partial(simulate_session, settings), n_subjects=n_subjects, n_sessions=n_sessions
    )


def simulate_session(
    settings: TrackSettings, subject: str = "01", session: str = "01"
) -> tuple[SpikeSession, TrackTruth]:
    """Draw one session and its truth, without files.

    Parameters
    ----------
    settings : TrackSettings
    subject, session : str, default "01"
        Labels, whole numbers; they choose the stream of random numbers.

    Raises
    ------
    ConfigFault
        If a setting is out of its range, or no lap was finished.
    DataFault
        If a cell never fires.
    """
    check_track(settings)
    rng = np.random.default_rng([settings.random_state, int(subject), int(session)])
    truth = _draw_truth(settings, subject, session, rng)
    times, units = simulate_spikes(truth, rng)
    n_frames = len(truth.place)
    middles = (np.arange(n_frames, dtype=np.float64) + 0.5) * FRAME_S
    made = make_session(
        subject=subject,
        session=session,
        times=times,
        units=units,
        unit_table=unit_table(settings.n_units),
        limits=(0.0, n_frames * FRAME_S),
        behaviour={
            "position": Series(middles, truth.position),
            "speed": Series(middles, truth.speed),
        },
        trials=_laps(truth),
    )
    return made, truth


def _draw_truth(
    settings: TrackSettings, subject: str, session: str, rng: np.random.Generator
) -> TrackTruth:
    names = [field.name for field in fields(Movement)]
    parameters = {name: getattr(settings, name) for name in names}
    movement = Movement(**parameters)
    cells = draw_cells(settings, movement, rng)
    path = movement.draw(int(settings.seconds / FRAME_S + 1e-9), rng)
    return TrackTruth(
        subject=subject,
        session=session,
        refractory_seconds=settings.refractory_seconds,
        **parameters,
        **cells._asdict(),
        **path._asdict(),
    )


def _laps(truth: TrackTruth) -> pd.DataFrame:
    """Return the laps of which beginning and end were seen."""
    runs = truth.place < truth.movement.n_places - 1
    starts = np.flatnonzero(~runs[:-1] & runs[1:]) + 1
    stops = np.flatnonzero(runs[:-1] & ~runs[1:]) + 1
    stops = stops[stops > starts[0]] if starts.size else stops[:0]
    starts = starts[: len(stops)]
    if not starts.size:
        what = f"no lap from end to end in {len(runs) * FRAME_S:g} s"
        raise ConfigFault(what, fix="give a longer session or a shorter track")
    return pd.DataFrame({
        "trial": np.arange(1, len(starts) + 1),
        "start": starts * FRAME_S,
        "stop": stops * FRAME_S,
        "direction": np.where(truth.direction[starts] == 0, "out", "back"),
    })  # fmt: skip
