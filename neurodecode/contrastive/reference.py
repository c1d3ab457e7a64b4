"""Parameters under the names of the authors' released code, read into our model."""

from __future__ import annotations

import re
from math import isqrt
from typing import TYPE_CHECKING, Any, TypeVar

from neurodecode.contrastive.brain_module import BrainModule
from neurodecode.persistence import refuse_mismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

PREFIXES = {
    "attention.": "merger.",
    "initial.": "initial_linear.0.",
    "participants.": "subject_layers.",
    "convolutions.layers.": "encoders.meg.sequence.",
    "convolutions.gates.": "encoders.meg.glus.",
    "head.": "final.",
}
TRANSPOSED = "final.2.weight"
"""A transposed convolution of kernel 1 there, stored as inputs x outputs x 1."""


Model = TypeVar("Model", bound=BrainModule)


def load_reference_state_dict(
    state: Mapping[str, Tensor],
    *,
    model: type[Model] = BrainModule,  # type: ignore[assignment]
    **options: Any,
) -> Model:
    """Build a brain module from a state dict of the authors' code.

    Widths, depth and the numbers of participants, outputs and Fourier features are read from the
    shapes, so that models of other sizes load too. Gates stand there under the index of the layer
    they follow (1, 3, 5, ...).

    Parameters
    ----------
    state : mapping of str to Tensor
        ``merger.heads``, ``initial_linear.0.weight``, ``subject_layers.weights``,
        ``encoders.meg.sequence.0.0.weight``, ``encoders.meg.glus.1.0.weight``, ``final.0.weight``
        and so on. A file of it is best read with ``torch.load(path, weights_only=True)``.
    model : type, default=BrainModule
        Class to build.
    **options
        What shapes do not tell, as keyword options of the class: ablations, ``dropout_radius``,
        ``margin``, ``activation``, ``dilation_period``.

    Returns
    -------
    BrainModule
        On the CPU, in training mode.

    Raises
    ------
    DataFault
        One line with every name that is missing, unexpected or of a wrong shape.

    References
    ----------
    facebookresearch/brainmagick, the modules ``SimpleConv`` and ``ConvSequence``.
    """
    built = model(**{**_sizes(state, options), **options})
    embedding = options.get("participants") == "embedding"
    names = {ours: reference_name(ours, embedding=embedding) for ours in built.state_dict()}
    expected = {names[ours]: value.shape for ours, value in built.state_dict().items()}
    found = {theirs: _in_our_layout(theirs, value) for theirs, value in state.items()}
    refuse_mismatch(expected, found, where="reference state dict")
    built.load_state_dict({ours: found[theirs] for ours, theirs in names.items()})
    return built


def reference_name(ours: str, *, embedding: bool = False) -> str:
    """Return the authors' name of one of our parameters or buffers.

    Parameters
    ----------
    ours : str
        A key of our state dict.
    embedding : bool, default=False
        Whether participants are embedded, at scale 1, instead of having a layer.

    Examples
    --------
    >>> reference_name("convolutions.gates.0.0.weight")
    'encoders.meg.glus.1.0.weight'
    """
    if ours == "participants.weights" and embedding:
        return "subject_embedding.embedding.weight"
    prefix = next(prefix for prefix in PREFIXES if ours.startswith(prefix))
    rest = ours.removeprefix(prefix)
    if prefix == "convolutions.gates.":
        block, _, rest = rest.partition(".")
        rest = f"{2 * int(block) + 1}.{rest}"
    return PREFIXES[prefix] + rest


def _in_our_layout(name: str, value: Tensor) -> Tensor:
    return value.transpose(0, 1) if name == TRANSPOSED and value.ndim == 3 else value


def _sizes(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> dict[str, int]:
    """Read constructor arguments from shapes; absent names are left to the strict comparison."""
    numbered = (re.match(r"encoders\.meg\.(?:sequence|glus)\.(\d+)\.", name) for name in state)
    last = max((int(match[1]) for match in numbered if match), default=9)
    shown = {
        "n_participants": ("subject_layers.weights", 0),
        "n_virtual_channels": ("initial_linear.0.weight", 0),
        "n_channels": ("initial_linear.0.weight", 1),
        "hidden": ("encoders.meg.sequence.0.0.weight", 0),
        "kernel": ("encoders.meg.sequence.0.0.weight", 2),
        "n_outputs": ("final.2.bias", 0),
    }
    if not options.get("initial_conv", True):
        shown["n_virtual_channels"] = ("merger.heads", 0)
    if options.get("participants") == "embedding":
        shown["n_participants"] = ("subject_embedding.embedding.weight", 0)
        shown["embedding_size"] = ("subject_embedding.embedding.weight", 1)
    if not options.get("final_convs", True):
        shown["n_outputs"] = (f"encoders.meg.sequence.{last}.0.weight", 0)
    sizes = {
        key: state[name].shape[axis]
        for key, (name, axis) in shown.items()
        if name in state and state[name].ndim > axis
    }
    heads = state.get("merger.heads")
    if heads is not None and heads.ndim == 2:
        sizes["n_frequencies"] = max(1, isqrt(heads.shape[1] // 2))
    return {**sizes, "n_blocks": last // 2 + 1}
