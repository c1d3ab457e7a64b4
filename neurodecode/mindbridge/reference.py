"""Parameters under the names of the authors' released code, read into our model."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from neurodecode.faults import DataFault, unknown
from neurodecode.mindbridge.model import MindBridge
from neurodecode.persistence import refuse_mismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PUBLISHED_SHAPES = {257 * 768: (257, 768), 77 * 768: (77, 768)}
"""Tokens of CLIP ViT-L/14 by their number of values; the authors' heads are flat."""
RENAMED = (
    (r"^(embedder|builder)s\.", r"\1."),
    (r"^(embedder\.[^.]+)\.adapter\.(down|up)\.", r"\1.0.\2_proj."),
    (r"^(embedder\.[^.]+)\.linear\.", r"\1.1."),
    (r"^(embedder\.[^.]+)\.norm\.", r"\1.2."),
    (r"^(builder\.[^.]+)\.linear\.", r"\1.0."),
    (r"^(builder\.[^.]+)\.norm\.", r"\1.1."),
    (r"^(builder\.[^.]+)\.adapter\.(down|up)\.", r"\1.3.\2_proj."),
    (r"^translator\.blocks\.", "translator.mlp."),
    (r"^(image|text)_head\.", r"head_\1."),
)
"""Our names and the authors', applied in this order."""

Model = TypeVar("Model", bound=MindBridge)


def load_reference_state_dict(
    state: Mapping[str, Tensor],
    *,
    subjects: Sequence[str] | None = None,
    model: type[Model] = MindBridge,  # type: ignore[assignment]
    **options: Any,
) -> Model:
    """Build a model from a state dict of the authors' code.

    Widths, depth and subjects are read from names and shapes, so that models of other sizes load
    too. Nothing is left at random: every parameter of the model comes from the state dict.

    Parameters
    ----------
    state : mapping of str to Tensor
        ``embedder.1.0.down_proj.weight``, ``embedder.1.1.weight``, ``builder.1.0.weight``,
        ``translator.mlp.0.0.weight``, ``head_image.weight``, ``head_text.weight`` and so on; a
        single-subject model has no ``builder``. See :func:`read_reference_checkpoint`.
    subjects : sequence of str, optional
        Which to take, in this order; default: all there are, numbers in their order.
    model : type, default=MindBridge
        Class to build.
    **options
        What shapes do not tell, as keyword options of the class: dropouts; ``image_shape`` and
        ``text_shape`` where they are not the published tokens.

    Returns
    -------
    MindBridge
        On the CPU, in training mode.

    Raises
    ------
    DataFault
        Naming the subjects there are if one is absent; or one line with every name that is
        missing, unexpected or of a wrong shape.

    References
    ----------
    littlepure2333/MindBridge, the modules ``MindSingle`` and ``MindBridge``.
    """
    present = reference_subjects(state)
    chosen = present if subjects is None else tuple(subjects)
    for subject in chosen:
        if subject not in present:
            raise DataFault(unknown("subject", subject, present), where="reference state dict",
                            fix=f"there are {', '.join(present) or 'none'}")  # fmt: skip
    kept = {name: value for name, value in state.items()
            if _subject_of(name) is None or _subject_of(name) in chosen}  # fmt: skip
    with torch.device("meta"):  # no random draw, and no second copy
        built = model(chosen, **{**_sizes(kept), **options})
    names = {ours: reference_name(ours) for ours in built.state_dict()}
    expected = {names[ours]: value.shape for ours, value in built.state_dict().items()}
    refuse_mismatch(expected, kept, where="reference state dict")
    taken = {ours: kept[theirs].detach().float().clone() for ours, theirs in names.items()}
    built.load_state_dict(taken, assign=True)
    return built


def read_reference_checkpoint(path: Path | str) -> dict[str, Tensor]:
    """Return the state dict in a checkpoint file of the authors' code; no code of it is run.

    Raises
    ------
    DataFault
        If the file is absent, holds more than tensors and plain values, or no state dict.
    """
    path = Path(path)
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, OSError, EOFError) as error:
        raise DataFault("not a whole checkpoint of tensors and plain values, refused to load",
                        where=str(path)) from error  # fmt: skip
    state = content.get("model_state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise DataFault("no 'model_state_dict' in the checkpoint", where=str(path))
    return state


def reference_subjects(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Return the labels of the subjects of a state dict of the authors' code."""
    found = {subject for name in state if (subject := _subject_of(name)) is not None}
    return tuple(sorted(found, key=lambda label: (not label.isdecimal(), len(label), label)))


def reference_name(ours: str) -> str:
    """Return the authors' name of one of our parameters.

    Examples
    --------
    >>> reference_name("builders.7.adapter.down.weight")
    'builder.7.3.down_proj.weight'
    """
    for pattern, theirs in RENAMED:
        ours = re.sub(pattern, theirs, ours)
    return ours


def _subject_of(name: str) -> str | None:
    match = re.match(r"(?:embedder|builder)\.([^.]+)\.", name)
    return match[1] if match else None


def _sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Read constructor arguments from shapes; absent names are left to the strict comparison."""
    shown = {
        "pooled_size": (r"embedder\.[^.]+\.1\.weight", 1),
        "width": (r"embedder\.[^.]+\.1\.weight", 0),
        "adapter_size": (r"embedder\.[^.]+\.0\.down_proj\.weight", 0),
    }
    sizes: dict[str, Any] = {}
    for key, (pattern, axis) in shown.items():
        shapes = [value.shape for name, value in state.items() if re.fullmatch(pattern, name)]
        sizes |= {key: shapes[0][axis]} if shapes and len(shapes[0]) > axis else {}
    blocks = [int(m[1]) for name in state if (m := re.match(r"translator\.mlp\.(\d+)\.", name))]
    sizes["n_blocks"] = max(blocks, default=-1) + 1
    for ours, theirs in (("image_shape", "head_image"), ("text_shape", "head_text")):
        bias = state.get(f"{theirs}.bias")
        size = None if bias is None else prod(bias.shape)
        sizes[ours] = None if size is None else PUBLISHED_SHAPES.get(size, (size,))
    sizes["builders"] = any(name.startswith("builder.") for name in state)
    return sizes
