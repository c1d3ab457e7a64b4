"""wav2vec 2.0 gives the hidden states of transformers' own model, and refuses what it is not."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault, NetworkFault
from neurodecode.stimuli import EmbeddingCache, Wav2Vec2, make_encoder
from neurodecode.stimuli.wav2vec import choose_layers, unit_variance

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
DEPTH = 5


def save_tiny(folder, *, pre_norm, seed=0):
    """Save a random network of 5 blocks, width 16; pre-norm as XLSR-53 or post-norm as base."""
    torch.manual_seed(seed)
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=DEPTH, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
        do_stable_layer_norm=pre_norm, feat_extract_norm="layer" if pre_norm else "group",
        conv_bias=pre_norm, mask_time_prob=0.5, layerdrop=0.5,
    )  # fmt: skip
    transformers.Wav2Vec2Model(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[True, False], ids=["pre-norm", "post-norm"])
def tiny(request, tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("model"), pre_norm=request.param)


def noise(seconds=1.0, sfreq=16_000, seed=0):
    samples = np.random.default_rng(seed).standard_normal(int(seconds * sfreq))
    return (0.1 * samples + 0.02).astype(np.float32)


def theirs(folder, samples):
    """Return all hidden states of transformers' own forward pass (depth + 1, frames, width)."""
    model = transformers.Wav2Vec2Model.from_pretrained(folder).eval()
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    inputs = extractor(samples, sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        states = model(inputs, output_hidden_states=True).hidden_states
    return np.stack([state[0].numpy() for state in states])


@pytest.mark.parametrize("layers", [(0,), (2,), (1, 3, 4), (0, 2, 4)])
def test_layers_are_the_mean_of_transformers_hidden_states(tiny, layers):
    features, _ = Wav2Vec2(str(tiny), layers).encode(noise(), 16_000)
    expected = theirs(tiny, noise())[list(layers)].mean(axis=0).T
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)


def test_the_last_layer_is_the_blocks_output_without_the_final_norm(tiny):
    model = transformers.Wav2Vec2Model.from_pretrained(tiny).eval()
    inputs = torch.from_numpy(unit_variance(noise()))[None]
    seen = []
    model.encoder.layers[-1].register_forward_hook(lambda *call: seen.append(call[2]))
    with torch.no_grad():
        final = model(inputs).last_hidden_state[0].numpy()
    hidden = seen[0][0] if isinstance(seen[0], tuple) else seen[0]
    features, _ = Wav2Vec2(str(tiny), (DEPTH,)).encode(noise(), 16_000)
    np.testing.assert_allclose(features, hidden[0].T.numpy(), rtol=1e-4, atol=1e-5)
    pre_norm = json.loads((tiny / "config.json").read_text())["do_stable_layer_norm"]
    assert np.allclose(features, final.T, atol=1e-4) != pre_norm


def test_article_means_the_last_four_layers(tiny):
    named, _ = Wav2Vec2(str(tiny), "article").encode(noise(), 16_000)
    listed, _ = Wav2Vec2(str(tiny), (2, 3, 4, 5)).encode(noise(), 16_000)
    np.testing.assert_array_equal(named, listed)


def test_code_means_layers_14_to_18_and_is_checked_against_the_depth(tiny):
    assert choose_layers("code", 24) == (14, 15, 16, 17, 18)
    assert choose_layers("article", 24) == (21, 22, 23, 24)
    with pytest.raises(ConfigFault, match=r"14, 15, 16, 17, 18 of a network with 5 blocks"):
        Wav2Vec2(str(tiny))
    for layers in ((6,), (-1,), (), (2, 2)):
        with pytest.raises(ConfigFault, match=r"choose different ones from 0 .* to 5"):
            choose_layers(layers, 5)
    with pytest.raises(ConfigFault, match="'code', 'article' or a list"):
        choose_layers("last", 5)


def test_frames_come_at_50_hz_from_12_and_a_half_ms(tiny):
    encoder = make_encoder("wav2vec2", model=str(tiny), layers=[3])
    features, times = encoder.encode(noise(2.0), 16_000)
    assert (encoder.n_features, encoder.frame_rate, encoder.default) == (16, 50.0, 0.0)
    assert features.shape == (16, 99)  # 49.5 per second: the last frames lack samples
    np.testing.assert_allclose(times[[0, 1]], [0.0125, 0.0325])


