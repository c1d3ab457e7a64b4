"""A trained speech decoder that left its run: from new recordings to ranked segments."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from neurodecode.contrastive.decoder import ContrastiveDecoder
from neurodecode.contrastive.people import ScaledPeople
from neurodecode.contrastive.ranking import rank_candidates
from neurodecode.contrastive.speech.config import BATCH
from neurodecode.contrastive.speech.decoder_settings import DecoderSettings
from neurodecode.contrastive.speech.segments import SegmentBank
from neurodecode.decoder_folder import read_settings
from neurodecode.persistence import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from neurodecode.contrastive.retrieval import Candidates
    from neurodecode.streaming.protocol import Ranking


class SpeechDecoder(ContrastiveDecoder):
    """Ranks candidate segments of speech from windows of brain activity.

    An onset is that of the word at a segment's anchor; a candidate is named by the place of that
    word in its sentence and the sentence, as ``3|the cat sat on the mat``, and grouped by the
    word.

    Parameters
    ----------
    settings : DecoderSettings
    network : SpeechNetwork or LaggedRidge
        Trained; a participant that is the average of all is appended to it.
    segments : SegmentBank
        Segments to choose among.
    people : ScaledPeople
        Channels, layout and scaler of each participant.

    Examples
    --------
    >>> decoder = SpeechDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(raw, onsets, participant="01")  # doctest: +SKIP
    """

    kind = "speech"
    noun = "segment"
    label_columns = ("segment",)
    batch_size = BATCH

    def __init__(
        self, settings: DecoderSettings, network: Any, segments: SegmentBank, people: ScaledPeople
    ) -> None:
        super().__init__(settings, network, people)
        self.segments = segments

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and network, segments and participants."""
        settings = read_settings(folder, "network", DecoderSettings)
        network = load_weights(folder, settings.network.build(), name="network")
        return cls(settings, network, SegmentBank.load(folder), ScaledPeople.load(folder))

    @property
    def candidate_names(self) -> list[str]:
        """Segments, in the order in which the run ranks them."""
        return self.segments.segments

    @cached_property
    def candidates(self) -> Candidates:
        """What estimates are compared with."""
        return self.segments.candidates(self.network, self.settings.n_lag, self.batch_size)

    def rank(
        self, estimates: torch.Tensor, *, top: int = 5, true: Sequence[str] | None = None
    ) -> Ranking:
        """Return the best segments of each estimate.

        Parameters
        ----------
        estimates : Tensor, shape (n, F, T)
        top : int, default=5
            Segments returned.
        true : sequence of str, shape (n,), optional
            Segments that were heard; "" where unknown.
        """
        return rank_candidates(
            self.candidates.scores(estimates), self.segments.segments, self.segments.words,
            top=top, true=true,
        )  # fmt: skip
