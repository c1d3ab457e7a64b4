"""CLIP: what a picture shows and what a label says, in one space."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from neurodecode.artefacts import sha256_text
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures.network import (
    POOLINGS,
    NetworkEncoder,
    check_choice,
    pool_tokens,
    pooled_shape,
)
from neurodecode.stimuli.pictures.preprocessing import CLIP, read_preprocessing
from neurodecode.stimuli.pretrained import (
    config_hash,
    load_pretrained,
    load_tokenizer,
    weights_hash,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

VIT_L14 = "openai/clip-vit-large-patch14"
SPACES = ("normalised", "projected", "hidden")


class _ClipEncoder(NetworkEncoder):
    """Tokens of one of CLIP's two transformers; see its subclasses."""

    name: ClassVar[str]

    def __init__(
        self, network: Any, model: str, pooling: str, space: str, device: str, batch_size: int
    ) -> None:
        super().__init__(device, batch_size)
        self.model = model
        self.pooling = check_choice("pooling", pooling, POOLINGS)
        self.space = check_choice("space of tokens", space, SPACES)
        self.config, self._weights = network.config, weights_hash(network)
        self._network = network.to(device)

    @property
    @abstractmethod
    def n_tokens(self) -> int:
        """Tokens of one picture or label."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding: (width,), or (n_tokens, width)."""
        hidden = self.space == "hidden"
        width = self.config.hidden_size if hidden else self.config.projection_dim
        return pooled_shape(self.n_tokens, width, self.pooling)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import torch
        import transformers

        return {
            "encoder": self.name,
            "pooling": self.pooling,
            "space": self.space,
            "weights": self._weights,
            "config": config_hash(self.config),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    def _pool(self, tokens: Any, cls: Any) -> Any:
        if self.space == "normalised":
            norm = cls.norm(dim=-1, keepdim=True)
            tokens, cls = tokens / norm[:, None], cls / norm
        return pool_tokens(tokens, cls, self.pooling)


class ClipVision(_ClipEncoder):
    r"""Tokens of a picture by CLIP's vision transformer.

    With :math:`h_i` the last hidden state of token i (0 is the class token), LN the final layer
    norm and W the projection into the space shared with text,

    .. math:: \text{hidden: } h_i, \qquad \text{projected: } p_i = W\,\mathrm{LN}(h_i), \qquad
              \text{normalised: } p_i / \lVert p_0 \rVert

    Projected, "cls" is CLIP's image embedding. "normalised" tokens, 257 x 768 for ViT-L/14, are
    what Versatile Diffusion is guided by; 768 is the width after projection (hidden is 1024).

    Parameters
    ----------
    model : str, default="openai/clip-vit-large-patch14"
        A name on the hub, or a folder with ``config.json`` and the weights.
    pooling : {"cls", "mean", "tokens"}, default="cls"
        The class token, the mean over all tokens with it, or all tokens.
    space : {"normalised", "projected", "hidden"}, default="normalised"
    device : str, default="cpu"
    batch_size : int, default=16

    Raises
    ------
    ConfigFault
        If a setting is not one of these, or transformers is not installed.
    DataFault, NetworkFault
        If the network cannot be loaded.

    References
    ----------
    .. [1] Radford et al. 2021, ICML, 8748-8763.
    .. [2] Xu et al. 2023, Versatile Diffusion, ICCV, 7754-7765.
    """

    name = "clip_vision"

    def __init__(
        self,
        model: str = VIT_L14,
        pooling: str = "cls",
        space: str = "normalised",
        device: str = "cpu",
        batch_size: int = 16,
    ) -> None:
        from transformers import CLIPVisionModelWithProjection

        network = load_pretrained(CLIPVisionModelWithProjection, str(model))
        super().__init__(network, str(model), pooling, space, device, batch_size)
        size = int(self.config.image_size)
        self.preprocessing = read_preprocessing(self.model, replace(CLIP, size=size, crop=size))
        if self.preprocessing.crop != size:
            raise DataFault(
                f"preprocessing cuts {self.preprocessing.crop} pixels, the network reads {size}",
                where=self.model,
                fix="put the preprocessor_config.json of this network into its folder",
            )

    @property
    def n_tokens(self) -> int:
        """Patches of a picture, and the class token."""
        return 1 + (self.config.image_size // self.config.patch_size) ** 2

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {**super().settings(), "preprocessing": self.preprocessing.settings()}

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        import torch

        inputs = torch.from_numpy(self.preprocessing.apply(pictures)).to(self.device)
        transformer = self._network.vision_model
        tokens = transformer(inputs).last_hidden_state
        if self.space != "hidden":
            tokens = self._network.visual_projection(transformer.post_layernorm(tokens))
        return self._pool(tokens, tokens[:, 0])


class ClipText(_ClipEncoder):
    r"""Tokens of a label by CLIP's text transformer.

    Labels are filled up to 77 tokens with the end-of-text token, without a mask, as the generators
    that are guided by them do. With :math:`h_i` the last hidden state after the final layer norm
    and W the projection into the space shared with pictures,

    .. math:: \text{hidden: } h_i, \qquad \text{projected: } p_i = W h_i, \qquad
              \text{normalised: } p_i / \lVert p_e \rVert

    e being the first end-of-text token, which stands for the whole ("cls"). Underscores in labels
    are read as spaces.

    Parameters
    ----------
    model : str, default="openai/clip-vit-large-patch14"
        A name on the hub, or a folder with ``config.json``, the weights and the tokenizer's files.
    pooling : {"cls", "mean", "tokens"}, default="cls"
        The end-of-text token, the mean over all 77, or all.
    space : {"normalised", "projected", "hidden"}, default="normalised"
    template : str, default="{}"
        What is read, the label in place of ``{}``; the article reads the bare name.
    device : str, default="cpu"
    batch_size : int, default=64

    Raises
    ------
    ConfigFault
        If a setting is not one of these, or transformers is not installed.
    DataFault, NetworkFault
        If network or tokenizer cannot be loaded.

    References
    ----------
    .. [1] Radford et al. 2021, ICML, 8748-8763.
    .. [2] Xu et al. 2023, Versatile Diffusion, ICCV, 7754-7765.
    """

    name = "clip_text"
    reads_labels = True

    def __init__(
        self,
        model: str = VIT_L14,
        pooling: str = "cls",
        space: str = "normalised",
        template: str = "{}",
        device: str = "cpu",
        batch_size: int = 64,
    ) -> None:
        from transformers import CLIPTextModelWithProjection, CLIPTokenizer

        if "{}" not in template:
            raise ConfigFault(f"template '{template}'", fix="put {} where the label stands")
        network = load_pretrained(CLIPTextModelWithProjection, str(model))
        super().__init__(network, str(model), pooling, space, device, batch_size)
        self.template = template
        self._tokenizer = load_tokenizer(CLIPTokenizer, self.model)
        if len(self._tokenizer) != self.config.vocab_size:
            raise DataFault(
                f"the tokenizer knows {len(self._tokenizer)} words, the network "
                f"{self.config.vocab_size}",
                where=self.model,
                fix="put the tokenizer's files of this network into its folder",
            )

    @property
    def n_tokens(self) -> int:
        """Tokens every label is filled up to, 77."""
        return int(self.config.max_position_embeddings)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        words = sha256_text(repr(sorted(self._tokenizer.get_vocab().items())))
        return {**super().settings(), "template": self.template, "words": words}

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        texts = [self.template.replace("{}", label.replace("_", " ")) for label in labels]
        words = self._tokenizer(
            texts,
            padding="max_length",
            truncation=True,
            max_length=self.n_tokens,
            return_tensors="pt",
        )
        states = self._network.text_model(words.input_ids.to(self.device))
        tokens, cls = states.last_hidden_state, states.pooler_output
        if self.space != "hidden":
            tokens, cls = map(self._network.text_projection, (tokens, cls))
        return self._pool(tokens, cls)