def test_input_is_scaled_as_the_feature_extractor_does_and_level_does_not_matter(tiny):
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    for scale in (1.0, 1e-3):  # the smaller one makes the 1e-7 visible
        samples = noise() * np.float32(scale)
        expected = extractor(samples, sampling_rate=16_000).input_values[0]
        np.testing.assert_allclose(unit_variance(samples), expected, rtol=1e-4, atol=1e-4)
    encoder = Wav2Vec2(str(tiny), (3,))
    loud, _ = encoder.encode(noise() * 3 + 1, 16_000)
    quiet, _ = encoder.encode(noise(), 16_000)
    np.testing.assert_allclose(loud, quiet, atol=1e-3)


def test_it_is_frozen_in_evaluation_mode_and_repeatable(tiny):
    encoder = Wav2Vec2(str(tiny), (3,))
    first, _ = encoder.encode(noise(), 16_000)
    again, _ = encoder.encode(noise(), 16_000)
    np.testing.assert_array_equal(first, again)  # layer drop and masking of 50 % are off
    assert not encoder._network.training
    assert not any(parameter.requires_grad for parameter in encoder._network.parameters())


def test_every_frame_sees_the_whole_chunk(tiny):
    encoder = Wav2Vec2(str(tiny), (5,))
    changed = noise(3.0)
    changed[-1600:] = changed[-1600:][::-1]  # same mean and variance
    whole, _ = encoder.encode(noise(3.0), 16_000)
    other, _ = encoder.encode(changed, 16_000)
    assert np.abs(whole[:, 0] - other[:, 0]).max() > 1e-6


def test_a_chunk_too_large_for_memory_is_refused_before_it_is_computed(tiny):
    encoder = Wav2Vec2(str(tiny), (3,), limit_gib=0.01)
    with pytest.raises(DataFault, match=r"chunk of 60 s would take about 0\.\d GiB"):
        encoder.encode(noise(60.0), 16_000)


def test_settings_follow_weights_and_layers(tiny, tmp_path):
    settings = Wav2Vec2(str(tiny), (3,)).settings()
    assert Wav2Vec2(str(tiny), (3,)).settings() == settings
    assert Wav2Vec2(str(tiny), (2,)).settings() != settings
    other = save_tiny(tmp_path / "other", pre_norm=True, seed=1)
    assert Wav2Vec2(str(other), (3,)).settings()["weights"] != settings["weights"]
    EmbeddingCache(tmp_path, Wav2Vec2(str(tiny), (3,)))
    json.dumps(settings)


def test_only_safetensors_are_written_and_damage_is_named(tiny, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    assert {file.name for file in tiny.iterdir()} == {"config.json", "model.safetensors"}
    with pytest.raises(DataFault, match=r"lacks config.json and model.safetensors"):
        Wav2Vec2(str(folder), (3,))
    (folder / "config.json").write_bytes((tiny / "config.json").read_bytes())
    with pytest.raises(DataFault, match=r"lacks model.safetensors \(or pytorch_model.bin\)"):
        Wav2Vec2(str(folder), (3,))
    (folder / "model.safetensors").write_bytes((tiny / "model.safetensors").read_bytes()[:-999])
    with pytest.raises(DataFault, match="cannot be loaded"):
        Wav2Vec2(str(folder), (3,))


def test_a_pickle_in_place_of_weights_runs_nothing(tiny, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Trap()}))
    with pytest.raises(DataFault, match="cannot be loaded"):
        Wav2Vec2(str(tmp_path), (3,))
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_network_are_refused(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    weights = load_file(tiny / "model.safetensors")
    kept = {key: value for key, value in weights.items() if "layers.4" not in key}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataFault, match=r"parameters have no weights .*encoder.layers.4"):
        Wav2Vec2(str(tmp_path), (3,))


def test_a_name_that_is_not_here_is_a_fault_at_once_when_offline(monkeypatch, tmp_path):
    monkeypatch.setenv("NEURODECODE_OFFLINE", "1")
    began = time.perf_counter()
    with pytest.raises(NetworkFault, match=r"no-one/no-such-model.*config.json and model.safet"):
        Wav2Vec2("no-one/no-such-model")
    assert time.perf_counter() - began < 5
    with pytest.raises(DataFault, match="folder of a pretrained model not found"):
        Wav2Vec2(str(tmp_path / "nowhere"))


def test_a_hub_that_does_not_answer_is_asked_once(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NetworkFault, match="cannot be reached"):
        Wav2Vec2("no-one/no-such-model")
