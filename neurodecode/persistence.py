"""What training leaves, with its sha256: skops with a trusted list, safetensors, and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from neurodecode.artefacts import atomic_path, read_json, sha256_file, write_json, write_parquet
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import torch

ESTIMATORS = "models.skops"
"""File that :func:`save_estimators` writes."""
AGAIN = "run again with --force train"
Module = TypeVar("Module", bound="torch.nn.Module")


def save_estimators(folder: Path, estimators: Any, info: dict[str, Any]) -> None:
    """Write ``models.skops`` and ``model.json`` (``info`` and the file's sha256).

    Parameters
    ----------
    estimators : object
        An estimator, or nested dicts of estimators.
    """
    import skops.io

    with atomic_path(folder / ESTIMATORS) as path, path.open("wb") as file:
        file.write(skops.io.dumps(estimators))
    write_json(folder / "model.json", {**info, "sha256": sha256_file(folder / ESTIMATORS)})


def load_estimators(folder: Path, *, trusted: Sequence[str]) -> Any:
    """Read what :func:`save_estimators` wrote; only types in ``trusted`` are built.

    Raises
    ------
    DataFault
        If the file differs from its sha256, or holds a type outside scikit-learn and ``trusted``.
    """
    from zipfile import BadZipFile

    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    path = folder / ESTIMATORS
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix=AGAIN)
    if sha256_file(path) != read_json(folder / "model.json")["sha256"]:
        raise DataFault(
            "the saved model is not the one that was written",
            where=str(path),
            fix=AGAIN,
        )
    try:
        return skops.io.load(path, trusted=list(trusted))
    except UntrustedTypesFoundException as error:
        raise DataFault(f"refused to load: {error}", where=str(path)) from error
    except BadZipFile as error:
        raise DataFault("not a skops file, refused to load", where=str(path)) from error


def save_tensors(
    folder: Path, tensors: Mapping[str, torch.Tensor], info: dict[str, Any], *, name: str = "model"
) -> None:
    """Write ``NAME.safetensors``, and ``NAME.json`` with ``info`` and the file's sha256."""
    from safetensors.torch import save_file

    file = folder / f"{name}.safetensors"
    with atomic_path(file) as path:
        save_file({key: value.contiguous() for key, value in tensors.items()}, str(path))
    write_json(folder / f"{name}.json", {**info, "sha256": sha256_file(file)})


def load_tensors(folder: Path, *, name: str = "model") -> dict[str, torch.Tensor]:
    """Read what :func:`save_tensors` wrote.

    Raises
    ------
    DataFault
        If the file is absent, is not the one written, or is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / f"{name}.safetensors"
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix=AGAIN)
    if sha256_file(path) != read_json(folder / f"{name}.json")["sha256"]:
        raise DataFault("the saved weights are not those that were written", where=str(path),
                        fix=AGAIN)  # fmt: skip
    try:
        return load_file(str(path))
    except SafetensorError as error:
        raise DataFault("not a safetensors file, refused to load", where=str(path)) from error


def save_weights(
    folder: Path, module: torch.nn.Module, info: dict[str, Any], *, name: str = "model"
) -> None:
    """Write a module's parameters and buffers with :func:`save_tensors`."""
    save_tensors(folder, module.state_dict(), info, name=name)


def load_weights(folder: Path, module: Module, *, name: str = "model") -> Module:
    """Return a module with what :func:`save_weights` wrote of one of the same shape.

    Raises
    ------
    DataFault
        As :func:`load_tensors`; also if the weights do not fit the module.
    """
    state = load_tensors(folder, name=name)
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise DataFault(
            f"weights do not fit the model: {' '.join(str(error).split())[:300]}",
            where=str(folder),
        ) from error
    return module


def save_tables(folder: Path, tables: Mapping[str, pd.DataFrame], info: dict[str, Any]) -> None:
    """Write tables by file name as Parquet, and ``model.json`` (``info`` and their sha256)."""
    for name, table in tables.items():
        write_parquet(folder / name, table)
    sums = {name: sha256_file(folder / name) for name in tables}
    write_json(folder / "model.json", {**info, "sha256": sums})


def load_table(folder: Path, name: str) -> pd.DataFrame:
    """Read one of the tables that :func:`save_tables` wrote.

    Raises
    ------
    DataFault
        If the file is absent, is not the one written, or is no table.
    """
    import pandas as pd
    from pyarrow import ArrowException

    path = folder / name
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix=AGAIN)
    if sha256_file(path) != read_json(folder / "model.json").get("sha256", {}).get(name):
        raise DataFault("the saved table is not the one that was written", where=str(path),
                        fix=AGAIN)  # fmt: skip
    try:
        return pd.read_parquet(path)
    except (ArrowException, OSError, ValueError) as error:
        raise DataFault("not a Parquet file, refused to load", where=str(path)) from error


def refuse_mismatch(
    expected: Mapping[str, Sequence[int]], found: Mapping[str, torch.Tensor], *, where: str
) -> None:
    """Compare names and shapes of weights with those of a model.

    Parameters
    ----------
    expected : mapping of str to shape
    found : mapping of str to Tensor
    where : str
        File or source of the weights.

    Raises
    ------
    DataFault
        One line with every name that is missing, unexpected or of a wrong shape.
    """
    missing = sorted(expected.keys() - found.keys())
    extra = sorted(found.keys() - expected.keys())
    problems = [f"missing: {', '.join(missing)}"] if missing else []
    if extra:
        guesses = {name: nearest(name, missing) for name in extra}
        worded = [f"{a} (for {b}?)" if b else a for a, b in guesses.items()]
        problems.append(f"unexpected: {', '.join(worded)}")
    shapes = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(shape)}"
        for name, shape in expected.items()
        if name in found and tuple(found[name].shape) != tuple(shape)
    ]
    if shapes:
        problems.append(f"wrong shape: {', '.join(shapes)}")
    if problems:
        raise DataFault("; ".join(problems), where=where)
