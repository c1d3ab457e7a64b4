r"""The best accuracy that anybody could reach on the simulated resting-state study.

The observer sees what the images only show with noise: which regions of a person are tight, the
person's mean displacement, and the phenotypes; and knows the model. Given the group, the number
:math:`K` of tight regions is binomial, sex is Bernoulli, and log displacement and IQ are normal
with equal variance in both groups, all independent. With weights :math:`w_1, w_0` of the groups
(their shares, at the person's site if that is known) and a state :math:`s` of the discrete
variables, the log odds are :math:`\ell_s + G`, with
:math:`\ell_s = \log\big(w_1 p_1(s) / w_0 p_0(s)\big)` and G normal of mean :math:`\pm D^2/2` and
variance :math:`D^2`, the squared distance of the normal variables that are known. So the Bayes rule
is right with probability

.. math:: \sum_s w_1 p_1(s)\, \Phi\Big(\frac{\ell_s + D^2/2}{D}\Big)
    + w_0 p_0(s)\, \Phi\Big(\frac{D^2/2 - \ell_s}{D}\Big),

which is exact, no simulation. No decoder of the images does better on average; the accuracy on a
given sample varies about it.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import binom

from neurodecode.artefacts import read_json
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.resting import MODEL, PEOPLE
from neurodecode.datasets.simulate.resting_people import male_probability
from neurodecode.datasets.simulate.resting_settings import RestingSettings
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Knowledge = Literal["regions", "site", "motion", "phenotype"]
KNOWLEDGE: tuple[Knowledge, ...] = ("regions", "site", "motion", "phenotype")
_TINY = np.finfo(float).tiny


def optimal_accuracy(
    folder: Path, *, knows: Sequence[Knowledge] = KNOWLEDGE, balanced: bool = False
) -> float:
    """Return the expected accuracy of the best observer.

    Parameters
    ----------
    folder : Path
        Data set that :func:`~neurodecode.datasets.simulate.resting.simulate_resting` wrote.
    knows : sequence of {"regions", "site", "motion", "phenotype"}, default: all
        "regions": which regions are tight, the effect itself; "site": the share of cases at the
        person's site; "motion": the mean displacement; "phenotype": sex and IQ, where not missing.
        An empty one leaves the shares of the groups.
    balanced : bool, default=False
        Balanced accuracy, the mean of sensitivity and specificity, of the rule that is best for it.

    Raises
    ------
    ConfigFault
        If a kind of knowledge is unknown, with the nearest one.
    """
    for kind in knows:
        if kind not in KNOWLEDGE:
            raise ConfigFault(unknown("knowledge", kind, KNOWLEDGE))
    settings = RestingSettings(**read_json(folder / TRUTH / MODEL))
    people = pd.read_csv(folder / TRUTH / PEOPLE, sep="\t", usecols=["site", "group"])
    site = people["site"] if "site" in knows else people["site"] * 0
    counts = pd.crosstab(site, people["group"]).to_numpy(float)
    weights = counts / (2 * counts.sum(axis=0) if balanced else counts.sum())
    states = list(_states(settings, knows))
    return float(sum(_right(w1, w0, *state) for w0, w1 in weights for state in states))


def _states(settings: RestingSettings, knows: Sequence[Knowledge]) -> Any:
    """Yield p1 and p0 of the numbers of tight regions, and D squared, for each other state."""
    k = np.arange(settings.n_regions + 1)
    tight = [binom.pmf(k, settings.n_regions, p) for p in settings.tight]
    p0, p1 = tight if "regions" in knows else (np.ones(1), np.ones(1))
    distance = settings.motion_confound**2 if "motion" in knows else 0.0
    if "phenotype" not in knows:
        yield p1, p0, distance
        return
    male0, male1 = male_probability(settings)
    sexes = ((male1, male0), (1 - male1, 1 - male0))
    known = ((settings.missing_iq, 0.0), (1 - settings.missing_iq, settings.phenotype_effect**2))
    for (sex1, sex0), (share, more) in itertools.product(sexes, known):
        yield share * sex1 * p1, share * sex0 * p0, distance + more


def _right(
    w1: float, w0: float, p1: NDArray[Any], p0: NDArray[Any], distance_squared: float
) -> float:
    """Return the probability of a state and a right answer."""
    case, control = w1 * p1, w0 * p0
    if distance_squared == 0:
        return float(np.maximum(case, control).sum())
    log_odds = np.log(np.maximum(case, _TINY)) - np.log(np.maximum(control, _TINY))
    distance, half = np.sqrt(distance_squared), distance_squared / 2
    right = case * ndtr((log_odds + half) / distance) + control * ndtr((half - log_odds) / distance)
    return float(right.sum())
