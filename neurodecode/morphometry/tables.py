"""Tables of measures and cohorts, as :mod:`neurodecode.datasets.morphometry` reads and builds them."""

from neurodecode.datasets.morphometry.cohort import Cohort, build_cohort
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer

__all__ = ["Cohort", "build_cohort", "read_freesurfer"]
