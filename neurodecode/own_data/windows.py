"""What the pipelines ``speech`` and ``image`` find alike, and need of memory, disk and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from neurodecode.datasets.loaders import local_options
from neurodecode.faults import DataFault, Fault
from neurodecode.own_data.costs import program_size
from neurodecode.own_data.duration import JOB_S, product_rate
from neurodecode.own_data.recordings import listings
from neurodecode.own_data.survey import Duration, Size, SplitRow, Study, Survey
from neurodecode.signals.memory import require_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neurodecode.contrastive.config_model import BrainSection
    from neurodecode.contrastive.image.config import ImageConfig
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.own_data.recordings import Header, Recordings
    from neurodecode.signals.continuous import ContinuousSection
    from neurodecode.training_config import TrainerSection

HALF_SPEED = 80
"""Width of the convolutions at which training reaches half of a large matrix product's speed.

Measured on one core, batches of 4 to 64 windows: 1.1 of it at width 320, 0.46 at 64, 0.13 at 16.
"""
BACKWARD = 3
"""Forward and backward together, in forward passes."""
KEPT_PER_BLOCK, KEPT_AROUND = 14, 4
"""Tensors that a step keeps, in widths of a block and of the layers before and after."""
WITH_GRADIENTS = 1.5
"""Peak of a step in what it keeps: 113 MB of 76 MB at the published width and depth."""
Read = TypeVar("Read")


def read_everybody(
    study: Study,
    recordings: Recordings,
    config: SpeechConfig | ImageConfig,
    read: Callable[..., list[Read]],
) -> tuple[list[Read], list[Fault]]:  # fmt: skip
    """Read every subject by a loader's ``read``, as ``fetch`` will; return also what is wrong."""
    found: list[Read] = []
    faults = list(recordings.faults)
    for subject in recordings.subjects:
        try:
            found += read(study.folder, subject, **local_options(config.data))
        except Fault as fault:
            faults.append(fault)
    return found, faults


def survey_of_windows(
    pipeline: str, study: Study, recordings: Recordings, config: SpeechConfig | ImageConfig, *,
    tree: Mapping[str, object], n_windows: int, found: Sequence[tuple[str, str]],
    faults: Sequence[Fault], notes: Iterable[str], splits: Sequence[SplitRow],
) -> Survey:  # fmt: skip
    """Join what a pipeline found in a study with what the headers say, and what a run costs.

    Parameters
    ----------
    config : SpeechConfig or ImageConfig
        Of ``tree``.
    n_windows : int
        To train on; none where there is no split.
    found, faults, notes, splits
        Of :class:`Survey`, beside those of the headers.
    """
    headers, signals, subjects = recordings.headers, config.signals, list(recordings.subjects)
    stopped = [*faults, *memory_faults(headers, signals)]
    units = config.units(subjects)
    return Survey(
        pipeline, study.folder,
        found=[*recordings.found, *found],
        listings=listings(headers),
        faults=stopped,
        notes=[*recordings.notes, *dict.fromkeys(notes)],
        splits=splits,
        sizes=[
            program_size(pipeline), *recording_sizes(headers, signals),
            *training_sizes(config.brain, config.training.batch_size, signals.n_samples),
        ],
        disk=store_bytes(headers, signals),
        duration=training_duration(
            config.brain, config.trainer, signals.n_samples, len(headers[0].channels),
            n_windows=n_windows, n_models=n_networks(units),
            n_jobs=2 * len(units) + len(subjects) + 2,
        ) if n_windows else None,
        settings={} if stopped else tree,
    )  # fmt: skip


def recording_sizes(headers: Sequence[Header], settings: ContinuousSection) -> list[Size]:
    """Return what ``prepare`` holds: the longest recording as read, and at the common rate."""
    largest = max(headers, key=lambda header: header.n_times * len(header.channels))
    n_channels = len(settings.channels or largest.channels)
    after = round(largest.seconds * settings.sfreq)
    return [
        Size("the largest recording, as read", (n_channels, largest.n_times), "float64"),
        Size(f"the same at {settings.sfreq:g} Hz", (n_channels, after), "float64"),
    ]


