"""A subject the model has not seen, on little data: three ways to train for it."""

from __future__ import annotations

import copy
from typing import get_args

from neurodecode.faults import ConfigFault, unknown
from neurodecode.mindbridge.config_model import Regime
from neurodecode.mindbridge.model import MindBridge

REGIMES: tuple[str, ...] = get_args(Regime)


def prepare_tuning(model: MindBridge, target: str, regime: Regime = "reset") -> MindBridge:
    """Return a model ready to be trained for a new subject; the given one stays as it is.

    Train it with ``BridgeModule(prepared, target=target)`` on :class:`NewSubjectData` ("reset",
    "full"), or with ``BridgeModule(prepared)`` on :class:`BridgeData` of that subject ("scratch").

    Parameters
    ----------
    model : MindBridge
        Trained on other subjects.
    target : str
        The new subject; modules that the model has under this label are drawn anew.
    regime : {"reset", "full", "scratch"}, default="reset"
        Reset-tuning: fresh embedder and builder for the subject, all else frozen (published,
        37,796,096 trained parameters). Full: the same start, everything trained. From scratch: a
        single-subject model of the same widths, nothing taken over.

    Returns
    -------
    MindBridge
        Random parts are drawn from torch's global generator: seed it for the same numbers.

    Raises
    ------
    ConfigFault
        If the regime is unknown, or the new subject is the only one the model has.

    References
    ----------
    Wang et al. (2024), MindBridge: a cross-subject brain decoding framework, CVPR (reset-tuning).
    """
    if regime not in REGIMES:
        raise ConfigFault(unknown("regime", regime, REGIMES))
    if regime == "scratch":
        return MindBridge([target], **{**model.options, "builders": False})
    if model.subjects == (target,):
        raise ConfigFault(
            f"'{target}' is the model's only subject", fix="a model of other subjects"
        )
    prepared = copy.deepcopy(model).requires_grad_(True).train()
    if target in prepared.subjects:
        prepared.reset_subject(target)
    else:
        prepared.add_subject(target)
    if regime == "reset":
        freeze_all_but(prepared, target)
    return prepared


def freeze_all_but(model: MindBridge, subject: str) -> None:
    """Let only this subject's embedder and builder train.

    Raises
    ------
    ConfigFault
        If the model has no such subject.
    """
    if subject not in model.subjects:
        raise ConfigFault(unknown("subject", subject, model.subjects))
    model.requires_grad_(False)
    model.embedders[subject].requires_grad_(True)
    if model.builders is not None:
        model.builders[subject].requires_grad_(True)
