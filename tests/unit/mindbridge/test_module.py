"""The module trains as published, the same with the same seed, also after an interruption."""

from __future__ import annotations

import lightning
import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.faults import ConfigFault
from neurodecode.mindbridge import (
    BridgeData,
    BridgeModule,
    LossSection,
    OptimiserSection,
    prepare_tuning,
    retrieve,
)
from neurodecode.mindbridge.losses import bridge_terms, draw_pair, weighted_sum
from neurodecode.mindbridge.module import decay_groups, join_subjects, one_cycle
from neurodecode.training import fit
from neurodecode.training_config import TrainerSection

FAST = OptimiserSection(learning_rate=3e-3)


def settings(**options):
    return TrainerSection(**{"max_epochs": 2, "accelerator": "cpu", "gradient_clip_val": 1.0,
                             "patience": 50, **options})  # fmt: skip


@pytest.fixture
def data(study):
    train = study({"1": 20, "2": 27}, seed=1)
    return BridgeData(train, train, pooled_size=16, batch_size=8)


def test_the_step_is_the_weighted_sum_with_the_pair_of_its_seed(bridge, new_batch):
    model = bridge().eval()
    module = BridgeModule(model, LossSection(mse=3, cycle=2), seed=5)
    batch = {"1": new_batch("1", 4), "2": None, "5": new_batch("5", 2, seed=1)}
    found = module.validation_step(batch, 7)
    pair = draw_pair(["1", "5"], np.random.default_rng([5, 1, 7]))
    terms, _ = bridge_terms(model, join_subjects(batch.values(), model.subjects), pair=pair)
    assert "cycle" in terms
    torch.testing.assert_close(found, weighted_sum(terms, module.losses))
    assert torch.equal(found, module.validation_step(batch, 7))


def test_the_log_names_every_term(bridge, data, tmp_path):
    fit(BridgeModule(bridge(("1", "2"))), data, settings(), tmp_path, seed=3)
    log = pd.read_csv(tmp_path / "log" / "version_0" / "metrics.csv")
    terms = ["loss", "image_soft_clip", "image_mse", "text_soft_clip", "text_mse",
             "reconstruction", "cycle", "image_cosine", "text_cosine"]  # fmt: skip
    for part in ("train", "val"):
        for term in terms:
            assert log[f"{part}_{term}"].notna().sum() == 2, term
    rows = log[log["val_cosine"].notna()]
    np.testing.assert_allclose(
        rows["val_cosine"], rows["val_image_cosine"] + rows["val_text_cosine"], rtol=1e-5
    )
    weighted = rows["val_reconstruction"] + rows["val_cycle"]
    for kind in ("image", "text"):
        weighted = weighted + rows[f"val_{kind}_soft_clip"] + 1e4 * rows[f"val_{kind}_mse"]
    np.testing.assert_allclose(rows["val_loss"], weighted, rtol=1e-4)


def test_the_same_seed_gives_the_same_weights(bridge, data, tmp_path):
    found = []
    for number, seed in enumerate((3, 3, 4)):
        module = BridgeModule(bridge(("1", "2")), optimiser=FAST, seed=seed)
        fit(module, data, settings(), tmp_path / str(number), seed=seed)
        found.append(module.model.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not all(torch.equal(found[0][name], found[2][name]) for name in found[0])


class Interrupted(Exception):
    pass


class Interrupt(lightning.Callback):
    """Break off at the start of an epoch."""

    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 2:
            raise Interrupted


def test_an_interrupted_training_ends_with_the_same_weights(bridge, data, tmp_path):
    whole = BridgeModule(bridge(("1", "2")), optimiser=FAST)
    fit(whole, data, settings(max_epochs=3), tmp_path / "whole", seed=3)
    broken = BridgeModule(bridge(("1", "2")), optimiser=FAST)
    with pytest.raises(Interrupted):
        fit(broken, data, settings(max_epochs=3), tmp_path / "b", seed=3, callbacks=[Interrupt()])
    again = BridgeModule(bridge(("1", "2"), seed=9), optimiser=FAST)
    found = fit(again, data, settings(max_epochs=3), tmp_path / "b", seed=3)
    assert found.resumed_from == "last.ckpt"
    expected = whole.model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in again.model.state_dict().items())


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_training_brings_retrieval_above_chance_in_either_precision(
    precision, bridge, study, tmp_path
):
    both = study({"1": 140, "2": 140}, seed=2)
    train = {s: type(d)(d.responses[:100], d.image[:100], d.ids[:100], d.text[:100])
             for s, d in both.items()}  # fmt: skip
    test = {s: type(d)(d.responses[100:], d.image[100:], d.ids[100:], d.text[100:])
            for s, d in both.items()}  # fmt: skip
    data = BridgeData(train, test, pooled_size=16, batch_size=25, method="mean")
    model = bridge(("1", "2"), width=32, embedder_dropout=0.1)
    module = BridgeModule(model, LossSection(mse=10), OptimiserSection(learning_rate=5e-3))
    fit(module, data, settings(max_epochs=12, precision=precision), tmp_path, seed=3)
    for subject in test:
        (batch,) = [b[subject] for b, _, _ in _passed(data) if b[subject] is not None][:1]
        with torch.no_grad():
            decoded = module.model(batch["pooled"], subject)
        found = retrieve(decoded.image, batch["image"])
        assert found.brain_to_image.accuracy > 3 * found.chance
        assert found.image_to_brain.accuracy > 3 * found.chance


