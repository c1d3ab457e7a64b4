"""A pretrained model on new tasks: what is taken over, what is frozen, how few windows it sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

import numpy as np

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.spikes.config_training import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from neurodecode.spikes.model import Neuroformer

HEADS = "behaviour_heads."
PARTS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "past": ("past_stage.", "past_time.", "past_position"),
    "frames": ("frames.", "frame_encoder.", "frame_stage."),
    "tokens": ("tokens.", "time.", "past_time.", "position", "past_position"),
}
"""Parts that can be frozen, as beginnings of the names of their parameters; "body" is all but the
behaviour heads."""
VOCABULARIES = ("tokens.weight", "id_head.weight", "dt_head.weight")


def freeze(model: Neuroformer, parts: Iterable[Frozen]) -> None:
    """Stop the training of parts of a model.

    Parameters
    ----------
    model : Neuroformer
    parts : iterable of {"nothing", "body", "past", "frames", "tokens"}
        Body: all but the heads that decode behaviour.

    Raises
    ------
    ConfigFault
        If there is no such part, or "body" is asked of a model without behaviour heads.
    """
    for part in parts:
        if part not in get_args(Frozen):
            raise ConfigFault(unknown("part of the model", part, get_args(Frozen)))
        if part == "body" and not len(model.behaviour_heads):
            raise ConfigFault("a frozen body leaves nothing to train", fix="add a target behaviour")
        for name, parameter in model.named_parameters():
            if name.startswith(PARTS[part]) if part != "body" else not name.startswith(HEADS):
                parameter.requires_grad_(False)


def take_over(model: Neuroformer, state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Copy pretrained parameters into a model that may have other modalities.

    Parameters
    ----------
    model : Neuroformer
        Changed in place: parameters that the state dict has get its values, others keep theirs.
    state : mapping of str to Tensor
        Of a model with the same sizes and vocabulary, with or without frames, behaviours, heads.

    Returns
    -------
    tuple of str
        Parameters that stayed as they were: those of new modalities.

    Raises
    ------
    DataFault
        If a vocabulary or another size differs, or nothing fits.
    """
    own = model.state_dict()
    for name in VOCABULARIES:
        if name in state and len(state[name]) != len(own[name]):
            raise DataFault(
                f"a vocabulary of {len(state[name])} tokens, the model has {len(own[name])}",
                where=name, fix="pretrain on the same units and windows",
            )  # fmt: skip
    shared = own.keys() & state.keys()
    if "tokens.weight" not in shared:
        raise DataFault("no parameters of such a model", fix="give model.state_dict()")
    wrong = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
        for name in sorted(shared) if state[name].shape != own[name].shape
    ]  # fmt: skip
    if wrong:
        raise DataFault(f"wrong shape: {', '.join(wrong)}", where="pretrained state dict")
    model.load_state_dict({name: state[name] for name in shared}, strict=False)
    return tuple(name for name in own if name not in shared)


def few_shot(rows: ArrayLike, share: float) -> NDArray[np.int64]:
    """Return the first share of training windows, at least one: the published few-shot sets.

    Parameters
    ----------
    rows : array-like of int, shape (n,)
        Training windows, in the order of their draw; in order of time the share is a stretch.
    share : float
        In (0, 1]; published .01 and .1.

    Raises
    ------
    ConfigFault
        If the share is outside.
    DataFault
        If there is no window.
    """
    rows = np.asarray(rows, np.int64)
    if not 0 < share <= 1:
        raise ConfigFault(f"a share of {share:g} of the windows", fix="above 0, at most 1")
    if not len(rows):
        raise DataFault("no training window")
    return rows[: max(1, math.floor(share * len(rows)))]
