"""A hash of the code and settings that one rule's results depend on.

Snakemake stores it with each output (``params:``), so that an edited module or setting reruns
exactly the rules that use it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neurodecode.artefacts import sha256_file, sha256_text
from neurodecode.config import Experiment

RULES = ("fetch", "prepare", "train", "evaluate", "report")


def fingerprints(steps: Path, config: Experiment) -> dict[str, str]:
    """Return one hash per rule, over its step's code and the settings it declares to use.

    Parameters
    ----------
    steps : Path
        The pipeline's ``steps.py``: one function per rule, which imports what it needs.
    config : Experiment
        ``config.used_by[rule]`` names the sections (dotted keys) each rule reads;
        ``config.modules(rule)`` the modules it runs beside those that its step imports.
    """
    import grimp

    graph = grimp.build_graph("neurodecode", cache_dir=None, exclude_type_checking_imports=True)
    tree = ast.parse(steps.read_text(encoding="utf-8"))
    settings = config.model_dump(mode="json")
    return {
        rule: sha256_text(
            "\n".join(
                [
                    *_code_hashes(graph, _nodes_of(tree, rule), config.modules(rule)),
                    *(f"{key}={_pick(settings, key)!r}" for key in config.used_by[rule]),
                ]
            )
        )[:16]
        for rule in RULES
    }


def modules_of(steps: Path, rule: str) -> list[str]:
    """Return the ``neurodecode`` modules that one rule's step uses, directly or not."""
    import grimp

    graph = grimp.build_graph("neurodecode", cache_dir=None, exclude_type_checking_imports=True)
    return _closure(graph, _nodes_of(ast.parse(steps.read_text(encoding="utf-8")), rule))


def _nodes_of(tree: ast.Module, rule: str) -> list[ast.stmt]:
    """The step's own function, what it calls of its file, and what is outside of functions."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    outside = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    kept, reached = {rule}, [*outside, functions[rule]]
    while reached:
        names = {inner.id for inner in ast.walk(reached.pop()) if isinstance(inner, ast.Name)}
        called = (names & functions.keys()) - kept - set(RULES)
        kept |= called
        reached += [functions[name] for name in called]
    return [node for node in tree.body if node in outside or getattr(node, "name", "") in kept]


def _code_hashes(graph: Any, nodes: list[ast.stmt], more: tuple[str, ...]) -> list[str]:
    package = Path(__file__).parents[1]
    own = sha256_text("\n".join(ast.unparse(node) for node in nodes))
    return [own, *(f"{name} {_file_hash(package, name)}" for name in _closure(graph, nodes, more))]


def _closure(graph: Any, nodes: list[ast.stmt], more: Iterable[str] = ()) -> list[str]:
    found: set[str] = set()
    for name in _imported(nodes) | set(more):
        module = _known(graph, name)
        if module is not None:
            found |= {module} | graph.find_upstream_modules(module)
    return sorted(found)


def _imported(nodes: list[ast.stmt]) -> set[str]:
    """Dotted names of all ``neurodecode`` imports in these statements, at any depth."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom) and inner.module:
                names |= {f"{inner.module}.{alias.name}" for alias in inner.names}
            elif isinstance(inner, ast.Import):
                names |= {alias.name for alias in inner.names}
    return {name for name in names if name.startswith("neurodecode.")}


def _known(graph: Any, name: str) -> str | None:
    """Return the module that ``name`` is, or is defined in."""
    while name and name not in graph.modules:
        name = name.rpartition(".")[0]
    return name or None


def _file_hash(package: Path, name: str) -> str:
    path = package.joinpath(*name.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return sha256_file(file)


def _pick(settings: dict[str, Any], dotted: str) -> Any:
    value: Any = settings
    for key in dotted.split("."):
        value = value[key]
    return value
