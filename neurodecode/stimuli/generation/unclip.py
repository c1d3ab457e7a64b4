r"""Stable unCLIP: pictures from one CLIP embedding.

References
----------
.. [1] Ramesh et al. 2022, Hierarchical text-conditional image generation with CLIP latents,
   arXiv:2204.06125.
.. [2] Rombach et al. 2022, High-resolution image synthesis with latent diffusion models, CVPR.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.generation.checkpoint import (
    empty_text,
    load_part,
    make_scheduler,
    pipeline_folder,
    read_weights,
    require_packages,
)
from neurodecode.stimuli.generation.denoising import (
    check_latents,
    check_settings,
    decode,
    denoise,
    generate_in_batches,
    no_pictures,
)
from neurodecode.stimuli.pretrained import load_pretrained, weights_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

STABLE_UNCLIP = "sd2-community/stable-diffusion-2-1-unclip"
PARTS = (
    "unet", "vae", "scheduler", "tokenizer", "text_encoder", "image_normalizer",
    "image_noising_scheduler",
)  # fmt: skip
VISION = "vision"
CLIP_OF_WIDTH = {
    768: "openai/clip-vit-large-patch14",
    1024: "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
}
"""Vision transformers that published checkpoints were trained with."""


class UnCLIP:
    r"""Pictures from a CLIP image embedding, denoised from pure noise.

    The embedding :math:`e` is standardised with the mean and deviation that come with the
    checkpoint, noised to ``noise_level`` :math:`l` of its own schedule and brought back,

    .. math:: e' = \mu + \sigma\,\Bigl(\sqrt{\bar\alpha_l}\,\tfrac{e - \mu}{\sigma}
              + \sqrt{1 - \bar\alpha_l}\,\eta\Bigr),

    and joined with a sinusoidal code of :math:`l`. The text is empty; the unconditional embedding
    is zero. Unlike dual-guided diffusion there is no start latent, so that the layout of the
    picture is left to chance.

    Parameters
    ----------
    model : str, default="sd2-community/stable-diffusion-2-1-unclip"
        A name on the hub, or a folder with the subfolders of such a pipeline.
    steps : int, default=20
    guidance : float, default=10.0
        1 is none.
    noise_level : int, default=0
        The more, the less the picture follows the embedding; below the steps of the schedule
        (1000).
    device : str, default="cpu"
        Where the networks run, a name known to torch.
    dtype : {"float32", "float16", "bfloat16"}, default="float32"
        Halves are for graphics cards.
    batch_size : int, default=4
        Pictures at a time; changes no picture beyond rounding.

    Raises
    ------
    ConfigFault
        If a setting is out of range, or diffusers is not installed.
    DataFault, NetworkFault
        If the pipeline cannot be loaded.
    """

    def __init__(
        self,
        model: str = STABLE_UNCLIP,
        steps: int = 20,
        guidance: float = 10.0,
        noise_level: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
        batch_size: int = 4,
    ) -> None:
        check_settings(steps=steps, guidance=guidance, dtype=dtype, batch_size=batch_size)
        require_packages("unclip")
        self.model, self.steps, self.guidance = str(model), int(steps), float(guidance)
        self.noise_level, self.device, self.dtype = int(noise_level), device, dtype
        self.batch_size = int(batch_size)
        self._load(pipeline_folder(self.model, PARTS))

    def _load(self, folder: Path) -> None:
        import torch
        from diffusers import AutoencoderKL, UNet2DConditionModel
        from transformers import CLIPTextModel

        self._schedule = make_scheduler(folder / "image_noising_scheduler")
        n_levels = self._schedule.config.num_train_timesteps
        if not 0 <= self.noise_level < n_levels:
            raise ConfigFault(
                f"noise_level {self.noise_level}", where=self.model, fix=f"0 to {n_levels - 1}"
            )
        kind = getattr(torch, self.dtype)
        self._scheduler = make_scheduler(folder / "scheduler")
        self._moments = read_weights(folder / "image_normalizer")
        encoder = load_pretrained(CLIPTextModel, str(folder / "text_encoder"))
        with torch.inference_mode():
            text = encoder(empty_text(folder / "tokenizer")).last_hidden_state
        self._text = text.to(self.device, kind)
        self._unet = load_part(UNet2DConditionModel, folder / "unet").to(self.device, kind)
        self._vae = load_part(AutoencoderKL, folder / "vae").to(self.device, kind)

    @property
    def latents(self) -> dict[str, tuple[int, ...]]:
        """One embedding, 768 wide for the published checkpoint of ViT-L, 1024 for ViT-H."""
        return {VISION: (int(self._moments["mean"].shape[-1]),)}

    def targets(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the encoder whose output the embedding is."""
        (width,) = self.latents[VISION]
        encoder = CLIP_OF_WIDTH.get(width, f"{self.model}/image_encoder")
        return {VISION: ("clip_vision", {"model": encoder, "pooling": "cls", "space": "projected"})}

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import diffusers
        import torch

        return {
            "generator": "unclip",
            "steps": self.steps,
            "guidance": self.guidance,
            "noise_level": self.noise_level,
            "dtype": self.dtype,
            "weights": self._weights,
            "schedulers": [
                {key: value for key, value in scheduler.config.items() if key[0] != "_"}
                for scheduler in (self._scheduler, self._schedule)
            ],
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        }

    @cached_property
    def _weights(self) -> list[str]:
        """Hashes of both networks, of the embedding's moments and of the empty text."""
        tensors = {**self._moments, "text": self._text}
        return [weights_hash(part) for part in (self._unet, self._vae, tensors)]

    def generate(
        self, latents: Mapping[str, NDArray[np.float32]], *, random_state: int = 0
    ) -> NDArray[np.uint8]:
        """Generate one picture per row.

        Parameters
        ----------
        latents : mapping
            ``vision`` (n, 768 or 1024): projected embeddings, not normalised.
        random_state : int, default=0
            Of the noise that pictures begin from, and of that on the embedding; each picture has
            its own.

        Returns
        -------
        ndarray of uint8, shape (n, 768, 768, 3)

        Raises
        ------
        DataFault
            If the latent is missing, of another shape or not finite.
        """
        check_latents(latents, self.latents)
        nothing = no_pictures(self._unet, self._vae)
        return generate_in_batches(
            self._generate, latents, nothing, batch_size=self.batch_size, random_state=random_state
        )

    def _generate(self, latents: dict[str, Any], noises: list[Any], what: str) -> NDArray[np.uint8]:
        import torch

        condition = self._noised(latents[VISION], noises).to(self._text)
        shape = (self._unet.config.in_channels, *2 * (self._unet.config.sample_size,))
        state = torch.stack([torch.randn(shape, generator=noise) for noise in noises])
        text = self._text.expand(len(state), -1, -1)
        self._scheduler.set_timesteps(self.steps)

        def predict(state: Any, step: Any, conditional: bool) -> Any:
            guide = condition if conditional else torch.zeros_like(condition)
            return self._unet(state, step, encoder_hidden_states=text, class_labels=guide).sample

        state = denoise(
            predict, state.to(self._text), self._scheduler, self._scheduler.timesteps,
            guidance=self.guidance, what=what,
        )  # fmt: skip
        return decode(self._vae, state)

    def _noised(self, embeddings: Any, noises: list[Any]) -> Any:
        """Noise the standardised embeddings and join the code of the level."""
        import torch
        from diffusers.models.embeddings import get_timestep_embedding

        mean, std = self._moments["mean"], self._moments["std"]
        width = embeddings.shape[1]
        level = torch.full((len(embeddings),), self.noise_level)
        noise = torch.stack([torch.randn(width, generator=generator) for generator in noises])
        scaled = self._schedule.add_noise((embeddings - mean) / std, noise, level)
        code = get_timestep_embedding(level, width, flip_sin_to_cos=True, downscale_freq_shift=0)
        return torch.cat([scaled * std + mean, code], dim=1)
