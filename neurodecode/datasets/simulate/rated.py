r"""Simulated viewers of clips: EPOC recordings whose rhythms follow felt valence and arousal.

Generative model
    In participant :math:`p`, at time :math:`t` of trial :math:`i` with clip :math:`c`,

    .. math::

        x_p(t) = G_p\, \mathrm{diag}\big(e^{\lambda(t) / 2}\big)\, s(t) + n_p(t) + o_p, \qquad
        \lambda_k(t) = g_{pk} + d_{pk}(t) + \eta\, (\beta_k^\top z_{pi}) + u_{ck}.

    *Felt.* A clip has a valence and an arousal, quantiles of a standard normal; a person feels
    :math:`z = \sqrt{1 - \delta}` of it plus :math:`\sqrt{\delta}` of their own, and the rating, 1
    to 5, is the fifth of the distribution that z lies in. So people differ about a clip.

    *Rhythms.* :math:`s` are sixteen independent autoregressive rhythms of order 2 (theta, alpha,
    beta, gamma; both sides), whose log power follows z through the loadings :math:`\beta`
    (:data:`neurodecode.datasets.simulate.rated_sources.SOURCES`): frontal alpha asymmetry and
    temporal gamma with valence, posterior alpha, beta and gamma with arousal.

    *Nuisance*, each with a strength of its own, the standard deviation of a log power: the clip's
    signature :math:`u` (``clip_identity``), the same for everybody who watches it and unrelated to
    what is felt; a drift :math:`d` over the session (``drift``; Ornstein-Uhlenbeck, 300 s), in the
    baselines as well; the person's own powers :math:`g` (``subject_gain``). People also differ in
    where their sources lie. A split whose training part has other seconds of the tested clip can
    score by recognising the clip, or the moment of the session.

    *Heads and background* :math:`n` are those of :mod:`neurodecode.datasets.simulate.listening`
    (40 dipoles, 1/f); :math:`o` is the offset of the headset's amplifier, 4200 uV. Before each
    clip is a baseline with :math:`z = u = 0`.
Ceiling
    :func:`neurodecode.datasets.simulate.rated_optimal.optimal_probabilities`: a decoder of windows
    of unseen clips that knows the model and the person, and not the clip's signature.
Truth
    ``derivatives/truth/`` holds ``clips.parquet`` (latents and signatures) and per participant
    ``sub-LABEL.npz`` and ``sub-LABEL.json``
    (:class:`neurodecode.datasets.simulate.rated_truth.RatedViewer`).
"""

from __future__ import annotations

from pathlib import Path

from neurodecode.datasets.rated.arrays import write_description
from neurodecode.datasets.rated.epoc import CHANNELS, SAMPLING_RATE
from neurodecode.datasets.simulate.rated_latents import Clips
from neurodecode.datasets.simulate.rated_participant import Settings, record_viewer
from neurodecode.datasets.simulate.rated_sources import LEVELS, RATINGS
from neurodecode.faults import ConfigFault


def simulate_rated(
    folder: Path,
    *,
    n_subjects: int = 6,
    n_clips: int = 18,
    seconds: float = 60.0,
    baseline_seconds: float = 61.0,
    effect: float = 1.25,
    deviation: float = 0.3,
    clip_identity: float = 0.7,
    drift: float = 0.4,
    subject_gain: float = 0.5,
    common_head: bool = False,
    random_state: int = 42,
) -> list[Path]:
    """Write a data set of simulated viewers, in the form of ``rated/arrays.py``, and its truth.

    Parameters
    ----------
    n_subjects : int, default=6
        Further ones leave the first ones as they are.
    n_clips : int, default=18
        Everybody watches all, each in an order of their own.
    seconds, baseline_seconds : float, default=60.0, 61.0
        Of a clip and of the baseline before it; 0 s of baseline leaves them out.
    effect : float, default=1.25
        Strength of what is felt: factor of the loadings.
    deviation : float, default=0.3
        Share of the variance of what is felt that is the person's own, in [0, 1].
    clip_identity, drift, subject_gain : float, default=0.7, 0.4, 0.5
        Standard deviations of log power: clips' signatures, drift over the session, people.
    common_head : bool, default=False
        Give all people the same sources in the same places.
    random_state : int, default=42
        Seed of the clips and the participants.

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range.
    """
    settings = Settings(
        seconds, baseline_seconds, effect, deviation, clip_identity, drift, subject_gain,
        common_head, random_state,
    )  # fmt: skip
    _check(settings, n_subjects, n_clips)
    clips = Clips.draw(n_clips, clip_identity, random_state)
    clips.write(folder)
    write_description(folder, CHANNELS, SAMPLING_RATE, dict.fromkeys(RATINGS, LEVELS))
    for number in range(1, n_subjects + 1):
        record_viewer(folder, number, clips, settings)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


def _check(settings: Settings, n_subjects: int, n_clips: int) -> None:
    for name, number in {"n_subjects": n_subjects, "n_clips": n_clips}.items():
        if number < 1:
            raise ConfigFault(f"{name} {number}", fix="give 1 or more")
    if settings.seconds * SAMPLING_RATE < 1:
        raise ConfigFault(f"clips of {settings.seconds:g} s", fix="give 1 s or more")
    if not 0 <= settings.deviation <= 1:
        raise ConfigFault(f"deviation {settings.deviation:g}", fix="give 0 to 1")
    strengths = {
        "baseline_seconds": settings.baseline_seconds,
        "effect": settings.effect,
        "clip_identity": settings.identity,
        "drift": settings.drift,
        "subject_gain": settings.subject_gain,
    }
    for name, strength in strengths.items():
        if strength < 0:
            raise ConfigFault(f"{name} {strength:g}", fix="give 0 or more")
