"""What a decoder learns for each participant: a matrix, or a vector beside the channels."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from neurodecode.faults import ConfigFault, DataFault, unknown

Init = Literal["average", "identity", "random"]
INITS: tuple[Init, ...] = ("average", "identity", "random")


class PerParticipant(nn.Module):
    """One array per participant, among which one may be under adaptation.

    Parameters
    ----------
    weights : Tensor, shape (S, ...)
        Initial array of each participant.
    """

    adapted: nn.Parameter | None
    """The array under adaptation, which stands in for its entry of ``weights``."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)
        self.register_parameter("adapted", None)
        self.adapted_index = -1

    def of(self, subjects: Tensor) -> Tensor:
        """Return the array of each trial's participant.

        Parameters
        ----------
        subjects : Tensor of int64, shape (B,)

        Returns
        -------
        Tensor, shape (B, ...)

        Raises
        ------
        DataFault
            If an index belongs to no participant of the model.
        """
        self._check(subjects)
        chosen = self.weights[subjects]
        if self.adapted is None:
            return chosen
        mine = (subjects == self.adapted_index).view(-1, *[1] * (chosen.ndim - 1))
        return torch.where(mine, self.adapted, chosen)

    def append(self, init: Init) -> int:
        """Append one participant and return the index; optimisers must be made anew.

        Raises
        ------
        ConfigFault
            If the initial array is unknown or this kind of participant has no such.
        """
        if init not in INITS:
            raise ConfigFault(unknown("initial participant", init, INITS))
        with torch.no_grad():
            fresh = self.weights.mean(dim=0) if init == "average" else self.fresh(init)
            grown = torch.cat([self.weights, fresh.to(self.weights)[None]])
        self.weights = nn.Parameter(grown, requires_grad=self.weights.requires_grad)
        return len(grown) - 1

    def fresh(self, init: Init) -> Tensor:
        """Return an untrained array ("identity" or "random")."""
        raise NotImplementedError

    def _check(self, subjects: Tensor) -> None:
        if torch.compiler.is_exporting():  # there are no values to look at
            return
        outside = (subjects < 0) | (subjects >= len(self.weights))
        if bool(outside.any()):
            trial = int(outside.nonzero()[0, 0])
            raise DataFault(
                f"participant {int(subjects[trial])} is outside 0..{len(self.weights) - 1}",
                where=f"trial {trial} of the batch",
                fix="append unseen participants with add_participant()",
            )


class ParticipantLayer(PerParticipant):
    r"""A matrix per participant, without bias.

    .. math:: y_d(t) = \sum_c x_c(t)\, W^{(s)}_{cd}, \qquad
              W^{(s)}_{cd} \sim \mathcal N(0, 1) / \sqrt{C}

    Parameters
    ----------
    n_participants : int
        S.
    n_channels : int, default=270
        C, of input and output.
    """

    def __init__(self, n_participants: int, n_channels: int = 270) -> None:
        super().__init__(torch.randn(n_participants, n_channels, n_channels) / n_channels**0.5)

    def forward(self, signals: Tensor, subjects: Tensor) -> Tensor:
        """Return signals (B, C, T), each trial multiplied by its participant's matrix."""
        return self.of(subjects).mT @ signals

    def fresh(self, init: Init) -> Tensor:
        """Return an identity matrix, or one drawn as at the start."""
        n_channels = self.weights.shape[-1]
        if init == "identity":
            return torch.eye(n_channels)
        return torch.randn(n_channels, n_channels) / n_channels**0.5


class ParticipantEmbedding(PerParticipant):
    r"""A vector per participant, constant channels beside the signals.

    Parameters
    ----------
    n_participants : int
        S.
    n_dimensions : int, default=64
        D, drawn from :math:`\mathcal N(0, 1)`.
    """

    def __init__(self, n_participants: int, n_dimensions: int = 64) -> None:
        super().__init__(torch.randn(n_participants, n_dimensions))

    def forward(self, signals: Tensor, subjects: Tensor) -> Tensor:
        """Return signals (B, C + D, T) with the participant's vector at every sample."""
        vectors = self.of(subjects)[:, :, None].expand(-1, -1, signals.shape[-1])
        return torch.cat([signals, vectors], dim=1)

    def fresh(self, init: Init) -> Tensor:
        """Return a vector drawn as at the start."""
        if init == "identity":
            raise ConfigFault("a participant embedding has no identity", fix="init='average'")
        return torch.randn(self.weights.shape[-1])
