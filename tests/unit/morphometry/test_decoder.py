"""A decoder of brain measures answers as the run's evaluation does, and says what does not fit."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd
import pytest

import neurodecode
from neurodecode.config import validate
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.morphometry.classifiers import CLASSIFIERS
from neurodecode.morphometry.config import MCIConfig
from neurodecode.morphometry.decoder import KNOWN_SCAN
from neurodecode.morphometry.measure_model import TRUSTED
from neurodecode.morphometry.study import Study
from neurodecode.morphometry.training import train_unit
from neurodecode.morphometry.units import units_of

N, SITES = 96, ("a", "b")
SEARCH = {"replicates": 2, "outer_folds": 3, "inner_folds": 2, "candidates": 2,
          "rankings": ["anova"], "preset_features": 3, "n_features": [2, 4],
          "degree": 1}  # fmt: skip


def people(n=N, seed=0):
    """Return plausible measures; the hippocampus of converters is smaller."""
    rng = np.random.default_rng(seed)
    group = np.tile([0, 0, 1], n // 3)
    return pd.DataFrame({
        "group": group, "age": rng.uniform(60, 85, n), "sex": rng.integers(0, 2, n),
        "etiv": rng.normal(1.5e6, 1e5, n), "site": np.tile(SITES, n // 2),
        "left_hippocampus_volume": rng.normal(3800, 300, n) - 300 * group,
        "right_hippocampus_volume": rng.normal(3900, 300, n) - 300 * group,
        "lh_entorhinal_thickness": rng.normal(3.3, 0.2, n) - 0.2 * group,
        "rh_entorhinal_thickness": rng.normal(3.3, 0.2, n),
        "left_amygdala_volume": rng.normal(1500, 100, n),
        "brain_stem_volume": rng.normal(21000, 900, n),
    }, index=pd.Index([f"p{k:02d}" for k in range(n)], name="subject"))  # fmt: skip


def train(folder, table, **changed):
    """Train the units of an experiment on a table; return its study and the first one's folder."""
    from neurodecode.artefacts import write_json, write_parquet
    from neurodecode.datasets.morphometry.names import measure_columns

    config = validate(MCIConfig, {
        "description": "", "data": {"dataset": "local"}, "search": SEARCH, "baselines": [],
        "forms": ["balanced"], "harmonisations": ["z-score"], "classifiers": ["gaussian nb"],
        "null_test": {"draws": 0}, **changed,
    })  # fmt: skip
    write_parquet(folder / "cohort.parquet", table.reset_index())
    write_json(folder / "store.json", {"measures": measure_columns(table)})
    study, units = Study(config, folder), units_of(config)
    for unit in units:
        train_unit(study, unit, folder / unit.name)
    return study, folder / units[0].name


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("mci"), people())


@pytest.fixture(scope="module")
def place(run):
    return run[1] / "decoders" / "balanced.replicate-0-fold-1"


@pytest.fixture(scope="module")
def decoder(place):
    return neurodecode.load_decoder(place)


def answers_of(folder, fold=1, replicate=0):
    found = pd.read_parquet(folder / "predictions.parquet")
    return found[(found["replicate"] == replicate) & (found["fold"] == fold)]


def test_every_fold_of_the_first_replicate_leaves_the_run(run):
    names = sorted(path.name for path in (run[1] / "decoders").iterdir())
    assert names == [f"balanced.replicate-0-fold-{k}" for k in range(3)]


@pytest.mark.parametrize(
    ("classifier", "harmonisation", "changed"),
    [
        ("gaussian nb", "z-score", {"spread": "age", "site_term": True}),
        ("linear svm", "residual", {"threshold": "prevalence"}),
        ("rusboost", "raw", {}),
        ("kernel nb", "combat", {}),
        ("weighted knn", "z-score", {}),
    ],
)
def test_people_left_out_get_the_numbers_of_the_evaluation_to_the_last_bit(
    tmp_path, classifier, harmonisation, changed
):
    search = {**SEARCH, "replicates": 1, "outer_folds": 2, **changed}
    _, folder = train(tmp_path, people(), classifiers=[classifier],
                      harmonisations=[harmonisation], search=search)  # fmt: skip
    decoder = neurodecode.load_decoder(folder / "decoders" / "balanced.replicate-0-fold-1")
    own = answers_of(folder)
    found = decoder.predict(people().loc[own["subject"]])
    np.testing.assert_array_equal(found["score"], own["score"])
    np.testing.assert_array_equal(found["probability"], own["posterior"])
    np.testing.assert_array_equal(found["prediction"] == "converter", own["y_pred"] == 1)
    assert not found["note"].str.contains(KNOWN_SCAN).any()


def test_measures_that_are_not_read_may_be_missing_and_change_nothing(run, decoder):
    own = answers_of(run[1])
    table = people().loc[own["subject"]]
    bare = table[list(decoder.settings.needed)]
    np.testing.assert_array_equal(decoder.predict(bare)["score"], own["score"])


