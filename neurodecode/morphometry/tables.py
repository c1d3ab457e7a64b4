"""Tables of measures and cohorts, which the room of data sets reads and builds."""

from neurodecode.datasets.morphometry.cohort import Cohort, build_cohort
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer

__all__ = ["Cohort", "build_cohort", "read_freesurfer"]
