r"""Versatile Diffusion under two guides: tokens of a picture, tokens of a text, a start latent.

References
----------
.. [1] Xu et al. 2023, Versatile Diffusion: text, images and variations all in one diffusion
   model, ICCV, 7754-7765.
.. [2] Ozcelik & VanRullen 2023, Scientific Reports 13, 15666, Methods.
.. [3] Benchetrit et al. 2024, ICLR, section 2.4.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.stimuli.generation.checkpoint import (
    empty_text,
    load_part,
    make_scheduler,
    pipeline_folder,
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

    from numpy.typing import NDArray

VERSATILE = "shi-labs/versatile-diffusion"
PARTS = ("image_unet", "vae", "scheduler", "tokenizer", "text_encoder", "image_encoder")
TEXT_UNET = "text_unet"
"""Not needed where the image network already holds the attention to text."""
VISION, TEXT, START = "vision", "text", "autokl"


class DualGuidedDiffusion:
    r"""Pictures from CLIP tokens of a picture and of a text, and the latent of an autoencoder.

    The start latent :math:`z_0` is noised to step :math:`\lfloor s \cdot n \rfloor` of the
    :math:`n` steps (37 of 50 at a strength :math:`s` of 0.75), and denoised from there by DDIM
    with guidance. Both guides are mixed in every attention block (see ``dual_attention``), not
    in the predicted noise. The unconditional tokens are those of a black picture and of an
    empty text, as in [2]_. The released code of [2]_ adds the noise of one step more than it then
    removes; here both are the same.

    Latents are in the scale of the diffusion model: tokens after CLIP's projection, divided by
    the norm of the class token (vision) or of the projected end-of-text token (text); the
    autoencoder's latent times its scaling factor.

    Parameters
    ----------
    model : str, default="shi-labs/versatile-diffusion"
        A name on the hub, or a folder with the subfolders of such a pipeline.
    steps : int, default=50
    guidance : float, default=7.5
        1 is none.
    strength : float, default=0.75
        0 decodes the start latent as it is, 1 leaves nothing of it but the last of the noise.
    mixing : float, default=0.4
        Weight of the text; 0.6 is then that of the picture's tokens.
    blank : float, default=0.0
        Grey level of the unconditional picture, 0 (black) to 1.
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
        model: str = VERSATILE,
        steps: int = 50,
        guidance: float = 7.5,
        strength: float = 0.75,
        mixing: float = 0.4,
        blank: float = 0.0,
        device: str = "cpu",
        dtype: str = "float32",
        batch_size: int = 4,
    ) -> None:
        check_settings(
            steps=steps, guidance=guidance, dtype=dtype, batch_size=batch_size,
            shares={"strength": strength, "mixing": mixing, "blank": blank},
        )  # fmt: skip
        require_packages("diffusion")
        self.model, self.steps, self.guidance = str(model), int(steps), float(guidance)
        self.strength, self.mixing, self.blank = float(strength), float(mixing), float(blank)
        self.device, self.dtype, self.batch_size = device, dtype, int(batch_size)
        self._load(pipeline_folder(self.model, PARTS, (TEXT_UNET,)))

    def _load(self, folder: Path) -> None:
        import torch
        from diffusers import AutoencoderKL

        from neurodecode.stimuli.generation.dual_attention import load_dual_unet

        vision, text = blank_vision(folder, self.blank), blank_text(folder)
        kind = getattr(torch, self.dtype)
        unet = load_dual_unet(folder, mixing=self.mixing, n_text=text.shape[1])
        self._unet = unet.to(self.device, kind)
        self._vae = load_part(AutoencoderKL, folder / "vae").to(self.device, kind)
        self._scheduler = make_scheduler(folder / "scheduler")
        self._blank = {VISION: vision.to(self.device, kind), TEXT: text.to(self.device, kind)}

    @property
    def latents(self) -> dict[str, tuple[int, ...]]:
        """Shapes of tokens and start latent: (257, 768), (77, 768), (4, 64, 64)."""
        size, channels = self._unet.config.sample_size, self._unet.config.in_channels
        tokens = {name: tuple(blank.shape[1:]) for name, blank in self._blank.items()}
        return {**tokens, START: (channels, size, size)}

    def targets(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the encoders whose output the latents are."""
        return {
            VISION: ("clip_vision", {"pooling": "tokens", "space": "normalised"}),
            TEXT: ("clip_text", {"pooling": "tokens", "space": "normalised"}),
            START: ("autokl", {"model": self.model}),
        }

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import diffusers
        import torch

        return {
            "generator": "diffusion",
            "steps": self.steps,
            "guidance": self.guidance,
            "strength": self.strength,
            "mixing": self.mixing,
            "blank": self.blank,
            "dtype": self.dtype,
            "weights": self._weights,
            "scheduler": {k: v for k, v in self._scheduler.config.items() if k[0] != "_"},
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        }

    @cached_property
    def _weights(self) -> list[str]:
        """Hashes of both networks and of the unconditional tokens."""
        return [weights_hash(part) for part in (self._unet, self._vae, self._blank)]

    def generate(
        self, latents: Mapping[str, NDArray[np.float32]], *, random_state: int = 0
    ) -> NDArray[np.uint8]:
        """Generate one picture per row.

        Parameters
        ----------
        latents : mapping
            ``vision`` (n, 257, 768), ``text`` (n, 77, 768) and ``autokl`` (n, 4, 64, 64), or as
            ``latents`` says for other checkpoints.
        random_state : int, default=0
            Of the noise on the start latents; each picture has its own.

        Returns
        -------
        ndarray of uint8, shape (n, 512, 512, 3)

        Raises
        ------
        DataFault
            If a latent is missing, of another shape or not finite.
        """
        check_latents(latents, self.latents)
        nothing = no_pictures(self._unet, self._vae)
        return generate_in_batches(
            self._generate, latents, nothing, batch_size=self.batch_size, random_state=random_state
        )

    def _generate(self, latents: dict[str, Any], noises: list[Any], what: str) -> NDArray[np.uint8]:
        import torch

        given = {name: values.to(self._blank[TEXT]) for name, values in latents.items()}
        condition = torch.cat([given[TEXT], given[VISION]], dim=1)
        blank = torch.cat([self._blank[TEXT], self._blank[VISION]], dim=1).expand_as(condition)
        noise = torch.stack([torch.randn(self.latents[START], generator=g) for g in noises])
        state, timesteps = self._noised(given[START], noise.to(given[START]))

        def predict(state: Any, step: Any, conditional: bool) -> Any:
            tokens = condition if conditional else blank
            return self._unet(state, step, encoder_hidden_states=tokens).sample

        state = denoise(
            predict, state, self._scheduler, timesteps, guidance=self.guidance, what=what
        )
        return decode(self._vae, state)

    def _noised(self, start: Any, noise: Any) -> tuple[Any, Any]:
        """Return noisy start latents, and the timesteps that lead back."""
        self._scheduler.set_timesteps(self.steps)
        n_taken = int(self.strength * self.steps)
        timesteps = self._scheduler.timesteps[self.steps - n_taken :]
        if n_taken:
            first = timesteps[:1].expand(len(start)).to(self.device)
            start = self._scheduler.add_noise(start, noise, first)
        return start, timesteps


def blank_vision(folder: Path, grey: float = 0.0) -> Any:
    """Return the projected, normalised tokens of a grey picture, shape (1, 257, 768)."""
    import torch

    from neurodecode.stimuli.pictures.clip import ClipVision

    encoder = ClipVision(str(folder / "image_encoder"), pooling="tokens", space="normalised")
    side = encoder.config.image_size
    picture = np.full((side, side, 3), round(255 * grey), np.uint8)
    return torch.from_numpy(encoder.encode([picture], [""]))


def blank_text(folder: Path) -> Any:
    """Return the projected, normalised tokens of an empty text, shape (1, 77, 768)."""
    import torch
    from transformers import CLIPTextModelWithProjection

    encoder = load_pretrained(CLIPTextModelWithProjection, str(folder / "text_encoder"))
    with torch.inference_mode():
        found = encoder(empty_text(folder / "tokenizer"))
        tokens = encoder.text_projection(found.last_hidden_state)
        return tokens / found.text_embeds[:, None].norm(dim=-1, keepdim=True)
