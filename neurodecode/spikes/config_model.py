"""Settings of windows, network and corrections; reading them loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from neurodecode.config import Section

if TYPE_CHECKING:
    from neurodecode.spikes.model import Neuroformer
    from neurodecode.spikes.tokenizer import SpikeTokenizer

Role = Literal["input", "target"]
TimeCode = Literal["learned", "sinusoidal"]
Preset = Literal["corrected", "released"]
SPIKES, FRAMES = "spikes", "frames"
"""Names of the two features that are no behaviour, in the contrastive loss."""


class CorrectionSection(Section):
    """What differs from the released code; all true: corrected, all false: released.

    In a file, ``corrections: released`` and ``corrections: corrected`` stand for the two.
    """

    behaviour_value: bool = Field(
        default=True,
        description="The value of an input behaviour reaches the network; released: a "
        "normalisation over this single number removes it",
    )
    frame_position: bool = Field(
        default=True, description="The position code of frames is added; released: it is discarded"
    )
    padding: bool = Field(
        default=True,
        description="Padding is neither attended nor pooled; released: it is both",
    )
    loss_scale: bool = Field(
        default=True,
        description="The spike loss is multiplied by 3/4 beside a contrastive loss alone; "
        "released: always",
    )
    overflow: bool = Field(
        default=True,
        description="In a window with too many spikes, times stay with their tokens; released: "
        "the time of the start token is that of a dropped spike",
    )
    own_past: bool = Field(
        default=True,
        description="The generated past is fed back where it is asked for; released: the real "
        "one, by descending time",
    )
    temperature: bool = Field(
        default=True, description="Temperature acts before top-k and top-p; released: after"
    )
    clip_end: bool = Field(
        default=True,
        description="Clips end with the window; released: one window later, with frames of its "
        "future",
    )

    @classmethod
    def preset(cls, name: Preset) -> CorrectionSection:
        """Return the corrections of a preset."""
        return cls(**dict.fromkeys(cls.model_fields, name == "corrected"))


def from_name(value: Any) -> Any:
    """Return the corrections of a preset's name; anything else as it is."""
    if isinstance(value, str):
        if value not in ("corrected", "released"):
            raise ValueError("corrected, released, or switches by name")
        return CorrectionSection.preset("corrected" if value == "corrected" else "released")
    return value


class WindowSection(Section):
    """The two windows of a sample, in seconds, and how many tokens they have room for.

    The defaults are those of V1AL, version 1.5 of the released code.
    """

    dt: float = Field(default=0.01, gt=0, description="Width of a time bin, s")
    current: float = Field(default=0.05, gt=0, description="Window whose spikes are generated, s")
    past: float = Field(default=0.15, gt=0, description="Window before it, s")
    block: int = Field(default=100, ge=3, description="Tokens of the current window")
    past_block: int = Field(default=100, ge=3, description="Tokens of the past window")

    @model_validator(mode="after")
    def _whole_bins(self) -> WindowSection:
        for name in ("current", "past"):
            n_bins = getattr(self, name) / self.dt
            if abs(n_bins - round(n_bins)) > 1e-6 or round(n_bins) < 1:
                raise ValueError(f"{name} must be a whole number of bins of {self.dt:g} s")
        return self

    @property
    def n_bins(self) -> int:
        """Bins of the current window."""
        return round(self.current / self.dt)

    @property
    def n_past_bins(self) -> int:
        """Bins of the past window."""
        return round(self.past / self.dt)


