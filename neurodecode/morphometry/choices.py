"""Names of classifiers, rankings, baselines and harmonisations; naming them loads no library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

HARMONISATIONS = ("raw", "residual", "z-score", "combat")
"""What is done to the measures before they are ranked, learned in each training part."""

CLASSIFIER_NAMES = (
    "gaussian nb", "kernel nb", "lda", "qda", "logistic", "linear svm", "quadratic svm",
    "cubic svm", "fine gaussian svm", "medium gaussian svm", "coarse gaussian svm", "fine knn",
    "medium knn", "coarse knn", "cosine knn", "cubic knn", "weighted knn", "fine tree",
    "medium tree", "coarse tree", "boosted trees", "bagged trees", "subspace discriminant",
    "subspace knn", "rusboost", "narrow net", "medium net", "wide net", "bilayer net",
    "trilayer net", "all control",
)  # fmt: skip
"""Names of :data:`neurodecode.morphometry.classifiers.CLASSIFIERS`."""

RANKING_NAMES = ("relieff", "mrmr", "anova", "kruskal-wallis", "chi-square")
"""Names of :data:`neurodecode.morphometry.rankings.RANKINGS`."""

BASELINE_NAMES = ("age-sex-eTIV", "hippocampus", "all control")
"""Names of :data:`neurodecode.morphometry.baselines.BASELINES`."""


def require_known(kind: str, names: Iterable[str], valid: Iterable[str]) -> None:
    """Raise ConfigFault, with the nearest name, for the first unknown or repeated one."""
    known, seen = tuple(valid), set()
    for name in names:
        if name not in known:
            raise ConfigFault(unknown(kind, name, known))
        if name in seen:
            raise ConfigFault(f"{kind} '{name}' stands twice")
        seen.add(name)
