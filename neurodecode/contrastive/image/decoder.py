"""A trained image decoder that left its run: from new recordings to ranked pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from neurodecode.contrastive.decoder import ContrastiveDecoder
from neurodecode.contrastive.image.candidates import CandidateBank
from neurodecode.contrastive.image.decoder_settings import DecoderSettings
from neurodecode.contrastive.people import ScaledPeople
from neurodecode.decoder_folder import read_settings
from neurodecode.persistence import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from neurodecode.streaming.protocol import Ranking


class ImageDecoder(ContrastiveDecoder):
    """Ranks candidate pictures from windows of brain activity.

    Parameters
    ----------
    settings : DecoderSettings
    network : ImageNetwork or WindowRidge
        Trained; a participant that is the average of all is appended to it.
    candidates : CandidateBank
        Pictures to choose among.
    people : ScaledPeople
        Channels, layout and scaler of each participant.

    Examples
    --------
    >>> decoder = ImageDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(raw, participant="01")  # doctest: +SKIP
    """

    kind = "image"
    noun = "picture"
    label_columns = ("image", "stim_file")

    def __init__(
        self, settings: DecoderSettings, network: Any, candidates: CandidateBank,
        people: ScaledPeople,
    ) -> None:  # fmt: skip
        super().__init__(settings, network, people)
        self.candidates = candidates

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and network, candidates and participants."""
        settings = read_settings(folder, "network", DecoderSettings)
        network = load_weights(folder, settings.network.build(), name="network")
        return cls(settings, network, CandidateBank.load(folder), ScaledPeople.load(folder))

    @property
    def candidate_names(self) -> list[str]:
        """Pictures of the set that is taken where none is named."""
        return self.candidates.sets[self.candidates.default]

    def rank(
        self,
        estimates: torch.Tensor,
        *,
        top: int = 5,
        true: Sequence[str] | None = None,
        among: str | None = None,
    ) -> Ranking:
        """Return the best candidates of each estimate.

        Parameters
        ----------
        estimates : Tensor, shape (n, F)
        top : int, default=5
            Candidates returned.
        true : sequence of str, shape (n,), optional
            Pictures that were seen; "" where unknown.
        among : {"small", "large"}, optional
            Candidates to choose among; default: those of the run's headline.
        """
        return self.candidates.rank(estimates, top=top, true=true, among=among)
