"""The model card of an exported ``adhd`` decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.connectome.decoders import decoder_of

if TYPE_CHECKING:
    from neurodecode.connectome.decoder_settings import DecoderSettings

LIMITS = """\
- Network counts depend on the length of a series, on preprocessing and on motion: other lengths,
  other scanners or another pipeline shift them, whoever is scanned.
- Images are not resampled or preprocessed further than named above.
- Probabilities take both groups for equally likely unless the run said otherwise; of all people far
  fewer are cases.
- The score above is that of one fold; the run's report has the scores over all people, and what
  site, motion and phenotype alone say.
- Who was in training is recognised by hashes of the scans, and noted.
- It is a research tool. It must not be used to draw conclusions about a person."""


def model_card(settings: DecoderSettings) -> str:
    """Return the card as Markdown: data, split, score with interval, input, limits."""
    first, second = settings.groups
    beside = ", ".join(settings.covariates) or "none"
    return f"""\
# Decoder `{settings.name}`, {settings.protocol}, {settings.fold}

Tells {second} from {first}: {decoder_of(settings.name).description}.

## Trained on

- Data set: {settings.dataset}
- People: {settings.counts[0]} {first}, {settings.counts[1]} {second}
- Sites: {", ".join(settings.sites)}
- Split: {settings.protocol}; held out: {settings.fold}
- Chosen inside the training part: {settings.threshold}, {settings.mask},
  {settings.n_components:g} components; maps scaled by {settings.scaling}

## Score

{settings.held_out.sentence()}

## Input

{_input(settings)}
- Covariates: {beside}

## Limits

{LIMITS}
"""


def _input(settings: DecoderSettings) -> str:
    if settings.reads == "vectors":
        return (
            f"- Vectors of {settings.n_values} values, as the loader {settings.loader} reads them"
        )
    least = f"at least {settings.scans.min_volumes} volumes"
    if settings.grid is None:
        return f"- Time courses of {len(settings.regions)} regions, {least}"
    asked = settings.scans
    steps = [f"smoothed by {asked.smoothing_fwhm:g} mm"] if asked.smoothing_fwhm else []
    steps += ["detrended"] if asked.detrend else []
    steps += [f"high-pass {asked.high_pass:g} Hz"] if asked.high_pass else []
    steps += [f"low-pass {asked.low_pass:g} Hz"] if asked.low_pass else []
    done = ", ".join(steps) or "taken as they are"
    return (
        f"- 4-D images of {settings.grid.worded()}, {least}\n"
        f"- {settings.n_values} values inside the mask; images are {done}"
    )
