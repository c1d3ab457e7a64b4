"""The network from MEG or EEG windows to speech representations, one for all participants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, get_args

from torch import Tensor, nn

from neurodecode.contrastive.attention import SpatialAttention
from neurodecode.contrastive.config_model import Activation, Participants
from neurodecode.contrastive.convolutions import ConvStack, make_activation
from neurodecode.contrastive.participants import Init, ParticipantEmbedding, ParticipantLayer
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTICIPANTS: tuple[str, ...] = get_args(Participants)


class BrainModule(nn.Module):
    """Spatial attention, 1x1 convolution, participant layer, dilated convolutions, head.

    The defaults are the published configuration; each ablation of the article is one option.
    The number of parameters does not depend on the number of sensors.

    Parameters
    ----------
    n_outputs : int, default=1024
        F, features per time step of the target.
    n_participants : int, default=1
        S.
    n_channels : int or None, default=None
        C, needed only without spatial attention.
    n_virtual_channels : int, default=270
        Outputs of the attention, of the 1x1 convolution and of the participant layer.
    n_frequencies, margin : int and float, default=32 and 0.2
        Of the Fourier features of sensor positions.
    dropout_radius : float, default=0.2
        Of the disc of sensors left out of a training step; 0: no spatial dropout.
    hidden : int, default=320
        Width of the convolutions.
    n_blocks : int, default=5
        Blocks of two residual convolutions and a gate.
    kernel, dilation_period : int, default=3 and 5
        Taps of each convolution; layers after which dilations start again at 1.
    activation : {"gelu", "relu"}, default="gelu"
    participants : {"layer", "embedding", "none"}, default="layer"
        A matrix per participant, a vector of ``embedding_size`` beside the channels, or nothing.
    embedding_size : int, default=64
    spatial_attention, initial_conv, residual, gates, final_convs : bool, default=True
        Without spatial attention the next layer sees the sensors. Without the final two
        convolutions the last block's second layer, then bare, and its gate have width F.

    Raises
    ------
    ConfigFault
        If an option is unknown, or ``n_channels`` is missing without spatial attention.

    References
    ----------
    Defossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
    """

    def __init__(
        self,
        n_outputs: int = 1024,
        n_participants: int = 1,
        *,
        n_channels: int | None = None,
        n_virtual_channels: int = 270,
        n_frequencies: int = 32,
        margin: float = 0.2,
        dropout_radius: float = 0.2,
        hidden: int = 320,
        n_blocks: int = 5,
        kernel: int = 3,
        dilation_period: int = 5,
        activation: Activation = "gelu",
        participants: Participants = "layer",
        embedding_size: int = 64,
        spatial_attention: bool = True,
        initial_conv: bool = True,
        residual: bool = True,
        gates: bool = True,
        final_convs: bool = True,
    ) -> None:
        super().__init__()
        if participants not in PARTICIPANTS:
            raise ConfigFault(unknown("kind of participants", participants, PARTICIPANTS))
        self.attention = None
        if spatial_attention:
            self.attention = SpatialAttention(
                n_virtual_channels,
                n_frequencies=n_frequencies,
                margin=margin,
                dropout_radius=dropout_radius,
            )
        elif n_channels is None:
            raise ConfigFault("without spatial attention n_channels is needed")
        self.n_channels = None if spatial_attention else n_channels
        width = n_virtual_channels if self.n_channels is None else self.n_channels
        self.initial = nn.Conv1d(width, n_virtual_channels, 1) if initial_conv else None
        width = n_virtual_channels if initial_conv else width
        self.participants: ParticipantLayer | ParticipantEmbedding | None = None
        if participants == "layer":
            self.participants = ParticipantLayer(n_participants, width)
        elif participants == "embedding":
            self.participants = ParticipantEmbedding(n_participants, embedding_size)
            width += embedding_size
        widths = [width] + [hidden] * (2 * n_blocks)
        if not final_convs:
            widths[-1] = n_outputs
        self.convolutions = ConvStack(
            widths,
            kernel=kernel,
            dilation_period=dilation_period,
            activation=activation,
            residual=residual,
            gates=gates,
            bare_last=not final_convs,
        )
        self.head = nn.Sequential()
        if final_convs:
            wide = nn.Conv1d(hidden, 2 * hidden, 1)
            narrow = nn.Conv1d(2 * hidden, n_outputs, 1)
            self.head = nn.Sequential(wide, make_activation(activation), narrow)

    def forward(
        self,
        signals: Tensor,
        positions: Tensor | None = None,
        subjects: Tensor | None = None,
        *,
        layouts: Tensor | None = None,
    ) -> Tensor:
        """Estimate the target's features at every time step.

        Parameters
        ----------
        signals : Tensor, shape (B, C, T)
            Scaled sensor signals.
        positions : Tensor, shape (C, 2), (B, C, 2) or, with ``layouts``, (L, C, 2)
            Sensor layout, x and y in [0, 1], shared by the batch, of each trial, or of each
            layout; NaN for a sensor of unknown position, whose value has no influence.
        subjects : Tensor of int64, shape (B,)
            Participant index of each trial.
        layouts : Tensor of int64, shape (B,), default=None
            Which of the L layouts each trial has; attention is then computed once per layout.

        Returns
        -------
        Tensor, shape (B, F, T)

        Raises
        ------
        DataFault
            If shapes do not fit, a layout has no known sensor, or a participant is unknown.
        """
        if signals.ndim != 3:
            raise DataFault(
                f"expected trials x channels x samples, got shape {tuple(signals.shape)}"
            )
        signals = self._attend(signals, positions, layouts)
        if self.initial is not None:
            signals = self.initial(signals)
        if self.participants is not None:
            if subjects is None or subjects.shape != signals.shape[:1]:
                found = None if subjects is None else tuple(subjects.shape)
                raise DataFault(f"participants of shape {found} for {len(signals)} trials")
            signals = self.participants(signals, subjects)
        return self.head(self.convolutions(signals))

    def add_participant(self, init: Init = "average") -> int:
        """Append an unseen participant and return the index; make optimisers anew afterwards.

        Parameters
        ----------
        init : {"average", "identity", "random"}, default="average"
            The mean over the participants there are, the identity, or drawn as at the start.

        Raises
        ------
        ConfigFault
            If the model has no participants, or ``init`` is unknown.
        """
        if self.participants is None:
            raise ConfigFault("this model treats all participants alike, there is none to add")
        return self.participants.append(init)

    @classmethod
    def from_reference_state_dict(cls, state: Mapping[str, Tensor], **options: Any) -> Self:
        """Build the model from the authors' parameters: see :func:`load_reference_state_dict`."""
        from neurodecode.contrastive.reference import load_reference_state_dict

        return load_reference_state_dict(state, model=cls, **options)

    def train(self, mode: bool = True) -> Self:
        """Switch to training mode; while a participant is adapted, statistics stay frozen."""
        super().train(mode)
        if self.participants is not None and self.participants.adapted is not None:
            for module in self.convolutions.modules():
                if isinstance(module, nn.BatchNorm1d):
                    module.eval()
        return self

    def _attend(self, signals: Tensor, positions: Tensor | None, layouts: Tensor | None) -> Tensor:
        if self.attention is None:
            if signals.shape[1] != self.n_channels:
                raise DataFault(f"the model has {self.n_channels} channels, got {signals.shape[1]}")
            return signals
        if positions is None:
            raise DataFault("sensor positions are needed", fix="give the recording's layout")
        return self.attention(signals, positions, layouts)
