r"""Simulated viewers: EEG of people who look at pictures, and the best any decoder could do.

Generative model
    :math:`x_p(t) = G_p \sum_i s_{p, f(i)}(t - t_i) + n_p(t) + \text{line} + \text{pops}` in
    participant :math:`p`, who sees picture :math:`i` at :math:`t_i`.

    *Pictures.* A category has a centre in the latent space of a picture generator, and its
    pictures lie around it. As in THINGS, every picture is shown once, but the first one of each
    test category is repeated. Everybody sees the same pictures, each in an order of their own.

    *Features.* :math:`f` are the whitened leading principal components of engineered, low-level
    features, and those of a network's, high-level ones.

    *Sources.* Twelve dipoles from striate to inferior temporal and parietal cortex, both sides.
    Low-level features drive an *early* part (peak at 105 to 150 ms, gone by 260 ms) and a little
    of the answer to the picture's *offset* (peak 150 ms after it); high-level features drive a
    *late* part (220 to 340 ms), a *sustained* one until the offset, and most of the answer to it.
    Which feature drives what is common to all, up to a shift (10 ms) and a gain (15 %) per source
    and participant; people differ in the strength of all they answer (log-normal, 0.6). Nothing
    happens in the first 50 ms.

    *Heads and noise* are those of :mod:`neurodecode.datasets.simulate.listening`, and two
    parieto-occipital sources of an alpha rhythm near 10 Hz, whatever is seen.
Ceiling
    The noise's likelihood is exact, so the optimal decoder is known:
    :func:`neurodecode.datasets.simulate.viewing_optimal.optimal_scores`. By default a response is
    over half a second before the next picture, so that epochs of -0.5 to 1.0 s hold one.
Truth
    ``stimuli/latents.parquet`` holds the latents that the pictures were made from;
    ``derivatives/truth/`` the components (``features.parquet``), forward models
    (``sub-LABEL.npz``, with dropped channels, onsets and pops in ``sub-LABEL.json``) and
    ``shares.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.simulate.background import NOISE_UV
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.recording_files import check_electrodes
from neurodecode.datasets.simulate.viewing_features import Features, encode_pictures
from neurodecode.datasets.simulate.viewing_participant import Settings, record_viewer
from neurodecode.datasets.simulate.viewing_pictures import Gallery, Picture, make_pictures
from neurodecode.datasets.simulate.viewing_sources import Weights
from neurodecode.faults import ConfigFault, unknown
from neurodecode.stimuli.generation.generator import (
    PictureGenerator,
    default_generator,
    make_generator,
)
from neurodecode.stimuli.pictures.encoder import default_picture_encoder

PICTURES = ("default", "drawn", "faces")
"""Generators that make a picture from one vector."""
DEFAULT_OPTIONS: Mapping[str, Mapping[str, Any]] = {"efficientnet_lite0": {"size": 96}}
_STREAM = 4  # of random numbers; pictures and participants have others


def simulate_viewing(
    folder: Path,
    *,
    n_participants: int = 8,
    n_categories: int = 200,
    images_per_category: int = 6,
    n_test_categories: int = 40,
    test_repetitions: int = 8,
    n_channels: int = 32,
    sfreq: float = 120.0,
    snr: float = 0.15,
    low_level_share: float = 0.4,
    category_share: float = 0.5,
    latent_dimensions: int = 16,
    pictures: str = "default",
    early: Sequence[str] = ("colour_histogram", "hog"),
    late: str = "default",
    encoder_options: Mapping[str, Mapping[str, Any]] | None = None,
    n_components: tuple[int, int] = (8, 16),
    soa: float = 1.5,
    jitter: float = 0.1,
    duration: float = 0.5,
    common_head: bool = False,
    alpha_uv: float = 5.0,
    pops_per_minute: float = 1.0,
    random_state: int = 42,
) -> list[Path]:
    """Write a BIDS data set (BrainVision) of simulated viewers, their pictures and its truth.

    Parameters
    ----------
    n_participants : int, default=8
        Further ones leave the first ones as they are.
    n_categories, images_per_category : int, default=200, 6
        Of the pictures.
    n_test_categories : int, default=40
        Categories whose first picture is repeated.
    test_repetitions : int, default=8
        How often each of those is shown.
    n_channels : int, default=32
        Electrodes, at most 64, before some are dropped.
    sfreq : float, default=120.0
        Above 100 Hz, so that the line is below Nyquist.
    snr : float, default=0.15
        Amplitude of what differs between pictures relative to the background noise: root mean
        square over pictures, channels and the time of the response, in a head of average gain.
    low_level_share : float, default=0.4
        Share of that variance that low-level features drive, in [0, 1].
    category_share : float, default=0.5
        Share of the latents' variance that lies between categories, in [0, 1].
    latent_dimensions : int, default=16
        In which pictures differ, at most those of the generator's latent.
    pictures : {"default", "drawn", "faces"}, default "default"
        Picture generator; "default" is "faces" where its weights are installed, else "drawn".
    early : sequence of str, default=("colour_histogram", "hog")
        Picture encoders of low-level features.
    late : str, default "default"
        Picture encoder of high-level features; "default" is the network that is installed.
    encoder_options : mapping, default None
        Options by name of the picture encoder; ``{"efficientnet_lite0": {"size": 96}}`` holds
        where they do not say otherwise, which is six times as fast as the network's own size.
    n_components : tuple of int, default=(8, 16)
        Components of low-level and of high-level features that the brain follows, at most.
    soa, jitter : float, default=1.5, 0.1
        From one onset to the next, s, evenly distributed between ``soa - jitter`` and
        ``soa + jitter``.
    duration : float, default=0.5
        Of a picture, s.
    common_head : bool, default=False
        Give all participants the same sources in the same places.
    alpha_uv : float, default=5.0
        Amplitude of the alpha rhythm in the typical participant: root mean square over channels.
    pops_per_minute : float, default=1.0
        Mean rate of electrode pops over all channels.
    random_state : int, default=42
        Seed of the latents, the weights and the participants.

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range, or a generator or an encoder is unknown or not installed.
    """
    gallery = Gallery(
        n_categories, images_per_category, n_test_categories, category_share, latent_dimensions,
        random_state,
    )  # fmt: skip
    settings = Settings(
        test_repetitions, n_channels, sfreq, snr, low_level_share, soa, jitter, duration,
        common_head, alpha_uv, pops_per_minute, random_state,
    )  # fmt: skip
    _check(gallery, settings, n_participants)
    if not early or min(n_components) < 1:
        raise ConfigFault(
            f"{len(early)} early encoders, {n_components} components", fix="give 1 or more of each"
        )
    made = make_pictures(folder, gallery, _generator(pictures))
    features = _features(gallery, made, (early, (late,)), encoder_options, n_components)
    features.write(folder)
    weights = _weights(features, settings)
    shares = [
        record_viewer(folder, number, gallery.table(), features, weights, settings)
        for number in range(1, n_participants + 1)
    ]
    with atomic_path(folder / TRUTH / "shares.csv") as path:
        pd.DataFrame(shares).to_csv(path, index=False)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


def _check(gallery: Gallery, settings: Settings, n_participants: int) -> None:
    check_electrodes(settings.n_channels, settings.sfreq)
    least = {
        "participants": n_participants,
        "categories": gallery.n_categories,
        "pictures in a category": gallery.images_per_category,
        "repetitions": settings.test_repetitions,
        "dimensions of the latents": gallery.n_dimensions,
    }
    for name, number in least.items():
        if number < 1:
            raise ConfigFault(f"{number} {name}", fix="give 1 or more")
    if not 0 <= gallery.n_test_categories <= gallery.n_categories:
        raise ConfigFault(
            f"{gallery.n_test_categories} test categories of {gallery.n_categories}",
            fix=f"give 0 to {gallery.n_categories}",
        )
    shares = {
        "category_share": gallery.category_share,
        "low_level_share": settings.low_level_share,
    }
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ConfigFault(f"{name} {share:g}", fix="give 0 to 1")
    for name in ("snr", "jitter", "alpha_uv", "pops_per_minute"):
        if getattr(settings, name) < 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 or more")
    if not 0 < settings.duration < settings.soa - settings.jitter:
        raise ConfigFault(
            f"pictures of {settings.duration:g} s every {settings.soa:g} +- {settings.jitter:g} s",
            fix="a picture must go before the next one comes",
        )


def _generator(name: str) -> PictureGenerator:
    if name not in PICTURES:
        raise ConfigFault(unknown("generator of simulated pictures", name, PICTURES))
    return make_generator(default_generator() if name == "default" else name)


def _features(
    gallery: Gallery,
    pictures: Sequence[Picture],
    encoders: tuple[Sequence[str], Sequence[str]],
    encoder_options: Mapping[str, Mapping[str, Any]] | None,
    n_components: tuple[int, int],
) -> Features:
    """Return the components of the low-level and of the high-level encoders."""
    table = gallery.table()
    labels = table["category"].tolist()
    named = [
        [default_picture_encoder() if name == "default" else name for name in level]
        for level in encoders
    ]
    given = encoder_options or {}
    for name in given:
        if name not in (valid := [*named[0], *named[1]]):
            raise ConfigFault(unknown("picture encoder in encoder_options", name, valid))
    options = {**DEFAULT_OPTIONS, **given}
    low, high = (
        encode_pictures({name: options.get(name, {}) for name in level}, pictures, labels, n)
        for level, n in zip(named, n_components, strict=True)
    )
    return Features(tuple(table["image"]), low, high)


def _weights(features: Features, settings: Settings) -> Weights:
    """Draw weights, scaled so that the typical person's sources have the wanted variances in uV."""
    power = settings.snr**2 * NOISE_UV**2
    share = settings.low_level_share
    weights = Weights.draw(features, np.random.default_rng([settings.random_state, _STREAM]))
    powers = {"low": power * share, "high": power * (1 - share)}
    return weights.scaled(features, powers, settings.duration, settings.sfreq)
