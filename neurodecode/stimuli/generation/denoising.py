r"""Deterministic denoising (DDIM) of latents, with guidance, as every diffusion generator does it.

With the noise schedule :math:`\bar\alpha_t` and the predicted noise :math:`\hat\epsilon`, a step
from :math:`t` to the next lower :math:`s` is

.. math:: z_s = \sqrt{\bar\alpha_s}\,
          \frac{z_t - \sqrt{1 - \bar\alpha_t}\,\hat\epsilon}{\sqrt{\bar\alpha_t}}
          + \sqrt{1 - \bar\alpha_s}\,\hat\epsilon
          \qquad (\eta = 0)

and guidance of strength :math:`g` replaces :math:`\hat\epsilon` by
:math:`\hat\epsilon_\varnothing + g\,(\hat\epsilon_c - \hat\epsilon_\varnothing)`.

References
----------
.. [1] Song, Meng & Ermon 2021, Denoising diffusion implicit models, ICLR.
.. [2] Ho & Salimans 2022, Classifier-free diffusion guidance, arXiv:2207.12598.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

PRECISIONS = ("float32", "float16", "bfloat16")


def denoise(
    predict: Callable[[Any, Any, bool], Any],
    latents: Any,
    scheduler: Any,
    timesteps: Any,
    *,
    guidance: float,
    what: str,
) -> Any:
    """Take latents through the given timesteps.

    A progress bar is shown on a terminal, and nowhere else.

    Parameters
    ----------
    predict : callable
        Takes latents (n, C, H, W), a timestep and whether the condition counts; returns what the
        scheduler's network predicts.
    latents : Tensor, shape (n, C, H, W)
        At the noise level of the first timestep.
    scheduler : DDIMScheduler
    timesteps : Tensor
        From noisy to clean; none leaves the latents as they are.
    guidance : float
        With 1 the unconditional prediction is not computed.
    what : str
        Label of the bar.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    steps = track(
        timesteps, description=what, console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip
    for step in steps:
        predicted = predict(latents, step, True)
        if guidance != 1:
            blank = predict(latents, step, False)
            predicted = blank + guidance * (predicted - blank)
        latents = scheduler.step(predicted, step, latents, eta=0.0).prev_sample
    return latents


def generate_in_batches(
    generate: Callable[[dict[str, Any], list[Any], str], NDArray[np.uint8]],
    latents: Mapping[str, NDArray[np.float32]],
    nothing: NDArray[np.uint8],
    *,
    batch_size: int,
    random_state: int,
) -> NDArray[np.uint8]:
    """Return the pictures of all rows, a batch at a time.

    Parameters
    ----------
    generate : callable
        Takes the latents of a batch as tensors, a torch generator per picture and a label for the
        progress; returns pictures.
    latents : mapping of str to ndarray
        Checked.
    nothing : ndarray, shape (0, H, W, 3)
        What no row gives.
    batch_size, random_state : int
    """
    import torch

    n, made = len(next(iter(latents.values()))), [nothing]
    with torch.inference_mode():
        for first in range(0, n, batch_size):
            rows = range(first, min(first + batch_size, n))
            part = {
                name: torch.from_numpy(np.ascontiguousarray(values[first : rows.stop], np.float32))
                for name, values in latents.items()
            }
            noises = [picture_noise(random_state, row) for row in rows]
            made.append(generate(part, noises, f"pictures {first + 1} to {rows.stop} of {n}"))
    return np.concatenate(made)


def picture_noise(random_state: int, index: int) -> Any:
    """Return the torch generator of one picture's noise, whatever batch it is in."""
    import torch

    seed = np.random.SeedSequence([random_state, index]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(seed[0] >> 1))


def decode(vae: Any, latents: Any) -> NDArray[np.uint8]:
    """Decode latents, in the scale of the diffusion model, to pictures (n, H, W, 3)."""
    values = vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0]
    values = (values.float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    pictures: NDArray[np.uint8] = (255 * values).round().byte().cpu().numpy()
    return pictures


def no_pictures(unet: Any, vae: Any) -> NDArray[np.uint8]:
    """Return no picture of the size that these networks make, shape (0, H, W, 3)."""
    side = unet.config.sample_size * 2 ** (len(vae.config.block_out_channels) - 1)
    return np.empty((0, side, side, 3), np.uint8)


def check_latents(
    latents: Mapping[str, NDArray[np.float32]], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuse latents that are not those asked for.

    Raises
    ------
    DataFault
        If a latent is missing, unknown, of another shape or not finite, or numbers differ.
    """
    for name in latents:
        if name not in shapes:
            raise DataFault(unknown("latent", name, shapes))
    for name, shape in shapes.items():
        if name not in latents:
            raise DataFault(f"latent '{name}' is missing", fix=f"give an array (n, *{shape})")
        if latents[name].shape[1:] != shape:
            raise DataFault(
                f"latent '{name}' of one picture has the shape {latents[name].shape[1:]}, "
                f"the generator takes {shape}"
            )
        if not np.isfinite(latents[name]).all():
            raise DataFault("a latent is NaN or infinite", where=name)
    counts = {name: len(values) for name, values in latents.items()}
    if len(set(counts.values())) != 1:
        said = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise DataFault(f"latents of different numbers of pictures ({said})")


def check_settings(
    *,
    steps: int,
    guidance: float,
    dtype: str,
    batch_size: int,
    shares: Mapping[str, float] | None = None,
) -> None:
    """Refuse settings that no denoising can be done with.

    Parameters
    ----------
    shares : mapping of str to float or None, default=None
        Settings that must lie between 0 and 1, by name.

    Raises
    ------
    ConfigFault
        Names the setting.
    """
    if steps < 1 or batch_size < 1:
        raise ConfigFault(f"steps {steps}, batch_size {batch_size}", fix="give 1 or more")
    if guidance < 1:
        raise ConfigFault(f"guidance {guidance:g}", fix="give 1 (none) or more")
    if dtype not in PRECISIONS:
        raise ConfigFault(unknown("dtype", dtype, PRECISIONS))
    for name, value in (shares or {}).items():
        if not 0 <= value <= 1:
            raise ConfigFault(f"{name} {value:g}", fix="give 0 to 1")
