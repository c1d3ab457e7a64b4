"""The model card of an exported spikes decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.spikes.variants import NETWORKS

if TYPE_CHECKING:
    from neurodecode.spikes.decoder_settings import DecoderSettings

LIMITS = """\
- It decodes these units under these labels. Another day's sorting gives other units: match them, or
  train anew.
- Behaviour beyond what the training saw is not extrapolated to; a class is one of those above.
- The score above is that of one fold of one recording: held-out blocks of it, not another day. The
  run's report has the scores over subjects.
- Neighbouring windows resemble each other; a score over all windows of a file that was trained on
  is no test.
- It is a research tool. It must not be used to draw conclusions about a person."""


def model_card(settings: DecoderSettings) -> str:
    """Return the card as Markdown: data, split, scores with intervals, input, limits."""
    experiment, network = settings.experiment, settings.network
    scores = "\n\n".join(held_out.sentence() for held_out in settings.held_out.values())
    targets = "\n".join(f"- Decodes {_target(settings, name)}" for name in settings.targets)
    read = [f"past {network.windows.past:g} s" if network.n_past_layers else ""]
    if settings.frames is not None and network.frames is not None:
        rows, columns = settings.frames.size
        read.append(
            f"{network.frames.window:g} s of the stimulus, {rows} x {columns} at "
            f"{network.frames.rate:g} Hz, divided by {settings.frames.largest:g}"
        )
    read += [f"behaviour {name}" for name in network.inputs]
    return f"""\
# Decoder `{settings.name}`, subject {settings.subject}, session {settings.session}, {settings.fold}

What it is: {NETWORKS[settings.name]}.

## Trained on

- Data set: {experiment.data.dataset}, subject {settings.subject}, session {settings.session}
- Windows: {settings.n_windows}
- Split: {experiment.protocol}, {settings.fold}
{targets}

## Score

{scores}

## Input

- Spike times (s) of {len(settings.units)} units: {", ".join(settings.units)}
- Windows of {network.windows.current:g} s in bins of {network.windows.dt:g} s
- Beside them: {", ".join(filter(None, read)) or "nothing"}

## Limits

{LIMITS}
"""


def _target(settings: DecoderSettings, name: str) -> str:
    if classes := settings.classes.get(name):
        return f"{name}: one of {', '.join(classes)}"
    middle, spread = settings.scales[name]
    return f"{name}: mean {middle:.4g}, standard deviation {spread:.4g} in training"
