r"""Simulated fMRI subjects who look at pictures, and the best any decoder could do.

Generative model
    :math:`y_{s,i} = \mu_s(u_i) + n` is the response of subject :math:`s` to stimulus :math:`i`.

    *Stimuli.* A stimulus has a latent that lies round the centre of its category; a picture is
    generated from it. Every subject is trained on stimuli of its own, all are tested on the same
    ones, repeatedly: the form of the Natural Scenes Dataset.

    *Features.* :math:`u` are whitened leading principal components of what a picture encoder
    says, or the first numbers of the latent. They are common to all subjects.

    *Voxels.* Subject :math:`s` has :math:`N_s` voxels, an ellipsoid in a grid. What voxel
    :math:`v` prefers, :math:`m_v`, is white noise on the grid, smoothed, then of norm 1, so that
    neighbours prefer the same; between subjects it has nothing in common. The voxel answers few
    stimuli, and them strongly: :math:`\mu_v = \text{ncsnr}_s\, g_v \max(m_v^\top u - \theta, 0)/s`,
    with :math:`\theta` such that it answers the share ``active`` and :math:`s` such that the
    rectified part has variance 1; gains :math:`g_v` are log-normal (0.4).

    *Noise* has variance 1 in each trial and voxel: a share that voxels do not have in common, one
    of smooth fields, and one along the responses to 128 other stimuli, as if the brain were busy
    with them, so that more voxels do not help against it.
Ceiling
    The noise is Gaussian and known: :mod:`neurodecode.datasets.simulate.responses_optimal` has the
    noise ceiling of each voxel, and the optimal decoder.
Files
    The form of :mod:`neurodecode.datasets.responses.local`; beside the pictures
    ``stimuli/latents.parquet``, and ``stimuli/embeddings.npz`` with a CLIP-like target made from
    :math:`u`. Truth: ``derivatives/truth/features.parquet`` and ``sub-LABEL.npz``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import write_parquet
from neurodecode.datasets.responses.embeddings import EMBEDDINGS, write_embeddings
from neurodecode.datasets.responses.local import STIMULI, TABLE
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.responses_optimal import FEATURES
from neurodecode.datasets.simulate.responses_stimuli import StimulusPlan, clip_like
from neurodecode.datasets.simulate.responses_subject import Settings, write_subject, write_table
from neurodecode.datasets.simulate.viewing import PICTURES
from neurodecode.datasets.simulate.viewing_features import encode_pictures
from neurodecode.datasets.simulate.viewing_pictures import make_pictures
from neurodecode.faults import ConfigFault, unknown
from neurodecode.stimuli.generation.generator import default_generator, make_generator
from neurodecode.stimuli.pictures.encoder import default_picture_encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

LATENT, NO_PICTURES = "latent", "none"
OPTIONS: Mapping[str, Mapping[str, Any]] = {"efficientnet_lite0": {"size": 64}}
"""Options of encoders: the size of the generated pictures is enough, and fast."""


def simulate_responses(
    folder: Path,
    *,
    n_subjects: int = 4,
    n_voxels: Sequence[int] = (3000, 2500, 2000, 1500),
    n_latent: int = 16,
    n_train: int = 600,
    n_shared_test: int = 100,
    n_repetitions: int = 3,
    n_train_repetitions: int = 1,
    n_categories: int = 40,
    category_share: float = 0.3,
    ncsnr: float | Sequence[float] = 0.25,
    smoothness: float = 4.0,
    active: float = 0.2,
    smooth_noise: float = 0.3,
    ongoing_noise: float = 0.3,
    pictures: str = "drawn",
    embedding: str = "default",
    trials_per_run: int = 75,
    random_state: int = 42,
) -> list[Path]:
    """Write responses of simulated subjects, their pictures, and the truth.

    Parameters
    ----------
    n_subjects : int, default=4
    n_voxels : sequence of int, default=(3000, 2500, 2000, 1500)
        Of each subject; taken round and round where there are more subjects.
    n_latent : int, default=16
        Features that the brain follows, at most.
    n_train : int, default=600
        Stimuli of each subject's own.
    n_shared_test : int, default=100
        Stimuli that all subjects see.
    n_repetitions, n_train_repetitions : int, default=3, 1
        How often each of those is shown.
    n_categories : int, default=40
        Categories of stimuli.
    category_share : float, default=0.3
        Share of the latents' variance that lies between categories, in [0, 1].
    ncsnr : float or sequence of float, default=0.25
        Standard deviation of a typical voxel's responses relative to the noise of one trial, of
        each subject; taken as ``n_voxels`` is.
    smoothness : float, default=4.0
        Full width at half maximum, in voxels, of the kernel that smooths mixing and noise.
    active : float, default=0.2
        Share of the stimuli that a voxel answers, in (0, 1).
    smooth_noise, ongoing_noise : float, default=0.3, 0.3
        Shares of the noise's variance: of smooth fields, and of what other stimuli evoke. Their
        sum is below 1.
    pictures : {"drawn", "faces", "default", "none"}, default "drawn"
        Picture generator; "default" is "faces" where its weights are installed, else "drawn";
        faces take longer than drawn pictures. "none" writes no pictures, and the latents have
        ``n_latent`` numbers.
    embedding : str, default "default"
        What the brain follows: a picture encoder by name, "default" for the network that is
        installed, or "latent" for the first numbers of the latent.
    trials_per_run : int, default=75
    random_state : int, default=42
        Seed of stimuli, mixings and noise.

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range, or a generator or an encoder is unknown or not installed.

    Notes
    -----
    With ``embedding="latent"`` more subjects leave the first ones' responses as they are.
    """
    plan = StimulusPlan(
        n_subjects, n_train, n_shared_test, n_categories, category_share, random_state
    )
    settings = Settings(
        tuple(n_voxels), n_repetitions, n_train_repetitions, trials_per_run,
        (ncsnr,) if isinstance(ncsnr, int | float) else tuple(ncsnr), smoothness, active,
        smooth_noise, ongoing_noise, random_state,
    )  # fmt: skip
    _check(plan, settings, n_latent)
    table = plan.table()
    if pictures == NO_PICTURES:
        table["image"] = ""
    features = _features(folder, plan, pictures, embedding, n_latent)
    _write_stimuli(folder, table, features, random_state)
    for number, subject in enumerate(plan.subjects):
        write_subject(folder, subject, number, table, features, settings)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


def _check(plan: StimulusPlan, settings: Settings, n_latent: int) -> None:
    least = {
        "subjects": plan.n_subjects,
        "numbers of voxels": len(settings.n_voxels),
        "voxels": min(settings.n_voxels, default=1),
        "features": n_latent,
        "training stimuli": plan.n_train,
        "shared stimuli": plan.n_shared_test,
        "categories": plan.n_categories,
        "repetitions": min(settings.n_repetitions, settings.n_train_repetitions),
        "trials in a run": settings.trials_per_run,
        "values of ncsnr": len(settings.ncsnr),
    }
    for name, number in least.items():
        if number < 1:
            raise ConfigFault(f"{number} {name}", fix="give 1 or more")
    if not 0 <= plan.category_share <= 1:
        raise ConfigFault(f"category_share {plan.category_share:g}", fix="give 0 to 1")
    if not 0 < settings.active < 1:
        raise ConfigFault(f"active {settings.active:g}", fix="give a share above 0 and below 1")
    for name, value in (("ncsnr", min(settings.ncsnr)), ("smoothness", settings.smoothness)):
        if value < 0:
            raise ConfigFault(f"{name} {value:g}", fix="give 0 or more")
    shares = settings.smooth_noise, settings.ongoing_noise
    if min(shares) < 0 or sum(shares) >= 1:
        told = f"smooth_noise {shares[0]:g} and ongoing_noise {shares[1]:g}"
        raise ConfigFault(told, fix="give shares of the noise whose sum is below 1")


def _features(
    folder: Path, plan: StimulusPlan, pictures: str, embedding: str, n_latent: int
) -> Array:
    """Make the pictures and return what the brain follows (n_stimuli, n_features)."""
    if pictures == NO_PICTURES:
        if embedding not in ("default", LATENT):
            fix = "without pictures, give embedding 'latent'"
            raise ConfigFault(f"embedding '{embedding}' needs pictures", fix=fix)
        return plan.latents(n_latent).astype(np.float64)
    if pictures not in PICTURES:
        valid = (*PICTURES, NO_PICTURES)
        raise ConfigFault(unknown("generator of simulated pictures", pictures, valid))
    generator = make_generator(default_generator() if pictures == "default" else pictures)
    made = make_pictures(folder, plan, generator)
    if embedding == LATENT:
        latents = plan.latents(*generator.latents[LATENT])
        return latents[:, :n_latent].astype(np.float64)
    name = default_picture_encoder() if embedding == "default" else embedding
    labels = plan.table()["category"].tolist()
    return encode_pictures({name: OPTIONS.get(name, {})}, made, labels, n_latent)


def _write_stimuli(folder: Path, table: pd.DataFrame, features: Array, random_state: int) -> None:
    shown = table.drop(columns="owner").replace("", "n/a")
    write_table(folder / TABLE, shown)
    write_embeddings(folder / STIMULI / EMBEDDINGS, clip_like(features, table, random_state))
    followed = pd.DataFrame({"stimulus": table["stimulus"], "features": list(features)})
    write_parquet(folder / TRUTH / FEATURES, followed)
