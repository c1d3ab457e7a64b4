r"""Simulated populations of spiking units: known wiring, receptive fields, tuning to behaviour.

Generative model
    Time is cut in bins of :math:`\delta` (``bin_seconds``). Unit :math:`i` fires
    :math:`y_i(t) \sim \mathrm{Poisson}(\delta\, \lambda_i(t))` times in bin :math:`t`,

    .. math::

        \log \lambda_i(t) = \min\Big(\log \lambda_{\max},\;
            b_i + k_i^\top s(t) + m_i z(t) + \sum_j w_{ij}\, r_j(t - d_{ij})\Big), \qquad
        r_j(t) = y_j(t) + e^{-\delta / \tau}\, r_j(t - 1),

    given what fired before; within its bin a spike has a uniform time.

    *Wiring* :math:`w`, the known answer: a few hubs, more active than the rest, each of which
    drives a share of the other units (``hub_reach``) after a delay :math:`d` of one to four bins;
    most hubs excite, every third inhibits. Beside them run sparse chains between other units,
    always from a lower to a higher row (``chain_share``). No loop exists, so no cascade runs away.
    Hubs give their targets common input, and stimulus and behaviour do the same: correlation
    without connection. :math:`w_{ii} < 0` is refractoriness, with a delay of one bin.

    *Stimulus* :math:`s`: trials of a bar that sweeps over the field in one of several directions,
    grey in between; :math:`k_i` is a Gaussian receptive field, scaled so that :math:`k_i^\top s`
    has standard deviation ``stimulus_gain`` over the trials, 0 for units that do not see.

    *Behaviour* :math:`z`: an Ornstein-Uhlenbeck process of unit variance, constant over a frame
    (50 ms), that also runs between trials; ``speed`` is :math:`\log(1 + e^{2z})`. Some units have
    a loading :math:`m_i`, of either sign.
Ceiling
    :mod:`neurodecode.datasets.simulate.spiking_optimal`: bits per spike of the true intensity; the
    posterior mean of the speed, exact on a grid; windows redrawn from the model itself.
Truth
    ``derivatives/truth/sub-LABEL_ses-LABEL.npz``
    (:class:`neurodecode.datasets.simulate.spiking_truth.SpikingTruth`).
"""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.simulate.session_truth import write_sessions
from neurodecode.datasets.simulate.spiking_circuit import draw_circuit
from neurodecode.datasets.simulate.spiking_dynamics import simulate_counts, spikes_of_counts
from neurodecode.datasets.simulate.spiking_settings import Settings, check_settings
from neurodecode.datasets.simulate.spiking_stimulus import Schedule, draw_schedule
from neurodecode.datasets.simulate.spiking_truth import PopulationTruth, SpikingTruth
from neurodecode.datasets.spiking.recording import Series, SpikeSession, Stimulus, make_session

__all__ = ["session_of", "simulate_session", "simulate_spiking", "unit_table"]


def simulate_spiking(
    folder: Path,
    *,
    n_subjects: int = 1,
    n_sessions: int = 1,
    n_units: int = 60,
    seconds: float = 1200.0,
    bin_seconds: float = 0.005,
    n_hubs: int = 6,
    hub_reach: float = 0.3,
    chain_share: float = 0.01,
    coupling: float = 1.0,
    rate_hz: float = 3.0,
    stimulus_gain: float = 0.6,
    behaviour_gain: float = 0.6,
    tuned_share: float = 0.6,
    behaviour_seconds: float = 3.0,
    n_stimuli: int = 4,
    trial_seconds: float = 4.0,
    gap_seconds: float = 1.0,
    random_state: int = 42,
) -> list[Path]:
    r"""Write simulated sessions in the form of ``spiking/arrays.py``, and their truth.

    Parameters
    ----------
    folder : Path
        Root of the data set.
    n_subjects, n_sessions : int, default=1
        Each session has units of its own; further ones leave the first ones as they are.
    n_units : int, default=60
    seconds : float, default=1200.0
        Of each session; the last trial must end before.
    bin_seconds : float, default=0.005
        :math:`\delta`, which must divide 0.05 s.
    n_hubs : int, default=6
    hub_reach : float, default=0.3
        Share of the other units that a hub drives.
    chain_share : float, default=0.01
        Share of the ordered pairs of other units that are connected.
    coupling : float, default=1.0
        Mean size of a connection, in log rate right after a spike; 0 for no wiring.
    rate_hz : float, default=3.0
        Median rate without any drive; hubs have three times as much.
    stimulus_gain, behaviour_gain : float, default=0.6
        Standard deviation of the log rate that stimulus and behaviour give a tuned unit.
    tuned_share : float, default=0.6
        Share of units that see the stimulus, and, drawn anew, that follow the behaviour.
    behaviour_seconds : float, default=3.0
        Time after which the behaviour's correlation has fallen to 1/e.
    n_stimuli : int, default=4
        Directions of the bar; 0 for no stimulus and no trials.
    trial_seconds, gap_seconds : float, default=4.0, 1.0
        Of a sweep, and of the grey before it.
    random_state : int, default=42

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range.
    """
    options = locals()
    settings = Settings(**{field.name: options[field.name] for field in fields(Settings)})
    return write_sessions(
        folder, partial(simulate_session, settings), n_subjects=n_subjects, n_sessions=n_sessions
    )


def simulate_session(
    settings: Settings, subject: str = "01", session: str = "01"
) -> tuple[SpikeSession, SpikingTruth]:
    """Draw one session and its truth, without files.

    Parameters
    ----------
    settings : Settings
    subject, session : str, default "01"
        Labels, whole numbers; they choose the stream of random numbers.

    Raises
    ------
    ConfigFault
        If a setting is out of its range.
    """
    check_settings(settings)
    rng = np.random.default_rng([settings.random_state, int(subject), int(session)])
    schedule = draw_schedule(settings, rng)
    circuit = draw_circuit(settings, schedule, rng)
    truth = SpikingTruth.of(subject, session, settings, circuit, schedule)
    counts = simulate_counts(truth, rng)
    times, units = spikes_of_counts(counts, settings.bin_seconds, rng)
    return session_of(truth, schedule, times, units), truth


def session_of(
    truth: PopulationTruth,
    schedule: Schedule,
    times: NDArray[np.float64],
    units: NDArray[np.int64],
) -> SpikeSession:
    """Put spikes, frames, trials and speed of a simulated population together.

    Raises
    ------
    DataFault
        If a unit has no spike: the session is too short for its rate.
    """
    middles = schedule.frame_times + schedule.frame_seconds / 2
    shown = not schedule.trials.empty
    return make_session(
        subject=truth.subject,
        session=truth.session,
        times=times,
        units=units,
        unit_table=unit_table(len(truth.baseline)),
        limits=(0.0, schedule.seconds),
        stimulus=Stimulus(schedule.frames, schedule.frame_times) if shown else None,
        behaviour={"speed": Series(middles, truth.speed)},
        trials=schedule.trials if shown else None,
    )


def unit_table(n_units: int) -> pd.DataFrame:
    """Name simulated units by their number, from 1."""
    return pd.DataFrame({"unit": [f"unit-{row + 1:03d}" for row in range(n_units)]})
