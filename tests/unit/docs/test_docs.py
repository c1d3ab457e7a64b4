"""What the documentation shows is true: its blocks run, its commands and settings exist."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
import yaml

from neurodecode.cli import app
from neurodecode.config import parse_yaml, validate
from neurodecode.datasets.catalog import Card, find_card
from neurodecode.faults import ConfigFault
from neurodecode.workflow.fingerprint import RULES, fingerprints
from neurodecode.workflow.project import Project, find_project

REPOSITORY = Path(__file__).parents[3]
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", flags=re.M | re.S)
SHELLS = ("bash", "console", "")
PYTHON_OF_A_FILE = {"our_config.py", "pipelines/ours/steps.py"}
"""Blocks that are files of the pipeline of ``extending.md``, which is tested as a whole."""


def blocks(*languages):
    """Return ``page:line``, title and text of all fenced blocks in some languages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            if block[1] in languages:
                line = text.count("\n", 0, block.start()) + 2
                name = f"{page.relative_to(DOCS)}:{line}"
                found.append(pytest.param(line, block[2], block[3], page, id=name))
    return found


def commands():
    """Return every ``neurodecode`` line of the shell blocks."""
    found = {}
    for line, _, text, page in (param.values for param in blocks(*SHELLS)):
        for offset, command in enumerate(text.splitlines()):
            if command.startswith("neurodecode "):
                found.setdefault(command, f"{page.relative_to(DOCS)}:{line + offset}")
    return [pytest.param(command, id=place) for command, place in found.items()]


def check_command(line):
    """Parse a command as the program does, and resolve the names in it; run nothing."""
    ours, _, _ = line.partition(" -- ")
    command, names, words = typer.main.get_command(app), [], shlex.split(ours)[1:]
    while hasattr(command, "resolve_command"):  # a group
        context = command.make_context("neurodecode", list(words))
        name, command, words = command.resolve_command(context, words)
        names.append(name)
    _resolve(" ".join(names), command.make_context(name, words).params)
    for folder in re.findall(r"reports/(\w+)/\w+", line):
        find_project().pipeline(folder)


def _resolve(command, given):
    """Look up what a parsed command names: pipeline, experiment, settings, rules, data set."""
    if command == "run":
        find_project().pipeline(given["pipeline"]).load(
            given["experiment"] or ("own_study" if given["bids"] else "demo"),
            given["overrides"] or (),
        )
        for rule in [*(given["force"] or ()), given["until"] or "fetch"]:
            assert rule in RULES
    elif command == "schema":
        find_project().pipeline(given["pipeline"])
    elif command.startswith("data ") and given.get("name"):
        find_card(given["name"], [find_project().catalog])


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch):
    monkeypatch.chdir(REPOSITORY)


@pytest.mark.parametrize(
    ("line", "title", "text", "page"),
    [param for param in blocks("python") if param.values[1] not in PYTHON_OF_A_FILE],
)
def test_a_python_block_runs(line, title, text, page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile("\n" * (line - 1) + text, str(page), "exec"), {"__name__": "documentation"})


@pytest.mark.parametrize("line", commands())
def test_a_command_names_what_exists(line):
    check_command(line)


@pytest.mark.parametrize(
    "line",
    [
        "neurodecode run acn",
        "neurodecode run acm no_such_experiment",
        "neurodecode run acm demo --set model.ordre=3",
        "neurodecode run acm demo --set model.order=-3",
        "neurodecode data info NoSuchDataSet",
        "neurodecode report reports/acn/demo",
    ],
)
def test_a_wrong_command_would_be_found(line):
    with pytest.raises(ConfigFault):
        check_command(line)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("neurodecode runn acm", "No such command 'runn'"),
        ("neurodecode run acm --sett a=b", "No such option: --sett"),
        ("neurodecode predict folder", "Missing parameter: recording"),
    ],
)
def test_a_wrong_option_would_be_found(line, said):
    with pytest.raises(Exception, match=said):
        check_command(line)


def test_commands_in_running_text_are_commands():
    group = typer.main.get_command(app)
    known = {*group.commands, *(f"data {name}" for name in group.commands["data"].commands)}
    for page in PAGES:
        prose = FENCE.sub("", page.read_text(encoding="utf-8"))
        for name in re.findall(r"`neurodecode ((?:data )?\w+)", prose):
            assert name in known, page.name


def test_a_wrong_python_block_would_be_found():
    with pytest.raises(ZeroDivisionError):
        exec(compile("1 / 0", "page", "exec"), {})


@pytest.mark.parametrize(("line", "title", "text", "page"), blocks("yaml"))
def test_a_yaml_block_is_a_valid_file(line, title, text, page):
    tree = parse_yaml(text)
    folder, name = Path(title).parts[0], Path(title).parts[1]
    if folder == "data":
        assert validate(Card, tree).name == Path(title).stem
    elif folder == "configs" and name in find_project().pipelines:
        validate(find_project().pipeline(name).config_model, tree)
    else:
        assert Path(title).parts[1] == "ours"  # tested as a whole below