def _passed(data):
    data.batch_size = 40
    return iter(data.val_dataloader())


pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec")  # Lightning, in a loader's pass


def names_of(group, model):
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)] for p in group["params"]}


def test_the_released_rule_decays_everything_but_biases(bridge):
    model = bridge()
    decayed, spared = decay_groups(model, 0.01)
    assert decayed["weight_decay"] == 0.01
    assert spared["weight_decay"] == 0
    assert names_of(spared, model) == {n for n, _ in model.named_parameters() if "bias" in n}
    assert "embedders.1.norm.weight" in names_of(decayed, model)
    assert len(decayed["params"]) + len(spared["params"]) == len(list(model.parameters()))


def test_the_other_rule_spares_normalisations_too(bridge):
    model = bridge()
    decayed, spared = decay_groups(model, 0.01, "no_norms")
    assert all(p.ndim == 2 for p in decayed["params"])
    assert {"embedders.1.norm.weight", "translator.blocks.0.1.weight"} <= names_of(spared, model)
    with pytest.raises(ConfigFault, match="did you mean 'released'"):
        decay_groups(model, 0.01, "realeased")
    with pytest.raises(ConfigFault, match="every parameter is frozen"):
        decay_groups(model.requires_grad_(False), 0.01)


def rates(n_updates, n_warmup, rate=1.0):
    optimiser = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    schedule = one_cycle(optimiser, rate, n_updates, n_warmup)
    found, betas = [], []
    for _ in range(n_updates):
        found.append(optimiser.param_groups[0]["lr"])
        betas.append(optimiser.param_groups[0]["betas"][0])
        optimiser.step()
        schedule.step()
    return np.array(found), np.array(betas)


def test_the_schedule_warms_up_for_two_epochs_and_ends_at_a_hundredth_of_the_start():
    found, betas = rates(200, 20)
    assert found[0] == pytest.approx(1 / 25)
    assert found.argmax() == 19
    assert found[19] == pytest.approx(1)
    assert found[-1] == pytest.approx(1 / 2500)
    assert (np.diff(found[:20]) > 0).all()
    assert (np.diff(found[19:]) < 0).all()
    assert betas[0] == pytest.approx(0.95)
    assert betas[19] == pytest.approx(0.85)


@pytest.mark.parametrize("n_updates", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("n_warmup", [1, 2, 2.5, 10])
def test_trainings_of_a_few_updates_have_a_schedule(n_updates, n_warmup):
    found, _ = rates(n_updates, n_warmup)
    assert ((found > 0) & (found <= 1)).all()


def test_a_training_without_end_has_no_schedule():
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    with pytest.raises(ConfigFault, match="set max_epochs"):
        one_cycle(optimiser, 1, float("inf"), 3)


class Modes(lightning.Callback):
    """Note which dropouts are active in each training batch."""

    def __init__(self):
        self.found = []

    def on_train_batch_start(self, trainer, module, batch, number):
        model = module.model
        parts = {"own": model.embedders["7"], "source": model.embedders["1"],
                 "translator": model.translator}  # fmt: skip
        self.found.append({name for name, part in parts.items()
                           if all(m.training for m in part.modules())})  # fmt: skip


@pytest.mark.parametrize(
    ("frozen_dropout", "active"), [(True, {"own", "source", "translator"}), (False, {"own"})]
)
def test_dropout_in_frozen_modules_is_active_as_published_or_not_in_every_epoch(
    frozen_dropout, active, bridge, study, tmp_path
):
    train = study({"1": 8, "7": 8})
    model = prepare_tuning(bridge(("1",)).eval(), "7").eval()  # as after an earlier training
    module = BridgeModule(model, target="7", frozen_dropout=frozen_dropout)
    data, modes = BridgeData(train, train, pooled_size=16), Modes()
    fit(module, data, settings(), tmp_path, seed=3, callbacks=[modes])
    assert modes.found == [active, active]


def test_an_unknown_target_is_refused(bridge):
    with pytest.raises(ConfigFault, match="unknown subject '9'"):
        BridgeModule(bridge(), target="9")
