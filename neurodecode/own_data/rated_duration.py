"""How long the trainings of ``emotion`` may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.emotion.config import ACROSS
from neurodecode.emotion.decoders import decoder_of
from neurodecode.own_data.duration import JOB_S, past_duration, product_rate
from neurodecode.own_data.survey import Duration, Size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.emotion.config import EmotionConfig

OPERATIONS = 10_000
"""Operations of an update for each sample of a window and channel, at a matrix product's speed.

Measured on one core, 19 channels, batches of 32 and 256: HiSTN 7,000 to 13,500, EEGNet 13,500 to
23,000.
"""
TRAINING_S = 0.4
"""Assumed start and end of a training beside its updates, with the export of its decoder."""
FORWARD = 3
"""An update in forward passes, as validation makes them."""


def rated_duration(
    config: EmotionConfig, stored: Size, folds: Mapping[str, int], n_subjects: int
) -> Duration:
    """Estimate trainings within subjects from their updates; all epochs are run.

    Parameters
    ----------
    config : EmotionConfig
    stored : Size
        (n_trials, n_channels, n_samples) of everybody.
    folds : mapping of str to int
        Of all subjects, by protocol.
    n_subjects : int

    Returns
    -------
    Duration
        Of protocols across subjects: scaled from an earlier run.
    """
    if any(name in ACROSS for name in config.protocols):
        return past_duration("emotion", stored.n_bytes)
    (n_trials, n_channels, n_samples), window = stored.shape, config.window_samples
    settings, epochs = config.within, config.within.trainer.max_epochs
    networks = [name for name in config.models if not decoder_of(name).classical]
    n_folds = sum(folds[name] for name in config.protocols)
    n_trainings = n_folds * len(config.labels) * len(networks)
    starts = n_trials / n_subjects * (n_samples - window + 1)
    n_batches = settings.n_batches or max(1, round(starts / settings.batch_size))
    n_windows = n_batches * settings.batch_size + settings.n_valid / FORWARD
    rate = product_rate()
    each = n_windows * window * n_channels * OPERATIONS / rate
    n_jobs = 2 * len(config.units([str(k) for k in range(n_subjects)])) + n_subjects + 2
    basis = (
        f"{n_trainings} trainings of networks ({n_folds} folds, {len(config.labels)} ratings, "
        f"{len(networks)} networks), {epochs} epochs of {n_batches:,} updates; a matrix product "
        f"does {rate / 1e9:.0f} billion operations a second here, {OPERATIONS:,} are taken for "
        "each sample of a window"
    )
    return Duration(n_trainings * (epochs * each + TRAINING_S) + n_jobs * JOB_S, basis)
