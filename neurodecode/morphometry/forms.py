"""Forms of a cohort: who takes part in a replicate, and what an outer fold leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from neurodecode.faults import ConfigFault, unknown


@dataclass(frozen=True)
class Form:
    """A form of the cohort.

    Attributes
    ----------
    name : str
        As in settings and in the ``split`` field of scores.
    balancing : {"none", "undersample", "match"}
        Everybody; as many controls as converters, drawn anew in each replicate; or the nearest
        in age of the same sex.
    outer : {"people", "sites"}
        What an outer fold leaves out.
    description : str
    """

    name: str
    balancing: Literal["none", "undersample", "match"]
    outer: Literal["people", "sites"]
    description: str

    @property
    def balanced(self) -> bool:
        """Whether both groups have the same size."""
        return self.balancing != "none"


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("balanced", "undersample", "people",
             "as many of the larger group as of the smaller, drawn anew in each replicate"),
        Form("matched", "match", "people",
             "for each of the smaller group the nearest in age of the same sex, anew in each "
             "replicate"),
        Form("imbalanced", "none", "people", "everybody, in new folds in each replicate"),
        Form("sites", "none", "sites", "everybody; each site is tested by models that saw no one "
             "of it"),
    )
}  # fmt: skip
"""Forms by name."""


def form_of(name: str) -> Form:
    """Return a form by its name; an unknown one raises ConfigFault with the nearest."""
    if name not in FORMS:
        raise ConfigFault(unknown("form of the cohort", name, FORMS))
    return FORMS[name]
