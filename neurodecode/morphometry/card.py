"""The model card of an exported ``mci`` decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.morphometry.forms import form_of

if TYPE_CHECKING:
    from neurodecode.morphometry.decoder_settings import DecoderSettings

LIMITS = """\
- Measures of another version of FreeSurfer, or of another field strength than the training's, are
  other measures.
- Outside the training's range of age the polynomial of age is a guess; such people are noted.
- Probabilities hold for as many of each group as in training; where fewer people become impaired,
  fewer of those who are called so will be.
- The score above is that of one fold; the run's report has the scores over all replicates.
- Who was in training is recognised by hashes of the measures above, and noted.
- It is a research tool. It must not be used to draw conclusions about a person."""
HOLDS_PEOPLE = """\
- The model holds measures or covariates of training people. Where an agreement forbids to pass on
  such rows, it forbids to pass on this folder.
"""


def model_card(settings: DecoderSettings) -> str:
    """Return the card as Markdown: data, split, score with interval, input, limits."""
    first, second = settings.groups
    rows = "\n".join(f"- {column.worded()}" for column in settings.measures)
    covariates = [column.worded() for column in settings.covariates]
    covariates += [f"site: {', '.join(settings.sites)}"] if settings.site else []
    beside = "\n".join(f"- {line}" for line in covariates) or "- none"
    sides = "; left and right are averaged" if settings.average_sides else ""
    return f"""\
# Decoder `{settings.name}`, {settings.form}, {settings.fold}

Tells {second} from {first} by measures of one MRI.

## Trained on

- Data set: {settings.dataset}
- People: {settings.counts[0]} {first}, {settings.counts[1]} {second}
- Form of the cohort: {form_of(settings.form).description}
- Split: {settings.fold}; its people were left out
- Chosen inside the training part: ranking {settings.ranking}, {len(settings.measures)} measures,
  {settings.parameters}

## Score

{settings.held_out.sentence()}

## Input

A table with a row per person, or FreeSurfer's folders with a table of people beside them{sides}.
Ranges are those of the training people.

Measures:

{rows}

Covariates:

{beside}

Somebody is called {second} where the score exceeds {settings.cut:g} (rule: {settings.threshold}).

## Limits

{LIMITS}
{HOLDS_PEOPLE if settings.holds_people else ""}"""
