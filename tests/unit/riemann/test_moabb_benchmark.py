"""The pipeline files for MOABB's benchmark are read, run and cached by MOABB (1.7 when written)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from sklearn.base import clone

FOLDER = Path(__file__).parents[3] / "configs" / "moabb"
FILES = sorted(FOLDER.glob("*.yml"))

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*standard_1005.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Creating a dataset without passing data"),
    # its plots set colours the way matplotlib is about to give up
    pytest.mark.filterwarnings("ignore:The set_.* function:PendingDeprecationWarning"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the shipped files with a grid that takes seconds."""
    folder = tmp_path_factory.mktemp("pipelines")
    for path in FILES:
        text = re.sub(r"(orders|lags): \[.*\]", r"\1: [1, 2]", path.read_text())
        (folder / path.name).write_text(text)
    return folder


@pytest.fixture
def run(tmp_path, capsys):
    """Run MOABB's benchmark on two fake subjects and return its rows."""
    from moabb import benchmark
    from moabb.datasets.fake import FakeDataset

    def run(folder):
        dataset = FakeDataset(
            event_list=("left_hand", "right_hand"), n_sessions=1, n_runs=1, n_subjects=2, seed=0,
            duration=80, n_events=20,
        )  # fmt: skip
        return benchmark(
            pipelines=str(folder), evaluations=["WithinSession"], paradigms=["LeftRightImagery"],
            include_datasets=[dataset], results=str(tmp_path / "results"),
            output=str(tmp_path / "output"), n_jobs=1,
        )  # fmt: skip

    yield run
    capsys.readouterr()


def test_the_benchmark_of_moabb_scores_every_file_on_every_subject(run, small):
    rows = run(small)
    names = {yaml.safe_load(path.read_text())["name"] for path in FILES}
    assert set(rows["pipeline"]) == names
    assert len(names) == len(FILES)
    assert len(rows) == 2 * len(FILES)
    assert rows["score"].between(0, 1).all()
    assert set(rows["paradigm"]) == {"LeftRightImagery"}


def test_an_edited_file_is_scored_anew_and_an_unchanged_one_is_not(run, small, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    text = (small / "acm_ts_svm.yml").read_text()
    (alone / "a.yml").write_text(text)
    first, again = run(alone), run(alone)
    assert first["score"].tolist() == again["score"].tolist()
    assert first["time"].tolist() == again["time"].tolist()
    (alone / "a.yml").write_text(text.replace("{order: 4, lag: 4}", "{order: 2, lag: 9}"))
    edited = run(alone)
    assert edited["score"].tolist() != first["score"].tolist()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_moabb_tells_settings_apart_by_their_values_alone(path):
    from moabb.analysis.results import get_string_rep
    from moabb.pipelines.utils import parse_pipelines_from_directory

    (read,) = parse_pipelines_from_directory(str(path))
    pipeline = read["pipeline"]
    known = get_string_rep(pipeline)
    assert b"0x" not in known
    assert get_string_rep(clone(pipeline)) == known
    step, estimator = pipeline.steps[0]
    for name, value in yaml.safe_load(path.read_text())["pipeline"][0]["parameters"].items():
        assert getattr(estimator, name) == value
        changed = clone(pipeline).set_params(**{f"{step}__{name}": ["another"]})
        assert get_string_rep(changed) != known
