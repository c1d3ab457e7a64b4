"""The model card of an exported mindbridge decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.mindbridge.models import VARIANTS

if TYPE_CHECKING:
    from neurodecode.mindbridge.decoder_settings import DecoderSettings, Person

NEW = "the network of others, with an embedder trained for a new participant"
LIMITS = """\
- It decodes the participants above alone: each has voxels and an embedder of their own. Somebody
  new needs a training (`tuning.lengths`).
- It ranks the held-out stimuli of the participant; a picture that is none of them is given one of
  them too. Cosines are no probabilities.
- Voxels must come in the order of the training, responses be estimated and scaled as there: another
  general linear model, smoothing or z-score is another input.
- The scores above are over all held-out stimuli at once; the run's report has those in sets of
  its `evaluation.set_size`, whose chance is another.
- Another day, another scanner or averages over fewer repetitions may score lower.
- It is a research tool. It must not be used to draw conclusions about a person."""


def model_card(settings: DecoderSettings) -> str:
    """Return the card as Markdown: data, split, scores with intervals, input, limits."""
    people = "\n".join(_person(label, person) for label, person in settings.people.items())
    scores = "\n\n".join(
        f"Participant {label}. {person.held_out.sentence()}"
        for label, person in settings.people.items()
    )
    options = ", ".join(f"{name}: {value}" for name, value in settings.options.items())
    bridge = settings.bridge
    what = VARIANTS[settings.name].description if settings.name in VARIANTS else NEW
    return f"""\
# Decoder `{settings.name}`, {settings.protocol}, fold {settings.fold}, seed {settings.seed}

What it is: {what}.

## Trained on

- Data set: {settings.dataset}{f" ({options})" if options else ""}
- Split: {settings.protocol}, fold {settings.fold}
- Target: {settings.target}{", less its mean over the training stimuli" if settings.centred else ""}
{people}

## Score

{scores}

## Input

- Responses, a row each, the participant's voxels as columns; or a 4-D NIfTI where a mask was used
- Pooled to {bridge.pooled_size} values ({bridge.aggregation}), then averaged over the responses to
  a stimulus

## Limits

{LIMITS}
"""


def _person(label: str, person: Person) -> str:
    grid = "" if person.grid is None else f" of a grid of {' x '.join(map(str, person.grid.shape))}"
    return (
        f"- Participant {label}: {person.n_voxels} voxels{grid}, {person.n_training} training "
        f"stimuli, {len(person.candidates)} held out"
    )