def training_sizes(brain: BrainSection, batch_size: int, n_samples: int) -> list[Size]:
    """Return what a training of the brain module holds: a batch in all layers, and the weights."""
    kept = KEPT_PER_BLOCK * brain.n_blocks * brain.hidden
    kept += KEPT_AROUND * (brain.n_virtual_channels + brain.hidden)
    batch = (batch_size, n_samples, round(WITH_GRADIENTS * kept))
    attention = 2 * brain.n_frequencies**2 * brain.n_virtual_channels
    n_weights = _n_products(brain) + attention
    return [
        Size("a batch in all layers of the network, with gradients", batch),
        Size("weights, their gradients, and Adam's two moments", (4, n_weights)),
    ]


def _n_products(brain: BrainSection, n_channels: int = 0) -> int:
    """Return the products for a sample in time: the weights of all convolutions."""
    virtual, hidden, taps = brain.n_virtual_channels, brain.hidden, brain.kernel
    first = n_channels * virtual + 2 * virtual * virtual + taps * virtual * hidden
    return first + (brain.n_blocks * taps + 1) * 4 * hidden * hidden


def store_bytes(headers: Sequence[Header], settings: ContinuousSection) -> int:
    """Return the bytes of all recordings at the common rate, float32."""
    sizes = (
        Size("", (len(settings.channels or h.channels), round(h.seconds * settings.sfreq)))
        for h in headers
    )
    return sum(size.n_bytes for size in sizes)


def memory_faults(headers: Sequence[Header], settings: ContinuousSection) -> list[Fault]:
    """Return the fault of the first recording that is larger than the limit, as ``prepare``."""
    for header in headers:
        shape = (len(settings.channels or header.channels), header.n_times)
        try:
            require_memory(
                shape, dtype="float64", limit_gib=settings.memory_limit_gib,
                what=f"recording {header.file.name}",
                fix="raise signals.memory_limit_gib, or give fewer channels",
            )  # fmt: skip
        except DataFault as fault:
            return [fault]
    return []


def n_networks(units: Iterable[str]) -> int:
    """Count the units that train a network: all but those of the linear baseline."""
    return sum(not unit.startswith("ridge") for unit in units)


def fitting_k(top_k: Iterable[int], usual: int, n_candidates: int) -> int:
    """Return the k of a top-k accuracy that can say something among so few candidates.

    Among fewer than 2 k candidates chance is above one half, among k it is 1: then the largest k
    that fits is taken, at least the smallest there is.

    Parameters
    ----------
    top_k : iterable of int
        Of what is computed.
    usual : int
    n_candidates : int
    """
    if n_candidates >= 2 * usual:
        return usual
    return max((k for k in top_k if 2 * k <= n_candidates), default=min(top_k))


def training_duration(
    brain: BrainSection,
    trainer: TrainerSection,
    n_samples: int,
    n_channels: int,
    *,
    n_windows: int,
    n_models: int,
    n_jobs: int,
) -> Duration:
    """Estimate trainings of the brain module from its multiplications.

    Parameters
    ----------
    trainer : TrainerSection
        A training ends after ``patience`` validations without a gain, or ``max_epochs``.
    n_samples : int
        Of a window.
    n_windows, n_models : int
        Windows of an epoch, networks trained.
    n_jobs : int
        Of the whole run.
    """
    each, hidden = 2 * n_samples * _n_products(brain, n_channels), brain.hidden
    rate, share = product_rate(), hidden / (hidden + HALF_SPEED)
    epoch = BACKWARD * each * n_windows * n_models / (rate * share)
    start, fewest = n_jobs * JOB_S, min(trainer.patience + 1, trainer.max_epochs)
    basis = (
        f"{each / 1e9:.2g} billion operations a window, {n_windows:,} windows, {fewest} to "
        f"{trainer.max_epochs} epochs, {n_models} networks; a matrix product does "
        f"{rate / 1e9:.0f} billion a second here, a training of width {hidden} is taken to reach "
        f"{share:.0%} of that"
    )
    return Duration(start + epoch * trainer.max_epochs, basis, start + epoch * fewest)
