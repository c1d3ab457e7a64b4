"""A trained image decoder that left its run: from new recordings to ranked pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.contrastive.decoder import ContrastiveDecoder
from neurodecode.contrastive.image.candidates import CandidateBank
from neurodecode.contrastive.image.decoder_settings import DecoderSettings
from neurodecode.contrastive.people import ScaledPeople
from neurodecode.decoder_folder import open_folder, read_settings
from neurodecode.persistence import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import mne
    import pandas as pd
    import torch

    from neurodecode.signals.matching import Extra
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
    def load(cls, folder: Path) -> ImageDecoder:
        """Read a decoder's folder; every file must be the one that was written.

        Raises
        ------
        DataFault
            See :func:`~neurodecode.decoder_folder.open_folder`; also if weights and settings
            do not fit together.
        """
        open_folder(folder)
        settings = read_settings(folder, "network", DecoderSettings)
        network = settings.network.build()
        load_weights(folder, network, name="network")
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
            Candidates to choose among; default: small, where there is such a set.
        """
        return self.candidates.rank(estimates, top=top, true=true, among=among)

    def predict(
        self,
        raw: mne.io.BaseRaw,
        onsets: Sequence[float] | None = None,
        *,
        participant: str | None = None,
        true: Sequence[str] | None = None,
        top: int = 5,
        extra: Extra = "stop",
        among: str | None = None,
    ) -> pd.DataFrame:
        """Rank pictures for every onset: see :meth:`ContrastiveDecoder.predict`.

        Parameters
        ----------
        among : {"small", "large"}, optional
            See :meth:`rank`.
        """

        def rank(estimates: torch.Tensor, seen: list[str] | None) -> Ranking:
            return self.rank(estimates, top=top, true=seen, among=among)

        return self._predict(raw, onsets, participant, true, extra, rank)
