"""Scores of a search on disk, one file per (order, lag), never reused for other data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import read_json, sha256_text, write_json
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import AugmentedCovariances

SOURCES = (
    "augmented",
    "block_averages",
    "candidates",
    "descent",
    "grid",
    "hessian",
    "lag_scores",
    "matrix_log",
    "outer_reference",
    "quasi_newton",
    "search",
    "shrinkage",
)
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pyriemann")


@dataclass(frozen=True)
class PointScores:
    """Scores of one (order, lag).

    Attributes
    ----------
    order, lag : int
    scores : list of list of float
        One row per classifier setting, one column per inner split; NaN where missing.
    reason : str
        Why the scores are missing; empty when they are not.
    """

    order: int
    lag: int
    scores: list[list[float]]
    reason: str = ""


def search_key(X: NDArray[Any], plan: Any, features: AugmentedCovariances) -> str:
    """Hash of everything a score depends on besides the order and the lag.

    The trials, the labels and the inner splits by their bytes, the settings by their values, the
    code by its source, the libraries by their versions.
    """
    parts = [_bytes_hash(X), _bytes_hash(plan.y), features.estimator, features.structure]
    parts += [_bytes_hash(rows) for split in plan.splits for rows in split]
    names = ("C", "kernels", "classifier", "scoring", "mode", "reference", "tol", "backend")
    parts.append(json.dumps({name: getattr(plan, name) for name in names}, sort_keys=True))
    folder = Path(__file__).parent
    parts += [sha256_text((folder / f"{name}.py").read_text("utf-8")) for name in SOURCES]
    parts += [f"{name} {version(name)}" for name in LIBRARIES]
    return sha256_text("\n".join(parts))


def _bytes_hash(array: NDArray[Any]) -> str:
    array = np.ascontiguousarray(array)
    head = f"{array.dtype.str} {array.shape} "
    if array.dtype == object:
        return sha256_text(head + json.dumps([str(entry) for entry in array.ravel()]))
    return hashlib.sha256(head.encode() + array.tobytes()).hexdigest()


class SearchStore:
    """The folder of one search.

    Parameters
    ----------
    folder : path
        Shared by many searches; each has a subfolder named by its key.
    key : str
    """

    def __init__(self, folder: Path | str, key: str) -> None:
        self.folder, self.key = Path(folder) / key[:32], key

    def write(self, point: PointScores) -> None:
        """Save the scores of one point, atomically."""
        write_json(self._path(point.order, point.lag), {"key": self.key, **asdict(point)})

    def read(self, order: int, lag: int) -> PointScores | None:
        """Return saved scores, or None when they are absent or not whole."""
        path = self._path(order, lag)
        if not path.is_file():
            return None
        try:
            content = read_json(path)
            if content.pop("key") != self.key:
                return None
            rows = [[np.nan if v is None else float(v) for v in row] for row in content["scores"]]
            return PointScores(int(order), int(lag), rows, str(content["reason"]))
        except (DataFault, KeyError, TypeError, AttributeError):
            return None  # a damaged file costs its computation, no more

    def _path(self, order: int, lag: int) -> Path:
        return self.folder / f"order-{order:02d}_lag-{lag:03d}.json"
