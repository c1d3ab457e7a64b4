"""Every job is named by what it trains and whose sessions it reads."""

from __future__ import annotations

import re

import pytest

from neurodecode.spikes.units import parts_of, units_of

SUBJECTS = ["01", "02", "S-3"]
MODELS = ["state+past", "state+past, shared body", "Poisson GLM"]
DECODERS = ["joint", "joint, behaviour shuffled", "Lasso"]


@pytest.fixture
def config(experiment):
    """Return a maker of an experiment with every kind of job."""

    def make(**sections):
        return experiment(**{"models": MODELS, "decoders": DECODERS, "few_shot": {"n_seeds": 2},
                             "seed": 7, **sections})  # fmt: skip

    return make


def trained(units):
    return {(s, part.slug) for unit in units.values() for part in unit.parts for s in unit.subjects}


def test_parts_come_in_the_order_of_the_report_with_their_seeds(config):
    parts = parts_of(config())
    assert [part.model for part in parts] == [*MODELS, *DECODERS, "state+past", "state+past"]
    assert [part.seed for part in parts] == [7] * 6 + [8, 9]
    assert len({part.slug for part in parts}) == len(parts)
    assert [part.model for part in parts if part.shared] == ["state+past, shared body"]


def test_both_ways_of_dividing_the_work_train_the_same_models(config):
    by_model, by_subject = (units_of(config(jobs=jobs), SUBJECTS) for jobs in ("model", "subject"))
    assert trained(by_model) == trained(by_subject)
    assert len(by_model) == 7 * 3 + 1
    assert len(by_subject) == 3 + 1
    assert all(len(unit.parts) == 1 for unit in by_model.values())


@pytest.mark.parametrize("jobs", ["model", "subject"])
def test_a_job_reads_its_subject_alone_unless_the_body_is_shared(config, jobs):
    made = config(jobs=jobs)
    for name, unit in units_of(made, SUBJECTS).items():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
        shared = any(part.shared for part in unit.parts)
        assert list(unit.subjects) == (SUBJECTS if shared else [name.split("sub-")[1]])
        assert name.endswith(".everybody") == shared
        assert made.units(SUBJECTS)[name] == list(unit.subjects)


def test_a_run_of_shared_networks_alone_has_one_job(config):
    made = config(models=MODELS[1:2], decoders=[], few_shot={}, jobs="subject")
    assert list(units_of(made, SUBJECTS)) == ["generate.state-past-shared-body.everybody"]


def test_other_models_make_another_job_of_a_subject(config):
    """Else a model that is added later would never be trained."""
    one = set(units_of(config(jobs="subject"), SUBJECTS))
    other = set(units_of(config(jobs="subject", decoders=["joint"]), SUBJECTS))
    assert one & other == {"generate.state-past-shared-body.everybody"}
