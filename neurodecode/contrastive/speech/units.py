"""The jobs of the ``speech`` pipeline: one trained decoder each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from neurodecode.contrastive.speech.decoders import BY_SLUG, DECODERS, Decoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.signals.continuous import ContinuousSection

Kind = Literal["decoder", "curve", "adaptation"]


@dataclass(frozen=True)
class Unit:
    """What one job trains.

    Attributes
    ----------
    name : str
        As in :meth:`SpeechConfig.units`.
    kind : {"decoder", "curve", "adaptation"}
    model : str
        Name of the decoder.
    decoder : Decoder
        Objective, target and ablation; the target is that of the experiment where it names none.
    seed : int
    participants : tuple of str
        Trained on, in the order of the model's participant indices.
    held_out : str
        Participant to adapt to; empty otherwise.
    """

    name: str
    kind: Kind
    model: str
    decoder: Decoder
    seed: int
    participants: tuple[str, ...]
    held_out: str = ""


def unit_of(config: SpeechConfig, name: str, subjects: Sequence[str]) -> Unit:
    """Return the unit of a name from :meth:`SpeechConfig.units`, all participants given."""
    first, seed, *rest = name.split(".", 2)
    model, number = BY_SLUG[first], int(seed.removeprefix("seed-"))
    decoder = DECODERS[model]
    if decoder.target == "default":
        decoder = replace(decoder, target=config.stimulus.target)
    everybody = tuple(sorted(subjects))
    what, _, value = "".join(rest).partition("-")
    if what == "only":
        return Unit(name, "curve", model, decoder, number, (value,))
    if what == "participants":
        return Unit(name, "curve", model, decoder, number, everybody[: int(value)])
    if what == "without":
        others = tuple(label for label in everybody if label != value)
        return Unit(name, "adaptation", model, decoder, number, others, value)
    return Unit(name, "decoder", model, decoder, number, everybody)


@dataclass(frozen=True)
class Heard:
    """What a run's decoders read: recordings, the story, the audio, and the settings.

    Attributes
    ----------
    folders : dict
        Store folder by participant.
    story : DataFrame
    audio, embeddings : Path
        Folder of the sound files, and of the encoder's cache.
    key : str
        Changes with data, settings and code: an interrupted training goes on only with the same.
    """

    config: SpeechConfig
    folders: dict[str, Path]
    story: pd.DataFrame
    audio: Path
    embeddings: Path
    key: str = ""

    def settings(self, decoder: Decoder) -> ContinuousSection:
        """Return the window settings of a decoder."""
        return self.config.signals.model_copy(update=decoder.signals)

    def recordings(
        self, participants: Sequence[str], indices: Sequence[str] | None = None
    ) -> Recordings:
        """Open the recordings of some participants."""
        from neurodecode.contrastive.data import Recordings

        return Recordings({label: self.folders[label] for label in participants}, indices)

    def bank(self, decoder: Decoder) -> TargetBank:
        """Return the target features of a decoder, encoded where they are not yet."""
        from neurodecode.contrastive.speech.targets import TargetBank
        from neurodecode.stimuli import EmbeddingCache, make_encoder

        stimulus = self.config.stimulus
        name = "mel" if decoder.target == "deep_mel" else decoder.target
        encoder = make_encoder(name, **stimulus.options_of(name))
        cache = EmbeddingCache(self.embeddings, encoder)
        return TargetBank(cache, self.audio, self.story, self.settings(decoder))