class FrameSection(Section):
    """The clip beside a window, and its first layer; the defaults are those of V1AL."""

    window: float = Field(default=0.2, gt=0, description="Length of the clip, s")
    rate: float = Field(default=20.0, gt=0, description="Frames per second")
    kernel: tuple[int, int, int] = Field(default=(3, 8, 8), description="Frames, rows, columns")
    stride: tuple[int, int, int] | None = Field(default=None, description="None: the kernel")

    @property
    def n_frames(self) -> int:
        """Frames of a clip."""
        # 20 * 0.15 is a little more than 3
        return max(1, -int(-(self.rate * self.window - 1e-9) // 1))


class VariableSection(Section):
    """One behavioural variable, read by the network or decoded from it."""

    role: Role = Field(description="input or target")
    n_classes: int | None = Field(
        default=None, ge=2, description="Of a target; None: regression of one value"
    )
    n_samples: int = Field(default=1, ge=1, description="Of an input, within a window")

    @model_validator(mode="after")
    def _classes_of_targets(self) -> VariableSection:
        if self.role == "input" and self.n_classes is not None:
            raise ValueError("n_classes is for targets")
        return self


class GroupSection(Section):
    """Variables whose inputs are attended together."""

    n_layers: int = Field(
        default=4, ge=0, description="Blocks of attention; 0 where nothing is an input"
    )
    variables: dict[str, VariableSection] = Field(min_length=1)


class ContrastiveSection(Section):
    """Alignment of pooled features; the defaults are the published ones."""

    features: tuple[str, ...] = Field(
        default=(SPIKES, FRAMES),
        min_length=2,
        description="spikes, frames, or names of input behaviours, in order",
    )
    temperature: float = Field(default=0.5, gt=0)
    symmetric: bool = Field(
        default=False, description="Both directions of each pair (CLIP); released: one"
    )


class NeuroformerConfig(Section):
    """The whole model; the defaults are the published sizes and the corrected behaviour."""

    n_neurons: int = Field(ge=1, description="Of the ID vocabulary, without its three tokens")
    windows: WindowSection = WindowSection()
    width: int = Field(default=256, ge=2, description="Of every token")
    n_heads: int = Field(default=8, ge=1)
    n_state_layers: int = Field(
        default=6, ge=0, description="Blocks over current tokens, before and after the fusion"
    )
    n_past_layers: int = Field(default=6, ge=0, description="Blocks of attention to the past")
    n_frame_layers: int = Field(
        default=6, ge=0, description="Blocks over frames, and of attention to them"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Of attention and its blocks")
    token_dropout: float = Field(default=0.2, ge=0, lt=1)
    frame_dropout: float = Field(default=0.2, ge=0, lt=1)
    time_dropout: float = Field(default=0.2, ge=0, lt=1)
    time_code: TimeCode = Field(
        default="learned", description="A small network (released), or the paper's sinusoids"
    )
    positions: bool = Field(default=True, description="Learned positions of tokens")
    frames: FrameSection | None = Field(default=None, description="None: no stimulus")
    behaviours: dict[str, GroupSection] = Field(default_factory=dict, description="By group")
    contrastive: ContrastiveSection | None = Field(default=None, description="None: no such loss")
    corrections: Annotated[CorrectionSection, BeforeValidator(from_name)] = CorrectionSection()

    @model_validator(mode="after")
    def _fits(self) -> NeuroformerConfig:
        if self.width % self.n_heads or self.width % 2:
            raise ValueError("width must be even and a multiple of n_heads")
        names = [name for group in self.behaviours.values() for name in group.variables]
        if len(names) != len(set(names)) or {SPIKES, FRAMES} & set(names):
            raise ValueError(f"variables need names of their own, other than {SPIKES}, {FRAMES}")
        if any("." in name for name in (*self.behaviours, *names)):
            raise ValueError("names of groups and variables have no dots")
        if self.contrastive is not None:
            known = {SPIKES, *([FRAMES] if self.frames else []), *self.inputs}
            lacking = [name for name in self.contrastive.features if name not in known]
            if lacking:
                raise ValueError(f"contrastive feature '{lacking[0]}' is none of {sorted(known)}")
        return self

    @property
    def inputs(self) -> dict[str, VariableSection]:
        """Variables that the network reads; a group without layers is not read."""
        return {
            name: variable
            for group in self.behaviours.values()
            for name, variable in group.variables.items()
            if variable.role == "input" and group.n_layers > 0
        }

    @property
    def targets(self) -> dict[str, VariableSection]:
        """Variables that are decoded."""
        return {
            name: variable
            for group in self.behaviours.values()
            for name, variable in group.variables.items()
            if variable.role == "target"
        }

    def tokenizer(self) -> SpikeTokenizer:
        """Return the tokenizer of these windows."""
        from neurodecode.spikes.tokenizer import SpikeTokenizer

        return SpikeTokenizer(
            self.n_neurons, self.windows, correct_overflow=self.corrections.overflow
        )

    def build(self) -> Neuroformer:
        """Return an untrained model."""
        from neurodecode.spikes.model import Neuroformer

        return Neuroformer(self)
