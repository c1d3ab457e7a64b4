"""What a run will do, decided before Snakemake starts and written to ``plan.json``."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.artefacts import read_json, sha256_text, write_json, write_text
from neurodecode.config import Experiment, to_yaml
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.workflow.fingerprint import fingerprints
from neurodecode.workflow.project import Pipeline, Project

if TYPE_CHECKING:
    from neurodecode.datasets.catalog import Card


@dataclass(frozen=True)
class Plan:
    """The jobs of one run.

    Attributes
    ----------
    stores : dict
        For each job of ``prepare``, the subjects that its store holds.
    units : dict
        For each job of ``train`` and ``evaluate``, the stores it reads.
    fingerprints : dict
        Hash of code and settings per rule; of fetch, also of the state of the files of a study of
        one's own, so that a changed file reruns what follows.
    """

    pipeline: str
    experiment: str
    steps: str
    catalog: str
    dataset: str
    subjects: list[str]
    stores: dict[str, list[str]]
    units: dict[str, list[str]]
    fingerprints: dict[str, str]
    python: str = sys.executable

    def write(self, folder: Path, config: Experiment) -> None:
        """Write ``plan.json`` and the resolved ``config.yaml`` into the run folder."""
        write_text(folder / "config.yaml", to_yaml(config))
        write_json(folder / "plan.json", asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """Read the plan of a run folder.

        Raises
        ------
        DataFault
            If it was written by a version whose plans have other entries.
        """
        try:
            return cls(**read_json(folder / "plan.json"))
        except TypeError as error:
            raise DataFault("the plan of another version", where=str(folder / "plan.json"),
                            fix="give `neurodecode run` again") from error  # fmt: skip


def make_plan(project: Project, pipeline: Pipeline, experiment: str, config: Experiment) -> Plan:
    """Resolve data set, subjects, jobs and fingerprints of an experiment."""
    from neurodecode.datasets.catalog import card_of

    card = card_of(config.data, [project.catalog])
    subjects = _subjects(config, card)
    hashes = fingerprints(pipeline.folder / "steps.py", config)
    return Plan(
        pipeline=pipeline.name,
        experiment=experiment,
        steps=str((pipeline.folder / "steps.py").resolve()),
        catalog=str(project.catalog.resolve()),
        dataset=card.name,
        subjects=subjects,
        stores=config.stores(subjects),
        units=config.units(subjects),
        fingerprints={**hashes, "fetch": _with_state(hashes["fetch"], config, subjects)},
    )


def _with_state(fingerprint: str, config: Experiment, subjects: list[str]) -> str:
    """Return a fingerprint that changes with the files of a study of one's own, too."""
    from neurodecode.datasets.local_files import study_state

    state = study_state(config.data, subjects)
    return sha256_text(fingerprint + state)[: len(fingerprint)] if state else fingerprint


def _subjects(config: Experiment, card: Card) -> list[str]:
    known = config.simulated_subjects() or config.listed_subjects(card.name)
    if not known:
        return list(card.labels(config.data.subjects))
    if config.data.subjects == "all":
        return known
    for subject in config.data.subjects:
        if subject not in known:
            raise ConfigFault(unknown(f"subject of {card.name}", subject, known))
    return list(config.data.subjects)
