"""Tables of simulated people in the form of ``asegstats2table`` and ``aparcstats2table``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.artefacts import write_text
from neurodecode.datasets.morphometry.names import HEMISPHERES, STRUCTURES
from neurodecode.datasets.morphometry.simulated import VISITS
from neurodecode.datasets.morphometry.visits import DAYS_PER_YEAR
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.morphometry_people import YEARS_BETWEEN_SCANS, Person
from neurodecode.datasets.simulate.morphometry_truth import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

ETIV = "EstimatedTotalIntraCranialVol"
_CAPITALS = {"csf": "CSF", "ventraldc": "VentralDC", "cc": "CC", "area": "area"}
_DIGITS = {"volume": 1, "thickness": 3}  # of FreeSurfer's own tables


def freesurfer_name(structure: str) -> str:
    """Return how ``aseg`` of FreeSurfer 7 spells a structure: Left-Hippocampus, CC_Anterior."""
    words = [_CAPITALS.get(word, word.capitalize()) for word in structure.split("_")]
    return ("_" if structure.startswith("cc_") else "-").join(words)


def write_tables(folder: Path, people: Sequence[Person]) -> None:
    """Write ``aseg.volume.tsv``, ``?h.aparc.<kind>.tsv`` and ``visits.csv``."""
    scans = _scans(people)
    names = {f"{name}_volume": freesurfer_name(name) for name in STRUCTURES}
    aseg = scans[list(names)].round(_DIGITS["volume"]).rename(columns=names)
    aseg[ETIV] = scans[ETIV].round(6)
    _write(folder / "aseg.volume.tsv", aseg, "Measure:volume")
    for hemisphere in HEMISPHERES:
        for kind, digits in _DIGITS.items():
            columns = [name for name in MEASURES
                       if name.startswith(f"{hemisphere}_") and name.endswith(kind)]  # fmt: skip
            table = scans[columns].round(digits).assign(eTIV=scans[ETIV].round(6))
            head = f"{hemisphere}.aparc.{kind}"
            _write(folder / f"{head}.tsv", table, head)
    rows = [row for person in people for row in _visits(person)]
    write_text(folder / VISITS, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


def write_people(folder: Path, people: Sequence[Person]) -> None:
    """Write ``derivatives/truth/people.csv``: what kind of person each one is."""
    kinds = pd.DataFrame({"subject": [p.subject for p in people], "kind": [p.kind for p in people]})
    path = folder / TRUTH / "people.csv"
    write_text(path, kinds.to_csv(index=False, lineterminator="\n"))


def _scans(people: Sequence[Person]) -> pd.DataFrame:
    names = [_scan(p, number) for p in people for number in range(len(p.measures))]
    values = np.concatenate([person.measures for person in people])
    table = pd.DataFrame(values, index=names, columns=list(MEASURES))
    table[ETIV] = np.concatenate([np.full(len(p.measures), p.etiv) for p in people])
    return table


def _scan(person: Person, number: int) -> str:
    return f"{person.subject}_ses-{number + 1:02d}"


def _visits(person: Person) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for year in range(person.last + 1):
        number, between = divmod(year, YEARS_BETWEEN_SCANS)
        scanned = not between and number < len(person.measures)
        day = person.day(year)
        rows.append({
            "subject": person.subject,
            "day": day,
            "age": round(person.age + year if scanned else person.age + day / DAYS_PER_YEAR, 4),
            "sex": person.sex,
            "site": person.site,
            "impaired": int(year in person.impaired),
            "scan": _scan(person, number) if scanned else "",
            "field_strength": person.field_strength if scanned else "",
        })  # fmt: skip
    return rows


def _write(path: Path, table: pd.DataFrame, head: str) -> None:
    text = table.rename_axis(head).to_csv(sep="\t", lineterminator="\n")
    write_text(path, text)