def test_who_was_in_training_is_recognised_under_any_name(run, decoder):
    study, folder = run
    tested = set(answers_of(folder)["subject"])
    drawn = set(answers_of(folder, 0)["subject"]) | set(answers_of(folder, 2)["subject"])
    found = decoder.predict(people().rename(index=lambda name: f"x{name}"))
    known = found.loc[found["note"].str.contains(KNOWN_SCAN), "person"]
    assert set(known.str.removeprefix("x")) == drawn - tested
    assert len(found) == len(study.cohort)
    assert f"{N - len(drawn)} people of known group" in decoder.summary(found)[1]


def test_the_card_has_data_split_score_with_interval_and_limits(run, place, decoder):
    card = (place / "README.md").read_text()
    own = answers_of(run[1])
    pairs = [
        (s > t) + 0.5 * (s == t)
        for s in own.loc[own["y_true"] == 1, "score"]
        for t in own.loc[own["y_true"] == 0, "score"]
    ]
    score = rf"roc_auc {np.mean(pairs):.3f}, 95 % interval\n[01]\.\d+ to [01]\.\d+"
    assert re.search(score, card)
    assert f"{len(own)} held-out people" in card
    for words in ("local", "balanced", "mm3", "years", "## Limits", "chance 0.500", "z-score"):
        assert words in card
    assert "holds measures or covariates" not in card


def test_a_table_of_one_s_own_is_read_by_its_columns(decoder, tmp_path):
    table = (
        people()
        .drop(columns="group")
        .reset_index()
        .assign(sex=lambda t: t["sex"].map("FM".__getitem__))
    )
    table.rename(columns={"left_hippocampus_volume": "Left-Hippocampus"}).to_csv(
        tmp_path / "people.tsv", sep="\t", index=False
    )
    found = decoder.predict(decoder.read(tmp_path / "people.tsv"))
    np.testing.assert_allclose(found["score"], decoder.predict(people())["score"])
    assert (found["true"] == "").all()
    n_called = (found["prediction"] == "converter").sum()
    assert decoder.summary(found) == [f"{N} people decoded, {n_called} called converter"]


def test_age_outside_the_training_s_is_noted(decoder):
    table = people()
    table.loc["p03", "age"] = 95.0
    note = decoder.predict(table).set_index("person").loc["p03", "note"]
    assert "age 95 is outside the training's range" in note


def test_nothing_of_a_person_is_kept(decoder):
    with pytest.raises(ConfigFault, match="keeps nothing of single people"):
        decoder.predict(people(), participant="p01")


def test_an_unknown_site_is_average_to_a_polynomial_and_refused_by_combat(tmp_path):
    search = {**SEARCH, "replicates": 1, "outer_folds": 2, "site_term": True}
    options = {"classifiers": ["lda"], "search": search}
    elsewhere = people().assign(site="moon")
    _, folder = train(tmp_path / "a", people(), **options)
    decoder = neurodecode.load_decoder(folder / "decoders" / "balanced.replicate-0-fold-0")
    assert decoder.predict(elsewhere)["note"].str.contains("site moon did not train").all()
    _, folder = train(tmp_path / "b", people(), harmonisations=["combat"], **options)
    decoder = neurodecode.load_decoder(folder / "decoders" / "balanced.replicate-0-fold-0")
    with pytest.raises(DataFault, match=r"sites that did not train: moon \[ComBat knows a, b\]"):
        decoder.predict(elsewhere)


@pytest.mark.parametrize("name", list(CLASSIFIERS))
def test_every_classifier_survives_the_way_through_a_file(name):
    import skops.io

    from neurodecode.morphometry.estimators import Shape
    from neurodecode.morphometry.fitting import fit_model, score_people
    from neurodecode.morphometry.trees import check_trees

    table = people(24)
    X, y = table.filter(regex="volume$").to_numpy() / 1000, table["group"].to_numpy()
    model = fit_model(name, {}, X, y, random_state=Shape(24, 4, 0).random_state)
    again = skops.io.loads(skops.io.dumps(model), trusted=list(TRUSTED))
    check_trees(again)
    np.testing.assert_array_equal(score_people(again, X)[0], score_people(model, X)[0])


def test_a_tree_that_points_outside_itself_is_refused():
    from neurodecode.morphometry.estimators import Shape, tree
    from neurodecode.morphometry.trees import check_trees

    table = people(24)
    model = tree(Shape(24, 4, 0), max_splits=4, min_leaf=1)
    model.fit(table.filter(regex="volume$"), table["group"])
    state = model.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    model.tree_.__setstate__(state)
    with pytest.raises(DataFault, match="points outside itself"):
        check_trees(model)


def test_a_model_of_other_measures_than_its_settings_is_refused(place, tmp_path):
    from neurodecode.artefacts import read_json, sha256_file, write_json

    folder = shutil.copytree(place, tmp_path / "decoder")
    content = read_json(folder / "model.json")
    content["measures"] = content["measures"][:-1]
    write_json(folder / "model.json", content)
    sealed = read_json(folder / "decoder.json")
    sealed["files"]["model.json"] = sha256_file(folder / "model.json")
    write_json(folder / "decoder.json", sealed)
    with pytest.raises(DataFault, match="do not fit together"):
        neurodecode.load_decoder(folder)
