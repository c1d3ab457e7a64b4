"""The jobs of the ``mindbridge`` pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neurodecode.mindbridge.models import BRIDGE, BY_SLUG, VARIANTS, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["model", "tuning"]


@dataclass(frozen=True)
class Unit:
    """What one job trains.

    Attributes
    ----------
    name : str
        As in :meth:`MindBridgeConfig.units`.
    kind : {"model", "tuning"}
    model : str
        Name of the model; of a new subject, the bridge.
    seed : int
    subjects : tuple of str
        Trained on.
    new : str
        The new subject; empty otherwise.
    fold : int or None
        None where the run has one fold.
    """

    name: str
    kind: Kind
    model: str
    seed: int
    subjects: tuple[str, ...]
    new: str = ""
    fold: int | None = None

    @property
    def variant(self) -> Variant:
        """What the model is."""
        return VARIANTS[self.model]


def unit_of(name: str, subjects: Sequence[str]) -> Unit:
    """Return the unit of a name from :meth:`MindBridgeConfig.units`, all subjects given."""
    first, seed, *rest = name.split(".", 2)
    number, everybody = int(seed.removeprefix("seed-")), tuple(sorted(subjects))
    ending, fold = "".join(rest), None
    if ending.startswith("fold-"):
        place, _, ending = ending.removeprefix("fold-").partition(".")
        fold = int(place)
    what, _, label = ending.partition("-")
    if first == "tuning":
        others = tuple(subject for subject in everybody if subject != label)
        return Unit(name, "tuning", BRIDGE, number, others, label, fold)
    chosen = (label,) if what == "only" else everybody
    return Unit(name, "model", BY_SLUG[first], number, chosen, fold=fold)
