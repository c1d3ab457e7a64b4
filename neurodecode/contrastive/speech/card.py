"""The model card of an exported speech decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.contrastive.speech.decoders import DECODERS

if TYPE_CHECKING:
    from neurodecode.contrastive.people import ScaledPeople
    from neurodecode.contrastive.speech.decoder_settings import DecoderSettings
    from neurodecode.contrastive.speech.segments import SegmentBank

LIMITS = """\
- It ranks the segments it was given, those of the test sentences; other speech cannot be named.
- Probabilities are a softmax over the scores of these segments. They are not calibrated.
- A window begins at a known word onset; nothing tells when a word was heard.
- Each participant has the layout and scaler of their last recording. Somebody else is treated as
  the average of them, with a scaler of their own recording; no score was measured for that.
- It is a research tool. It must not be used to draw conclusions about a person."""


def model_card(settings: DecoderSettings, segments: SegmentBank, people: ScaledPeople) -> str:
    """Return the card as Markdown: data, split, score with interval, input, limits."""
    signals, held_out = settings.signals, settings.held_out
    counts = ", ".join(f"{n} {part}" for part, n in settings.n_windows.items())
    clamp = "not clamped" if signals.clamp is None else f"clamped at {signals.clamp:g} IQR"
    return f"""\
# Decoder `{settings.name}`, seed {settings.seed}

What it is: {DECODERS[settings.name].description}. Target: `{settings.target}`,
{settings.network.n_features} features.

## Trained on

- Data set: {settings.dataset}
- Participants: {", ".join(people.labels)}
- Windows: {counts}
- Split: blocks of whole sentences, drawn by a hash of their text; held out: the test blocks

## Score

{held_out.sentence()}

## Input

- Channels: {len(people.channels)} {settings.kind.upper()}, in {settings.unit}
- Window: {signals.tmin:g} to {signals.tmax:g} s around the onset of a word, {signals.sfreq:g} Hz,
  of which the network sees all but the first {settings.n_lag} samples; baseline: the first
  {signals.baseline:g} s; robust scaler per recording, {clamp}
- Filters: {settings.filters}
- Candidates: {len(segments.segments)} segments, {len(set(segments.words))} words at their anchors

## Limits

{LIMITS}
"""
