"""The design matrix of a normative model: polynomials of covariates, products and sites."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CovariateBasis:
    r"""Columns of :math:`f(x)`, centred and scaled on the people it was learned from.

    With :math:`u_j = (x_j - \bar x_j) / s_j` the columns are 1, the powers
    :math:`u_j, \ldots, u_j^d` (covariates with two values, as sex, enter once), the products
    :math:`u_i u_j` of the pairs, and per site :math:`1[\text{site}] - \text{share}`, so that the
    zero of all site columns is the average site.

    Attributes
    ----------
    mean, scale : ndarray, shape (n_covariates,)
    powers : tuple of int
        Highest power of each covariate.
    pairs : tuple of (int, int)
        Positions of the covariates that are multiplied.
    sites : tuple of str
    shares : ndarray, shape (n_sites,)
    """

    mean: Floats
    scale: Floats
    powers: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    sites: tuple[str, ...]
    shares: Floats

    @classmethod
    def learn(
        cls,
        covariates: Floats,
        degree: int,
        pairs: tuple[tuple[int, int], ...],
        sites: NDArray[np.str_] | None,
    ) -> CovariateBasis:
        """Take means, scales and sites from covariates (n_subjects, n_covariates)."""
        spread = covariates.std(axis=0)
        powers = tuple(1 if np.unique(x).size <= 2 else degree for x in covariates.T)
        names, counts = np.unique(np.empty(0, str) if sites is None else sites, return_counts=True)
        return cls(
            mean=covariates.mean(axis=0),
            scale=np.where(spread > 0, spread, 1.0),
            powers=powers,
            pairs=pairs,
            sites=tuple(map(str, names)),
            shares=counts / max(counts.sum(), 1),
        )

    def design(self, covariates: Floats, sites: NDArray[np.str_] | None) -> Floats:
        """Return the design matrix, shape (n_subjects, n_columns); unknown sites are average."""
        u = self.standardised(covariates)
        powers = chain.from_iterable(
            [u[:, j] ** power for power in range(1, highest + 1)]
            for j, highest in enumerate(self.powers)
        )
        products = [u[:, i] * u[:, j] for i, j in self.pairs]
        columns = [np.ones(len(u)), *powers, *products]
        if sites is not None:
            known = np.isin(sites, self.sites)
            dummies = np.equal.outer(sites, np.array(self.sites)) - self.shares
            columns += list((dummies * known[:, None]).T)
        return np.stack(columns, axis=1)

    def standardised(self, covariates: Floats) -> Floats:
        """Return covariates in SD from the mean of the people learned from."""
        return (covariates - self.mean) / self.scale
