"""The model card of an exported image decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.contrastive.image.decoders import OBJECTIVES

if TYPE_CHECKING:
    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.image.candidates import CandidateBank
    from neurodecode.contrastive.image.decoder_settings import DecoderSettings
    from neurodecode.contrastive.image.units import Seen

LIMITS = """\
- It ranks the candidates it was given; a picture that is not among them cannot be named.
- Probabilities are a softmax over the scores of these candidates. They are not calibrated.
- Amplitudes, channels and layout must be those of the participants above. Somebody else is treated
  as the average of them, with a scaler of their own recording; no score was measured for that.
- It is a research tool. It must not be used to draw conclusions about a person."""


def model_card(
    seen: Seen, settings: DecoderSettings, candidates: CandidateBank, recordings: Recordings
) -> str:
    """Return the card as Markdown: data, split, where scores are, input, limits.

    Parameters
    ----------
    seen : Seen
        Of the run.
    settings : DecoderSettings
    candidates : CandidateBank
    recordings : Recordings
        That the decoder was trained on.
    """
    config, signals = seen.config, settings.signals
    parts = recordings.windows()["part"].value_counts()
    counts = ", ".join(f"{parts.get(part, 0)} {part}" for part in ("train", "valid", "test"))
    sets = ", ".join(f"{name}: {len(members)}" for name, members in candidates.sets.items())
    return f"""\
# Decoder `{settings.name}`, seed {settings.seed}

What it is: {OBJECTIVES[settings.network.objective]}. Target: `{settings.target}`,
{settings.network.n_features} features.

## Trained on

- Data set: {config.data.title}
- Participants: {", ".join(recordings.participants)}
- Windows: {counts}
- Split: {config.split.protocol}; held out: the test part

## Score

The scores are in the report of the run, each with its chance level and interval. None is repeated
here, where nothing would tell whether it still belongs to these weights.

## Input

- Channels: {len(recordings.channels)} {settings.kind.upper()}, in {settings.unit}
- Window: {signals.tmin:g} to {signals.tmax:g} s around the onset, {signals.sfreq:g} Hz; baseline:
  the first {signals.baseline:g} s; robust scaler per recording, clamped at {signals.clamp} IQR
- Filters: {settings.filters}
- Candidates: {sets}

## Limits

{LIMITS}
"""
