"""Trees from a file must be trees: the library follows their links without a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.decoder_folder import AGAIN
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_trees(classifier: Any) -> None:
    """Raise DataFault if a tree of a classifier points outside its nodes or features.

    Parameters
    ----------
    classifier : estimator
        Any; its own tree and those of its ``estimators_`` are looked at.
    """
    for tree, n_features in _trees(classifier):
        left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
        inner = left != -1
        places = np.flatnonzero(inner)
        # children come after their parent, so that every way down ends
        below = all(
            bool(np.all((links[inner] > places) & (links[inner] < tree.node_count)))
            for links in (left, right)
        )
        features = np.asarray(tree.feature)[inner]
        if not below or np.any((features < 0) | (features >= n_features)):
            raise DataFault("a saved tree points outside itself, refused to use it", fix=AGAIN)


def _trees(estimator: Any) -> Iterator[tuple[Any, int]]:
    if hasattr(estimator, "tree_"):
        yield estimator.tree_, int(estimator.n_features_in_)
    for part in getattr(estimator, "estimators_", ()):
        yield from _trees(part)
