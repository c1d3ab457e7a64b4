"""One model for several subjects: own embedders and builders, everything between them shared."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.mindbridge.layers import Builder, Embedder, Translator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Decoded(NamedTuple):
    """What the heads say of some embeddings; None where there is no such head."""

    image: Tensor | None
    text: Tensor | None


class MindBridge(nn.Module):
    """Pooled signals of any of its subjects to targets of the seen image.

    With the published widths it has 693,579,264 parameters for four subjects, and 561,283,712
    for one without a builder.

    Parameters
    ----------
    subjects : sequence of str
        Labels, in the order that indices of rows refer to.
    pooled_size : int, default=8192
        Values of a pooled signal (see :func:`aggregate`).
    width : int, default=2048
        Of the embedding.
    n_blocks : int, default=4
        Of the translator.
    adapter_size : int, default=128
        Bottleneck of the adapters.
    image_shape, text_shape : tuple of int or None, default=(257, 768) and (77, 768)
        Of one stimulus's targets; None: no such head.
    embedder_dropout, translator_dropout : float, default=0.5 and 0.15
    builders : bool, default=True
        False: the single-subject form, which has no way back from embeddings to signals.

    Attributes
    ----------
    subjects : tuple of str
    options : dict
        All keyword arguments: ``MindBridge(subjects, **model.options)`` is a model of this form.

    Raises
    ------
    ConfigFault
        If there is no head or no subject, or a label is empty, stands twice or cannot name a part
        of a module.

    References
    ----------
    Wang et al. (2024), MindBridge: a cross-subject brain decoding framework, CVPR; the authors'
    code, littlepure2333/MindBridge.
    """

    def __init__(
        self,
        subjects: Sequence[str],
        *,
        pooled_size: int = 8192,
        width: int = 2048,
        n_blocks: int = 4,
        adapter_size: int = 128,
        image_shape: Sequence[int] | None = (257, 768),
        text_shape: Sequence[int] | None = (77, 768),
        embedder_dropout: float = 0.5,
        translator_dropout: float = 0.15,
        builders: bool = True,
    ) -> None:
        super().__init__()
        if image_shape is None and text_shape is None:
            raise ConfigFault("a model without a head", fix="give image_shape or text_shape")
        if not subjects:
            raise ConfigFault("a model without a subject")
        self.image_shape = None if image_shape is None else tuple(image_shape)
        self.text_shape = None if text_shape is None else tuple(text_shape)
        self.options: dict[str, Any] = {
            "pooled_size": pooled_size, "width": width, "n_blocks": n_blocks,
            "adapter_size": adapter_size, "image_shape": self.image_shape,
            "text_shape": self.text_shape, "embedder_dropout": embedder_dropout,
            "translator_dropout": translator_dropout, "builders": builders,
        }  # fmt: skip
        self.pooled_size, self.width = pooled_size, width
        self.embedders = nn.ModuleDict()
        self.builders = nn.ModuleDict() if builders else None
        self.translator = Translator(width, n_blocks, translator_dropout)
        self.image_head, self.text_head = (
            None if shape is None else nn.Linear(width, prod(shape))
            for shape in (self.image_shape, self.text_shape)
        )
        for subject in subjects:
            self.add_subject(subject)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Labels of the subjects, in order."""
        return tuple(self.embedders)

    def add_subject(self, subject: str) -> None:
        """Append a subject with fresh modules; make optimisers anew afterwards.

        Raises
        ------
        ConfigFault
            If the label is one that the model has, or cannot name a part of a module.
        """
        if subject in self.embedders:
            raise ConfigFault(f"the model has a subject '{subject}' already")
        if not subject or "." in subject or hasattr(nn.ModuleDict(), subject):
            raise ConfigFault(f"'{subject}' cannot label a subject", fix="letters and digits")
        self.reset_subject(subject)

    def reset_subject(self, subject: str) -> None:
        """Give a subject fresh modules, on the model's device; make optimisers anew afterwards."""
        like = next(self.parameters())
        sizes = (self.pooled_size, self.width, self.options["adapter_size"])
        embedder = Embedder(*sizes, self.options["embedder_dropout"])
        self.embedders[subject] = embedder.to(like).train(self.training)
        if self.builders is not None:
            self.builders[subject] = Builder(*sizes).to(like).train(self.training)

    def embed(self, pooled: Tensor, subject: str | Tensor) -> Tensor:
        """Return the shared embedding of pooled signals.

        Parameters
        ----------
        pooled : Tensor, shape (B, pooled_size)
        subject : str, or Tensor of int64 of shape (B,)
            Label, or the place in ``subjects`` of each row's own.

        Returns
        -------
        Tensor, shape (B, width)

        Raises
        ------
        DataFault
            If the shape is another one.
        ConfigFault
            If the model has no such subject.
        """
        return self._by_subject(self.embedders, pooled, subject, self.pooled_size)

    def build(self, embedding: Tensor, subject: str | Tensor) -> Tensor:
        """Return the pooled signals (B, pooled_size) that a subject has at embeddings (B, width).

        See :meth:`embed` for ``subject`` and what is raised; a ConfigFault also if the model has no
        builders.
        """
        if self.builders is None:
            raise ConfigFault("this model has no builders", fix="train it with builders: true")
        return self._by_subject(self.builders, embedding, subject, self.width)

    def decode(self, embedding: Tensor) -> Decoded:
        """Return targets (B, *image_shape) and (B, *text_shape) of embeddings (B, width)."""
        translated = self.translator(embedding)
        image, text = (
            None if head is None or shape is None else head(translated).unflatten(-1, shape)
            for head, shape in (
                (self.image_head, self.image_shape),
                (self.text_head, self.text_shape),
            )
        )
        return Decoded(image, text)

    def forward(self, pooled: Tensor, subject: str | Tensor) -> Decoded:
        """Return the targets of pooled signals (B, pooled_size): embed, then decode."""
        return self.decode(self.embed(pooled, subject))

    @classmethod
    def from_reference_state_dict(cls, state: Mapping[str, Tensor], **options: Any) -> Self:
        """Build the model from the authors' parameters: see :func:`load_reference_state_dict`."""
        from neurodecode.mindbridge.reference import load_reference_state_dict

        return load_reference_state_dict(state, model=cls, **options)

    def _by_subject(
        self, modules: nn.ModuleDict, values: Tensor, subject: str | Tensor, width: int
    ) -> Tensor:
        """Pass every row through the module of its subject."""
        if values.ndim != 2 or values.shape[1] != width:
            raise DataFault(f"expected rows of {width} values, got shape {tuple(values.shape)}")
        if isinstance(subject, str):
            if subject not in modules:
                raise ConfigFault(unknown("subject", subject, self.subjects))
            found: Tensor = modules[subject](values)
            return found
        rows = self._rows_of_subjects(subject, len(values))
        parts = [modules[self.subjects[place]](values[where]) for place, where in rows.items()]
        return torch.cat(parts)[torch.cat(list(rows.values())).argsort()]

    def _rows_of_subjects(self, places: Tensor, n_rows: int) -> dict[int, Tensor]:
        if places.shape != (n_rows,):
            raise DataFault(f"subjects of shape {tuple(places.shape)} for {n_rows} rows")
        present = sorted(set(places.tolist()))
        wrong = [place for place in present if not 0 <= place < len(self.subjects)]
        if wrong:
            raise ConfigFault(f"no subject {wrong[0]} among {len(self.subjects)}")
        return {place: (places == place).nonzero()[:, 0] for place in present}
