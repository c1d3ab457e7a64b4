"""The model has the published layers, and every row passes through its own subject's."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge import (
    Adapter,
    BridgeSection,
    Builder,
    Embedder,
    MindBridge,
    Translator,
    prepare_tuning,
)


def count(module):
    return sum(p.numel() for p in module.parameters())


def published(*subjects, **options):
    with torch.device("meta"):
        return MindBridge(subjects, **options)


def test_published_widths_have_every_known_count():
    model = published("1", "2", "5", "7")
    assert count(model.embedders["1"]) == 18_888_832
    assert count(model.builders["1"]) == 18_907_264
    assert count(model.translator) == 16_801_792
    assert count(model.image_head) == 404_423_424
    assert count(model.text_head) == 121_169_664
    assert count(model) == 693_579_264


def test_the_published_single_subject_model_has_no_builder():
    model = published("1", builders=False)
    assert model.builders is None
    assert count(model) == 561_283_712


def test_reset_tuning_trains_the_published_number_of_parameters():
    with torch.device("meta"):
        model = prepare_tuning(published("1", "2", "5"), "7")
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 37_796_096


def test_settings_build_the_published_model_without_options():
    with torch.device("meta"):
        assert count(BridgeSection().build(["1", "2", "5", "7"])) == 693_579_264
        assert count(BridgeSection(builders=False).build(["1"])) == 561_283_712


def test_settings_load_no_torch():
    code = "import sys, neurodecode.mindbridge.config_model; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_new_adapter_is_the_identity_and_can_learn():
    adapter = Adapter(9, 4)
    values = torch.randn(5, 9)
    assert torch.equal(adapter(values), values)
    adapter(values).square().sum().backward()
    assert adapter.up.weight.grad.abs().sum() > 0


def test_what_a_new_builder_builds_is_nearly_nowhere_negative():
    torch.manual_seed(0)
    built = Builder(64, 12, 4)(torch.randn(50, 12))
    assert built.min().item() > -0.171
    assert built.max().item() > 1


def test_layers_are_those_of_the_published_formulae():
    torch.manual_seed(0)
    embedder, builder, translator = Embedder(16, 12, 3), Builder(16, 12, 3), Translator(12, 2)
    for part in (embedder, builder, translator):
        part.eval()
        for parameter in part.parameters():
            torch.nn.init.normal_(parameter)

    def adapt(x, adapter):
        down = (x @ adapter.down.weight.T + adapter.down.bias).clamp(min=0)
        return x + down @ adapter.up.weight.T + adapter.up.bias

    def normalise(x, norm):
        centred = x - x.mean(dim=1, keepdim=True)
        scale = (centred.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
        return centred / scale * norm.weight + norm.bias

    def gelu(x):
        return x * 0.5 * (1 + torch.erf(x / 2**0.5))

    x, e = torch.randn(4, 16), torch.randn(4, 12)
    by_hand = gelu(normalise(embedder.linear(adapt(x, embedder.adapter)), embedder.norm))
    torch.testing.assert_close(embedder(x), by_hand)
    by_hand = adapt(gelu(normalise(builder.linear(e), builder.norm)), builder.adapter)
    torch.testing.assert_close(builder(e), by_hand)
    by_hand = e
    for block in translator.blocks:
        by_hand = by_hand + gelu(normalise(block[0](by_hand), block[1]))
    torch.testing.assert_close(translator(e), by_hand)


def test_dropouts_are_the_published_ones():
    model = published("1")
    rates = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]
    assert rates == [0.5, *[0.15] * 4]


def test_rows_of_mixed_subjects_pass_through_their_own_modules_in_their_own_places(bridge):
    model = bridge().eval()
    pooled, subject = torch.randn(7, 16), torch.tensor([2, 0, 2, 1, 2, 0, 2])
    embedding = model.embed(pooled, subject)
    rebuilt = model.build(embedding, subject)
    for i, place in enumerate(subject.tolist()):
        label = model.subjects[place]
        alone = model.embed(pooled[i : i + 1], label)
        torch.testing.assert_close(embedding[i : i + 1], alone)
        torch.testing.assert_close(rebuilt[i : i + 1], model.build(alone, label))


def test_targets_have_the_shapes_asked_for(bridge):
    decoded = bridge()(torch.randn(4, 16), "2")
    assert decoded.image.shape == (4, 3, 4)
    assert decoded.text.shape == (4, 2, 5)
    image_only = bridge(text_shape=None)(torch.randn(4, 16), "2")
    assert image_only.text is None
    text_only = bridge(image_shape=None, text_shape=(9,))(torch.randn(4, 16), "2")
    assert text_only.image is None
    assert text_only.text.shape == (4, 9)


def test_options_build_a_model_of_the_same_form(bridge):
    model = bridge(builders=False, embedder_dropout=0.2)
    again = MindBridge(model.subjects, **model.options)
    again.load_state_dict(model.state_dict())
    assert again.options == model.options
    assert again.embedders["1"].tail[1].p == 0.2


def test_the_same_seed_gives_the_same_weights(bridge):
    first, second, other = (bridge(seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_new_subject_leaves_the_others_and_their_places_as_they_are(bridge):
    model = bridge()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.add_subject("7")
    assert model.subjects == ("1", "2", "5", "7")
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    model.reset_subject("2")
    assert model.subjects == ("1", "2", "5", "7")
    changed = {n for n, v in before.items() if not torch.equal(model.state_dict()[n], v)}
    assert {name.split(".")[1] for name in changed} == {"2"}


def test_wrong_subjects_and_shapes_are_refused(bridge):
    model = bridge(("sub-01", "sub-02"))
    pooled = torch.randn(2, 16)
    with pytest.raises(ConfigFault, match="unknown subject 'sub-0', did you mean 'sub-0"):
        model.embed(pooled, "sub-0")
    with pytest.raises(ConfigFault, match="no subject 2 among 2"):
        model.embed(pooled, torch.tensor([0, 2]))
    with pytest.raises(DataFault, match=r"subjects of shape \(3,\) for 2 rows"):
        model.embed(pooled, torch.tensor([0, 1, 1]))
    with pytest.raises(DataFault, match=r"rows of 16 values, got shape \(2, 15\)"):
        model.embed(torch.randn(2, 15), "sub-01")
    with pytest.raises(ConfigFault, match="already"):
        model.add_subject("sub-01")
    for label in ("", "a.b", "keys"):
        with pytest.raises(ConfigFault, match="cannot label"):
            model.add_subject(label)
    with pytest.raises(ConfigFault, match="no builders"):
        bridge(builders=False).build(torch.randn(2, 12), "1")
    with pytest.raises(ConfigFault, match="without a head"):
        bridge(image_shape=None, text_shape=None)
    with pytest.raises(ConfigFault, match="without a subject"):
        bridge(())
