"""The modules that make parts of the documentation."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[3] / "tools"


def load(name):
    """Import a file of ``tools``; its own imports find its neighbours."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def hook():
    """Return the module that makes the generated parts."""
    yield load("docs_hook")
    del sys.modules["docs_hook"]


@pytest.fixture(scope="module")
def results():
    """Return the module that writes what holds in a report into a page."""
    load("docs_hook")
    yield load("results")
    del sys.modules["results"], sys.modules["docs_hook"]
