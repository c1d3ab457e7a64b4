"""What pyproject offers to install, what the faults name, and what the constraints pin agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from neurodecode.faults import EXTRA_OF

ROOT = Path(__file__).parents[3]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
PACKAGE = {"imblearn": "imbalanced-learn", "skimage": "scikit-image"}
"""Names of packages that are not those of their modules."""


def plain(name):
    """Return a name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(extra):
    """Return the requirements of an extra by name, those of the extras it includes as well."""
    found = {}
    for line in EXTRAS[extra]:
        requirement = Requirement(line)
        if requirement.name == "neurodecode":
            for other in requirement.extras:
                found |= packages(other)
        else:
            found[plain(requirement.name)] = requirement
    return found


def test_the_extra_that_a_fault_names_brings_the_package():
    for module, extra in EXTRA_OF.items():
        assert plain(PACKAGE.get(module, module)) in packages(extra), module


def test_constraints_pin_a_version_of_each_tested_package_that_pyproject_allows():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()[1:]
    versions = {plain(name): version for name, version in (line.split("==") for line in lines)}
    for extra in ("combat", "test"):
        for name, requirement in packages(extra).items():
            assert requirement.specifier.contains(versions[name]), name
