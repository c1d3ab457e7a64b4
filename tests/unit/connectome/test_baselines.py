"""Baselines read their own input only, and refuse no subject for a missing value."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.connectome import BASELINES, make_baseline
from neurodecode.faults import ConfigFault

Y = np.tile([0, 1], 20)


def table():
    rng = np.random.default_rng(0)
    numbers = {n: rng.standard_normal(40) for b in BASELINES.values() for n in b.numbers}
    categories = {c: np.resize(["a", "b"], 40) for b in BASELINES.values() for c in b.categories}
    return pd.DataFrame({**numbers, **categories})


def courses():
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((40, 60, 1)) * (1 + 2 * Y[:, None, None])
    return list(rng.standard_normal((40, 60, 5)) + shared)


@pytest.mark.parametrize("name", [n for n, b in BASELINES.items() if b.reads == "table"])
def test_a_table_baseline_learns_from_its_columns_and_no_other(name):
    known = BASELINES[name].categories + BASELINES[name].numbers
    frame = table().assign(site="x", sex="x", mean_fd=0.0)
    frame[known[0]] = Y if known[0] in BASELINES[name].numbers else np.where(Y, "ill", "well")
    model = make_baseline(name).fit(frame, Y)
    assert model.score(frame, Y) == 1
    others = frame.assign(**{c: frame[c].iloc[0] for c in frame if c not in known})
    assert (model.predict(others) == model.predict(frame)).all()


def test_missing_values_and_a_site_never_seen_are_answered():
    frame = table()
    frame.loc[3, ["sex", "full_iq"]] = np.nan
    model = make_baseline("phenotype").fit(frame[:30], Y[:30])
    assert len(model.predict(frame[30:].assign(site="Brown", age=np.nan))) == 10


def test_all_control_answers_control():
    model = make_baseline("all control").fit(np.zeros((40, 1)), Y)
    assert not model.predict(np.zeros((7, 1))).any()


@pytest.mark.parametrize("name", [n for n, b in BASELINES.items() if b.reads == "courses"])
def test_connectivity_tells_groups_apart_that_differ_in_it(name):
    data = courses()
    model = make_baseline(name).fit(data[:30], Y[:30])
    assert model.score(data[30:], Y[30:]) > 0.8


def test_an_unknown_baseline_gets_the_nearest_name():
    with pytest.raises(ConfigFault, match="did you mean 'phenotype'"):
        make_baseline("phenotypes")
