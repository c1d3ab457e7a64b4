"""Fitting one participant's own parameters while all else of the model stays as it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import nn

from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.contrastive.brain_module import BrainModule


@contextmanager
def adapt_participant(model: BrainModule, index: int) -> Iterator[nn.Parameter]:
    """Within the context only this participant's array trains, and normalisation is frozen.

    The array is a parameter of its own there, so that no optimiser, with weight decay or
    momentum, can move another participant's; at the end it takes its place among the others.

    Parameters
    ----------
    model : BrainModule
    index : int
        As returned by :meth:`BrainModule.add_participant`.

    Yields
    ------
    Parameter
        What to give the optimiser; also the only parameter of the model that requires gradients.

    Raises
    ------
    ConfigFault
        If the model has no such participant, or one is under adaptation already.

    Examples
    --------
    >>> with adapt_participant(model, model.add_participant()) as matrix:  # doctest: +SKIP
    ...     optimiser = torch.optim.Adam([matrix], lr=3e-4)
    """
    layer = model.participants
    if layer is None or not 0 <= index < len(layer.weights):
        known = 0 if layer is None else len(layer.weights)
        raise ConfigFault(f"no participant {index} among {known}", fix="use add_participant()")
    if layer.adapted is not None:
        raise ConfigFault(f"participant {layer.adapted_index} is under adaptation already")
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    was_training = model.training
    for parameter in trainable:
        parameter.requires_grad_(False)
    layer.adapted = nn.Parameter(layer.weights[index].detach().clone())
    layer.adapted_index = index
    try:
        yield layer.adapted
    finally:
        layer.weights.data[index] = layer.adapted.detach()
        layer.adapted, layer.adapted_index = None, -1
        for parameter in trainable:
            parameter.requires_grad_(True)
        model.train(was_training)