def test_the_pipeline_of_the_page_loads_and_has_all_steps(tmp_path, monkeypatch):
    texts = {}
    for param in blocks("python", "yaml", "text"):
        _, title, text, page = param.values
        if title and page.name == "extending.md":
            texts[title] = text
    for title, text in texts.items():
        (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / title).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    pipeline = Project(tmp_path).pipeline("ours")
    assert pipeline.card["title"]
    config = pipeline.load("demo")
    steps = pipeline.folder / "steps.py"
    assert set(fingerprints(steps, config)) == set(RULES)
    defined = {node.name for node in ast.parse(steps.read_text()).body}
    assert defined == set(RULES)
    rules = (pipeline.folder / "Snakefile").read_text().partition("include:")[2]
    assert rules.strip() in (REPOSITORY / "pipelines" / "acm" / "Snakefile").read_text()
    sys.modules.pop("our_config", None)


def test_every_pipeline_has_a_page_with_its_generated_tables():
    for name in find_project().pipelines:
        page = "benchmarks.md" if name == "bench" else f"decoders/{name}.md"
        text = (DOCS / page).read_text()
        assert f"<!-- experiments: {name} -->" in text
        assert f"<!-- options: {name} -->" in text


@pytest.mark.parametrize("name", sorted(find_project().pipelines))
def test_the_table_of_options_has_every_key_of_every_experiment(hook, name):
    pipeline = find_project().pipeline(name)
    known = {setting.key for setting in hook.settings(pipeline.config_model)}
    for experiment in pipeline.experiments:
        tree = pipeline.load(experiment).model_dump(mode="json")
        absent = [key for key in _keys(tree) if not _is_known(key, known)]
        assert not absent


@pytest.mark.parametrize("name", sorted(find_project().pipelines))
def test_every_setting_says_what_it_means(hook, name):
    silent = [s.key for s in hook.settings(find_project().pipeline(name).config_model)
              if len(s.description.split()) < 2]  # fmt: skip
    assert silent == []


def _keys(tree, prefix=""):
    """Yield the dotted keys of a tree."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _is_known(key, known):
    """Return whether a key, or the mapping that it is an entry of, is in the table."""
    plain = {re.sub(r"\(\w+\)|\[\]", "", name) for name in known}
    parts = key.split(".")
    return any(".".join(parts[:stop]) in plain for stop in range(len(parts), 0, -1))


def test_the_table_gives_defaults_as_the_experiment_would_have_them(hook):
    model = find_project().pipeline("acm").config_model
    found = {setting.key: setting for setting in hook.settings(model)}
    assert found["model.order"].default == "4"
    assert found["signals.bands"].default == "[[8.0, 35.0]]"
    assert found["data.dataset"].default == "required"
    assert found["model.kernel"].type == "`linear` | `rbf`"
    assert found["seed"].type == "whole number, at least 0"


def test_a_section_shows_the_defaults_that_its_parent_gives(hook):
    model = find_project().pipeline("emotion").config_model
    found = {setting.key: setting.default for setting in hook.settings(model)}
    own = model.model_fields["calibration"].default.batch_size
    assert found["calibration.batch_size"] == str(own)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_generated_parts_can_be_made(hook, page):
    text = hook.on_page_markdown(page.read_text(encoding="utf-8"))
    assert "<!-- " not in text


def test_an_unknown_pipeline_in_a_marker_stops_the_build(hook):
    with pytest.raises(ConfigFault, match="did you mean 'acm'"):
        hook.on_page_markdown("<!-- options: acn -->")
    with pytest.raises(KeyError):
        hook.on_page_markdown("<!-- optoins: acm -->")


@pytest.mark.parametrize("page", sorted((DOCS / "decoders").glob("*.md")), ids=lambda p: p.stem)
def test_settings_in_running_text_are_settings_of_the_pipeline(hook, page):
    known = {s.key for s in hook.settings(find_project().pipeline(page.stem).config_model)}
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    named = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)(?:=[^`]*)?`", prose)
    absent = [key for key in named if not key.startswith("neurodecode.") and key not in known
              and not any(name.startswith(f"{key}.") for name in known)]  # fmt: skip
    assert not absent


def test_names_in_running_text_can_be_imported():
    for page in PAGES:
        prose = FENCE.sub("", page.read_text(encoding="utf-8"))
        for name in re.findall(r"`(neurodecode(?:\.\w+)+)`", prose):
            _import(name)


def _import(dotted):
    """Import a module, or get a name from the module that holds it."""
    module, _, name = dotted.rpartition(".")
    if importlib.util.find_spec(module) and not hasattr(importlib.import_module(module), name):
        importlib.import_module(dotted)


def test_the_navigation_of_the_site_names_every_page():
    text = (REPOSITORY / "mkdocs.yml").read_text()
    listed = re.findall(r"[\w/-]+\.md", text)
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in PAGES)
    theme = yaml.safe_load(text)["theme"]
    assert theme["font"] is False  # no font is fetched


def test_formulas_and_roles_of_docstrings_become_code():
    pytest.importorskip("griffe")
    spec = importlib.util.spec_from_file_location("docs_roles", REPOSITORY / "tools/docs_roles.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = "See :func:`~a.b`.\n\n.. math::\n\n    x = 1 \\\\\n    y = 2\n\nAfter."
    assert module.to_markdown(text) == ("See `a.b`.\n\n```latex\nx = 1 \\\\\ny = 2\n```\n\nAfter.")
    assert module.to_markdown(".. math:: p\n\nAfter.") == "```latex\np\n```\n\nAfter."
