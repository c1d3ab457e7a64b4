"""The model card of an exported emotion decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.emotion.decoders import decoder_of

if TYPE_CHECKING:
    from neurodecode.emotion.config_signals import PreparationSettings
    from neurodecode.emotion.decoder_settings import DecoderSettings

LIMITS = """\
- It gives every window a value of the rating, whether or not anything was felt.
- Probabilities are not calibrated; those of a support vector machine are a softmax of its decision
  values. A value of the rating that the training lacked has probability 0.
- {normalised}
- A stream decodes the one window after each marker, and only with a causal normalisation.
- The score above is that of one fold; the run's report has the scores over subjects.
- It is a research tool. It must not be used to draw conclusions about a person."""


BY_REST = (
    "A window is normalised by the rest before its clip; without such a rest it cannot be decoded."
)
BY_CLIP = "A window is normalised by the clip it is in: it is decoded when the clip is over."


def model_card(settings: DecoderSettings) -> str:
    """Return the card as Markdown: data, split, score with interval, input, limits."""
    chosen = settings.signals
    seconds = settings.n_samples / chosen.sampling_rate
    ahead = "looks at the whole clip" if chosen.looks_ahead else "causal"
    return f"""\
# Decoder `{settings.name}` of {settings.label}, {settings.protocol}, {settings.fold}

What it is: {decoder_of(settings.name).description}.
Values {settings.scale[0]} to {settings.scale[1]}, a probability for each.

## Trained on

- Data set: {settings.dataset}
- Participants: {", ".join(settings.participants)}
- Trials: {settings.n_trials}
- Split: {settings.protocol}; held out: {settings.fold}

## Score

{settings.held_out.sentence()}

## Input

- Channels: {", ".join(settings.channels)}, in uV, {chosen.sampling_rate:g} Hz
- Windows of {seconds:g} s
- Normalisation: {_normalisation(chosen)}, then
  {chosen.scaling} ({ahead})

## Limits

{LIMITS.format(normalised=BY_REST if chosen.baseline else BY_CLIP)}
"""


def _normalisation(chosen: PreparationSettings) -> str:
    if chosen.baseline:
        return f"by {chosen.baseline_seconds:g} s of rest"
    return "the mean of the clip subtracted"
