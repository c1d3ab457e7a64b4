r"""Simulated circuits of integrate-and-fire cells: hubs with known directed wiring.

Generative model
    Cell :math:`i` has a potential :math:`v_i` (mV above rest) with leak, and fires when it reaches
    ``threshold_mv``; it is then held at ``reset_mv`` for ``refractory_seconds``,

    .. math::

        \tau_m \frac{d v_i}{dt} = -v_i + \mu_i + k_i^\top s(t) + m_i z(t) + u_i(t)
            + \sigma \sqrt{2 \tau_m}\, \xi_i(t), \qquad
        \tau_s \frac{d u_i}{dt} = -u_i + \tau_s \sum_j J_{ij} \sum_{t_j} \delta(t - t_j - d_{ij}),

    in steps that are exact but for the threshold
    (:mod:`neurodecode.datasets.simulate.circuit_dynamics`).

    *Cells*: :math:`\xi_i` is a stochastic current of each cell alone. :math:`\mu_i` is chosen by
    the diffusion formula (:mod:`neurodecode.datasets.simulate.circuit_cells`) such that the cell
    alone would fire at a rate drawn around ``rate_hz``, hubs at three times that.

    *Wiring* :math:`w`, the known answer, has the form that ``simulate_spiking`` has: hubs each
    drive a share of the other cells, every third by inhibition; sparse chains run beside them; no
    loop exists. :math:`w_{ij}` is the peak of the postsynaptic potential in mV, whose current
    starts at :math:`J_{ij} = w_{ij} / r^{1 / (1 - r)}` with :math:`r = \tau_s / \tau_m`.

    *Stimulus* :math:`s` and *behaviour* :math:`z` are those of ``simulate_spiking``, here as
    currents. Cells share them: common input, so correlation without connection.
Ceiling
    The wiring is known, so the best score of a connectivity estimate is 1. The intensity given the
    spikes alone has no closed form, since the potentials are hidden; how well a rate can be
    predicted from stimulus and behaviour is bounded by two runs of ``simulate_spikes`` on one
    truth. Bits per spike and decoding have exact ceilings in ``simulate_spiking``.
Truth
    ``derivatives/truth/sub-LABEL_ses-LABEL.npz``
    (:class:`neurodecode.datasets.simulate.circuit_truth.CircuitTruth`).
"""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.datasets.simulate.circuit_cells import draw_cells
from neurodecode.datasets.simulate.circuit_dynamics import simulate_spikes
from neurodecode.datasets.simulate.circuit_settings import CircuitSettings, check_circuit
from neurodecode.datasets.simulate.circuit_truth import CircuitTruth
from neurodecode.datasets.simulate.session_truth import write_sessions
from neurodecode.datasets.simulate.spiking import session_of
from neurodecode.datasets.simulate.spiking_stimulus import draw_schedule

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.datasets.spiking.recording import SpikeSession

__all__ = ["simulate_circuit", "simulate_session"]


def simulate_circuit(
    folder: Path,
    *,
    n_subjects: int = 1,
    n_sessions: int = 1,
    n_units: int = 300,
    seconds: float = 600.0,
    step_seconds: float = 0.0005,
    n_hubs: int = 30,
    hub_reach: float = 0.1,
    chain_share: float = 0.002,
    coupling: float = 1.5,
    delay_seconds: tuple[float, float] = (0.001, 0.004),
    membrane_seconds: float = 0.02,
    synapse_seconds: float = 0.005,
    refractory_seconds: float = 0.002,
    threshold_mv: float = 15.0,
    reset_mv: float = 5.0,
    noise_mv: float = 4.0,
    rate_hz: float = 2.0,
    stimulus_gain: float = 1.5,
    behaviour_gain: float = 1.5,
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
        Each session has cells of its own; further ones leave the first ones as they are.
    n_units : int, default=300
    seconds : float, default=600.0
        Of each session; the last trial must end before.
    step_seconds : float, default=0.0005
        Step of the simulation, which must divide 0.05 s.
    n_hubs : int, default=30
    hub_reach : float, default=0.1
        Share of the other cells that a hub drives.
    chain_share : float, default=0.002
        Share of the ordered pairs of other cells that are connected.
    coupling : float, default=1.5
        Mean peak of a postsynaptic potential, mV; 0 for no wiring.
    delay_seconds : tuple of float, default=(0.001, 0.004)
        Shortest and longest delay of a connection, multiples of the step.
    membrane_seconds, synapse_seconds : float, default=0.02, 0.005
        Time constants of the membrane and, smaller, of the synaptic current.
    refractory_seconds : float, default=0.002
        Absolute refractoriness, a multiple of the step.
    threshold_mv, reset_mv : float, default=15.0, 5.0
        Potentials above rest.
    noise_mv : float, default=4.0
        Standard deviation that the stochastic current gives a membrane without threshold.
    rate_hz : float, default=2.0
        Median rate without any drive; hubs have three times as much.
    stimulus_gain, behaviour_gain : float, default=1.5
        Standard deviation of the current that stimulus and behaviour give a tuned cell, as the
        potential (mV) that it would hold.
    tuned_share : float, default=0.6
        Share of cells that see the stimulus, and, drawn anew, that follow the behaviour.
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
    DataFault
        If a cell never fires: the session is too short for its rate.
    """
    options = locals()
    settings = CircuitSettings(
        **{field.name: options[field.name] for field in fields(CircuitSettings)}
    )
    return write_sessions(
        folder, partial(simulate_session, settings), n_subjects=n_subjects, n_sessions=n_sessions
    )


def simulate_session(
    settings: CircuitSettings, subject: str = "01", session: str = "01"
) -> tuple[SpikeSession, CircuitTruth]:
    """Draw one session and its truth, without files.

    Parameters
    ----------
    settings : CircuitSettings
    subject, session : str, default "01"
        Labels, whole numbers; they choose the stream of random numbers.

    Raises
    ------
    ConfigFault
        If a setting is out of its range.
    DataFault
        If a cell never fires.
    """
    check_circuit(settings)
    rng = np.random.default_rng([settings.random_state, int(subject), int(session)])
    schedule = draw_schedule(settings, rng)
    circuit = draw_cells(settings, schedule, rng)
    truth = CircuitTruth.of(subject, session, settings, circuit, schedule)
    times, units = simulate_spikes(truth, rng)
    return session_of(truth, schedule, times, units), truth
