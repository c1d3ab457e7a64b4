"""The model card of an exported ``acm`` decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.riemann.config import DESCRIPTIONS

if TYPE_CHECKING:
    from neurodecode.riemann.decoder_settings import DecoderSettings

LIMITS = """\
- It chooses among the classes above; rest, or another movement, is given one of them too.
- Probabilities are a softmax over decision values where the classifier has no probabilities of its
  own. They are not calibrated.
- The score above is that of one fold; the run's report has the scores over subjects.
- Somebody else, another day or another cap may score lower; the split says what was held out.
- A stream is filtered causally, twice, in place of the zero-phase filter of the training: the gain
  is the same, the signal comes later by the filter's group delay.
- It is a research tool. It must not be used to draw conclusions about a person."""


def model_card(settings: DecoderSettings) -> str:
    """Return the card as Markdown: data, split, score with interval, input, limits."""
    counts = ", ".join(f"{name}: {n}" for name, n in settings.counts.items())
    bands = ", ".join(f"{low:g} to {high:g} Hz" for low, high in settings.signals.bands)
    window = settings.window
    return f"""\
# Decoder `{settings.name}`, {settings.protocol}, {settings.fold}

What it is: {DESCRIPTIONS[settings.name]}.

## Trained on

- Data set: {settings.dataset}
- Participants: {", ".join(settings.participants)}
- Trials: {counts}
- Split: {settings.protocol}; held out: {settings.fold}

## Score

{settings.held_out.sentence()}

## Input

- Channels: {", ".join(settings.channels)}, in uV
- Window: {window[0]:g} to {window[1]:g} s after the onset, {settings.sfreq:g} Hz,
  {settings.n_samples} samples
- Band-pass: {bands}, Butterworth of order 4, forwards and backwards

## Limits

{LIMITS}
"""
