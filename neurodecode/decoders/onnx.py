"""The network of a decoder as an ONNX file, checked against PyTorch before it is kept."""

from __future__ import annotations

import inspect
import json
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import atomic_path
from neurodecode.decoder_folder import describe_folder
from neurodecode.decoders.loading import load_decoder
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.onnx_network import HasNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.decoder_folder import Sealed
    from neurodecode.onnx_network import OnnxNetwork

TOLERANCE = 1e-4
"""Largest difference from PyTorch, in units of the largest output."""
BATCH_SIZES = (3, 8)
"""Random windows that the file is checked on."""
PACKAGES = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes
    ----------
    path : Path
    inputs : dict of str to list
        Shape of each, "batch" first.
    difference : float
        Largest difference from PyTorch on random windows, in units of the largest output.
    """

    path: Path
    inputs: dict[str, list[int | str]]
    difference: float


def export_onnx(folder: Path | str, out: Path | str, *, participant: str | None = None) -> Exported:
    """Write the network of a decoder as ONNX, any batch size.

    The file is compared with PyTorch in onnxruntime on random windows, in two batch sizes, and
    kept only if outputs agree to :data:`TOLERANCE` of the largest one. Its metadata say kind,
    versions, inputs (axes, shapes, units), channels, labels, and the sha256 of the weights.

    Parameters
    ----------
    folder : path
        Of the decoder.
    out : path
        File to write.
    participant : str, optional
        One of the training, to be built in. Default: an input of the file, where the network has
        something of each participant.

    Raises
    ------
    ConfigFault
        If the decoder has no torch network, or a package is not installed.
    DataFault
        If the folder holds no decoder, the participant is unknown, or the file differs.
    """
    folder, out = Path(folder), Path(out)
    sealed, decoder = describe_folder(folder), load_decoder(folder)
    if not isinstance(decoder, HasNetwork):
        raise ConfigFault(
            f"the {decoder.kind} decoder has no torch network, there is nothing to export",
            where=str(folder),
        )
    _require_packages()
    network = decoder.onnx_network(participant)
    with atomic_path(out) as path:
        _write(network, _metadata(sealed, network, participant), path)
        difference = _difference(network, path)
        if not difference <= TOLERANCE:
            raise DataFault(
                f"outputs of the ONNX file differ by {difference:.2g} of the largest, more than "
                f"{TOLERANCE:g}; the file was not kept",
                where=str(out),
                fix="other versions of torch, onnxscript or onnxruntime",
            )
    shapes: dict[str, list[int | str]] = {
        given.name: ["batch", *given.shape] for given in network.inputs
    }
    return Exported(out, shapes, difference)


def _require_packages() -> None:
    from importlib.util import find_spec

    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise ConfigFault(
            f"export needs {', '.join(missing)}", fix="pip install 'neurodecode[onnx]'"
        )


def _metadata(sealed: Sealed, network: OnnxNetwork, participant: str | None) -> dict[str, str]:
    """Return what the file says of itself: texts as they are, all else as JSON."""
    said: dict[str, Any] = {
        "kind": sealed.kind,
        "versions": sealed.versions,
        "sha256": {n: d for n, d in sealed.files.items() if n.endswith(".safetensors")},
        "inputs": [
            {"name": i.name, "axes": ["batch", *i.axes], "shape": ["batch", *i.shape],
             "unit": i.unit} for i in network.inputs
        ],
        "output": network.output,
        **network.metadata,
    }  # fmt: skip
    if participant is not None:
        said["participant"] = participant
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in said.items()}


def _write(network: OnnxNetwork, metadata: dict[str, str], path: Path) -> None:
    import torch

    names, rng = [given.name for given in network.inputs], np.random.default_rng(0)
    with _quiet():
        program = torch.onnx.export(
            network.module,
            tuple(given.draw(2, rng) for given in network.inputs),
            dynamo=True,
            input_names=names,
            output_names=[network.output],
            dynamic_shapes=_dynamic(network.module, len(names)),
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props.update(metadata)
    program.save(str(path), external_data=False)


def _dynamic(module: Any, n_inputs: int) -> tuple[Any, ...]:
    """Return which axes vary, in the form of the module's arguments: ``*inputs`` are one."""
    import torch

    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} for _ in range(n_inputs))
    arguments = inspect.signature(module.forward).parameters.values()
    return (shapes,) if any(a.kind is a.VAR_POSITIONAL for a in arguments) else shapes


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the exporter says of itself: its own deprecations, absent torchvision."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", "# The axis name")  # all inputs share the batch
            yield
    finally:
        log.setLevel(level)


def _difference(network: OnnxNetwork, path: Path) -> float:
    """Return the largest difference between file and module, in units of the largest output."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    if any(isinstance(given.shape[0], int) for given in session.get_inputs()):
        raise ConfigFault(
            "the graph of this network holds for one batch size only",
            fix="in its forward, take x.shape[0] in place of len(x), and no .item() or .tolist()",
        )
    found, rng = [0.0], np.random.default_rng(1)
    for n in BATCH_SIZES:
        drawn = [given.draw(n, rng) for given in network.inputs]
        with torch.no_grad():
            expected = network.module(*drawn).numpy()
        fed = {given.name: x.numpy() for given, x in zip(network.inputs, drawn, strict=True)}
        (outputs,) = session.run(None, fed)
        if outputs.shape != expected.shape:
            return float("inf")
        found.append(float(np.abs(outputs - expected).max() / max(np.abs(expected).max(), 1e-30)))
    return float(np.max(found))  # NaN stays NaN, and is refused
