"""Which look through a folder belongs to which pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from neurodecode.faults import ConfigFault, unknown
from neurodecode.own_data.survey import Study, Survey

FAMILIES = {
    "acm": "imagery",
    "adhd": "resting",
    "emotion": "rated",
    "image": "seen",
    "mci": "brains",
    "mindbridge": "responses",
    "speech": "heard",
    "spikes": "units",
}
"""Module of this room by pipeline."""
EXPERIMENT = "own_study"
"""The experiment of each of them that waits for a folder."""


def survey_study(pipeline: str, folder: Path, tree: Mapping[str, Any]) -> Survey:
    """Look through a folder for a pipeline, without running anything.

    Parameters
    ----------
    pipeline : str
    folder : Path
    tree : mapping
        Settings of the experiment that shall read it, as plain values.

    Returns
    -------
    Survey
        With ``faults`` where the study cannot run.

    Raises
    ------
    Fault
        The first one, where nothing else can be said.
    """
    if pipeline not in FAMILIES:
        raise ConfigFault(unknown("pipeline that reads a folder", pipeline, FAMILIES))
    module = import_module(f"{__package__}.{FAMILIES[pipeline]}")
    found: Survey = module.survey(Study(Path(folder).resolve(), tree))
    return found
