"""The jobs of the ``image`` pipeline, and what all of them read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.artefacts import slug
from neurodecode.contrastive.image.config_evaluation import window_name
from neurodecode.contrastive.image.decoders import (
    DEFAULT,
    OWN_TARGETS,
    Decoder,
    parse_decoder,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.contrastive.image.config import ImageConfig, Scaling
    from neurodecode.contrastive.image.config_evaluation import Span

Kind = Literal["decoder", "sliding", "growing", "generation"]


@dataclass(frozen=True)
class Unit:
    """What one job trains.

    Attributes
    ----------
    name : str
        As in :meth:`ImageConfig.units`.
    kind : {"decoder", "sliding", "growing", "generation"}
    models : tuple of str
        Names of the decoders; none for generation, whose generator says what it needs.
    seed : int
    span : (float, float) or None
        Part of the window in s; None: all of it.
    """

    name: str
    kind: Kind
    models: tuple[str, ...]
    seed: int
    span: Span | None = None


def unit_of(config: ImageConfig, name: str) -> Unit:
    """Return the unit of a name from :meth:`ImageConfig.units`."""
    first = config.seeds[0]
    for kind, windows in (("sliding", config.time.sliding), ("growing", config.time.growing)):
        for span in () if windows is None else windows.spans():
            if name == window_name(kind, span):
                return Unit(name, kind, config.time.decoders, first, span)  # type: ignore[arg-type]
    if name == "generation.full":
        return Unit(name, "generation", (), first)
    for span in config.generation.windows:
        if name == window_name("generation", span):
            return Unit(name, "generation", (), first, span)
    model, _, seed = name.partition(".seed-")
    chosen = next(decoder for decoder in config.decoders if slug(decoder) == model)
    return Unit(name, "decoder", (chosen,), int(seed))


@dataclass(frozen=True)
class Seen:
    """What a run's decoders read: recordings, pictures, and the settings.

    Attributes
    ----------
    folders : dict
        Store folder by participant.
    trials : DataFrame
        Every presentation with its part, from :func:`fetch_seen`.
    pictures : Path or None
        Folder of the picture files.
    embeddings : Path
        Folder of the encoders' cache.
    key : str
        Changes with data, settings and code: an interrupted training goes on only with the same.
    """

    config: ImageConfig
    folders: dict[str, Path]
    trials: pd.DataFrame
    pictures: Path | None
    embeddings: Path
    key: str = ""

    def decoder(self, name: str) -> Decoder:
        """Return a decoder by name, its target named."""
        decoder = parse_decoder(name)
        if decoder.target == DEFAULT:
            return replace(decoder, target=self.config.embedding.target)
        return decoder

    def recordings(self, participants: Sequence[str] | None = None) -> Recordings:
        """Open the recordings of some participants, by default of all."""
        from neurodecode.contrastive.data import Recordings

        everybody = sorted(self.folders)
        chosen = everybody if participants is None else participants
        return Recordings({label: self.folders[label] for label in chosen}, everybody)

    def bank(
        self, target: str, options: dict[str, Any] | None = None, scaling: Scaling | None = None
    ) -> PictureBank:
        """Return the embeddings of all pictures, encoded where they are not yet, and scaled.

        Parameters
        ----------
        target : str
        options : dict, optional
            Of the encoder; default: ``embedding.options``.
        scaling : {"none", "standardise"}, optional
            Default: ``embedding.scaling``.

        Raises
        ------
        DataFault
            If the data set comes without pictures, or one cannot be read.
        """
        from neurodecode.contrastive.image.bank import own_bank
        from neurodecode.contrastive.image.encoding import encoded_bank

        if target in OWN_TARGETS:
            bank = own_bank(target, self.trials, self.pictures)
        else:
            bank = encoded_bank(self, target, options)
        if (scaling or self.config.embedding.scaling) == "standardise":
            trained = self.trials.loc[self.trials["part"] == "train", "image"]
            bank.fit_scaler(trained.tolist())
        return bank
