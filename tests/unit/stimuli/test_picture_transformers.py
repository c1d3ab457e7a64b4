"""DINOv2 and CLIP give what transformers' own forward pass gives, from small random checkpoints."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from neurodecode.faults import ConfigFault, DataFault, NetworkFault
from neurodecode.stimuli.pictures.dinov2 import block_at
from neurodecode.stimuli.pictures.encoder import make_picture_encoder
from neurodecode.stimuli.pictures.files import resize_picture
from neurodecode.stimuli.pictures.preprocessing import CLIP, IMAGENET, read_preprocessing

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
LABELS = ["aircraft_carrier", "ox", "a very long name of an animal"]


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


PICTURES = [noise(80, 60), noise(45, 90, 1), noise(70, 70, 2)]


def byte_tokens():
    """Return the 256 characters that stand for bytes in byte-level BPE."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def save_clip(folder, seed=0):
    """Save a random CLIP with widths 24 and 16, projected to 8, 28 pixels and 12 words."""
    torch.manual_seed(seed)
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.CLIPConfig(
        text_config={**layers, "hidden_size": 16, "vocab_size": 514, "projection_dim": 8,
                     "max_position_embeddings": 12, "bos_token_id": 512, "eos_token_id": 513},
        vision_config={**layers, "hidden_size": 24, "image_size": 28, "patch_size": 7,
                       "projection_dim": 8},
        projection_dim=8,
    )  # fmt: skip
    transformers.CLIPModel(config).save_pretrained(folder)
    tokens = byte_tokens()
    words = [*tokens, *(t + "</w>" for t in tokens), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return folder


def save_dinov2(folder, seed=0):
    """Save a random DINOv2 of 5 blocks, width 16, and preprocessing to 30 then 28 pixels."""
    torch.manual_seed(seed)
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=5, num_attention_heads=2, mlp_ratio=2, patch_size=7,
        image_size=28, layerscale_value=0.5, drop_path_rate=0.5,
    )  # fmt: skip
    transformers.Dinov2Model(config).save_pretrained(folder)
    processor(30, 28).save_pretrained(folder)
    return folder


def processor(size, crop):
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil

    return BitImageProcessorPil(
        size={"shortest_edge": size}, crop_size={"height": crop, "width": crop},
        image_mean=list(IMAGENET.mean), image_std=list(IMAGENET.std),
    )  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def dinov2(tmp_path_factory):
    return save_dinov2(tmp_path_factory.mktemp("dinov2"))


@pytest.fixture(scope="module")
def blocks(dinov2):
    """Return transformers' own hidden states (6, n, tokens, 16) and last hidden state."""
    model = transformers.Dinov2Model.from_pretrained(dinov2).eval()
    inputs = processor(30, 28)(images=[Image.fromarray(p) for p in PICTURES], return_tensors="pt")
    states = [model.embeddings(inputs.pixel_values).detach()]
    keep = [block.register_forward_hook(lambda *call: states.append(call[2])) for block in
            model.encoder.layer]  # fmt: skip
    with torch.no_grad():
        last = model(inputs.pixel_values).last_hidden_state
    assert len(keep) == 5
    states = [state[0] if isinstance(state, tuple) else state for state in states]
    return np.stack([state.numpy() for state in states]), last.numpy()


def encode(name, folder, **options):
    return make_picture_encoder(name, model=str(folder), **options).encode(PICTURES, LABELS)


@pytest.mark.parametrize(
    ("size", "crop"), [(30, 28), (64, 64), (64, 33)], ids=["smaller", "equal", "odd"]
)
def test_pictures_are_prepared_as_the_processor_of_transformers_does(tmp_path, size, crop):
    processor(size, crop).save_pretrained(tmp_path)
    theirs = processor(size, crop)(images=[Image.fromarray(p) for p in PICTURES])
    ours = read_preprocessing(str(tmp_path), CLIP).apply(PICTURES)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, np.stack(theirs["pixel_values"]), atol=1e-5)


def test_descriptions_of_older_checkpoints_are_read(tmp_path):
    old = {
        "crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": list(CLIP.mean),
        "image_std": list(CLIP.std), "resample": 3, "size": 224,
    }  # fmt: skip
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(old))
    assert read_preprocessing(str(tmp_path), IMAGENET) == CLIP


@pytest.mark.parametrize(
    "change",
    [{"resample": 2}, {"do_center_crop": False}, {"size": {"height": 9, "width": 9}},
     {"crop_size": {"height": 9, "width": 8}}, {"image_mean": [0.5]}, {"image_std": None}],
)  # fmt: skip
def test_preprocessing_of_another_kind_is_refused_not_guessed(tmp_path, change):
    processor(30, 28).save_pretrained(tmp_path)
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataFault, match=r"preprocessing.*preprocessor_config.json"):
        read_preprocessing(str(tmp_path), CLIP)


@pytest.mark.parametrize(("depth", "block"), [(0.0, 0), (0.2, 1), (2 / 3, 3), (0.99, 4)])
def test_depth_is_a_block_of_dinov2_without_the_final_norm(dinov2, blocks, depth, block):
    encoder = make_picture_encoder("dinov2", model=str(dinov2), pooling="tokens", depth=depth)
    assert encoder.block == block
    assert encoder.shape == (17, 16)
    np.testing.assert_allclose(encoder.encode(PICTURES, LABELS), blocks[0][block], atol=1e-5)


def test_the_full_depth_of_dinov2_is_the_last_hidden_state_pooled_three_ways(dinov2, blocks):
    last = blocks[1]
    for pooling, expected in (("tokens", last), ("cls", last[:, 0]), ("mean", last.mean(axis=1))):
        found = encode("dinov2", dinov2, pooling=pooling)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_depth_counts_whole_blocks():
    assert [block_at(depth, 40) for depth in (0, 1 / 40, 2 / 3, 0.999, 1)] == [0, 1, 26, 39, 40]
    assert block_at(0.29, 100) == 29


def their_pictures():
    squares = np.stack([resize_picture(p, 28) for p in PICTURES]) / 255
    return torch.from_numpy(((squares - CLIP.mean) / CLIP.std).transpose(0, 3, 1, 2)).float()


def test_the_picture_embedding_of_clip_is_that_of_transformers(clip):
    model = transformers.CLIPModel.from_pretrained(clip).eval()
    with torch.no_grad():
        pooled = model.vision_model(their_pictures()).pooler_output
        expected = model.visual_projection(pooled).numpy()
    found = encode("clip_vision", clip, space="projected")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    unit = encode("clip_vision", clip)
    np.testing.assert_allclose(
        unit, expected / np.linalg.norm(expected, axis=1)[:, None], atol=1e-5
    )
    assert unit.shape == (3, 8)


def test_hidden_tokens_of_a_picture_are_the_last_hidden_state(clip):
    model = transformers.CLIPModel.from_pretrained(clip).eval()
    with torch.no_grad():
        last = model.vision_model(their_pictures()).last_hidden_state.numpy()
    for pooling, expected in (("tokens", last), ("cls", last[:, 0]), ("mean", last.mean(axis=1))):
        found = encode("clip_vision", clip, pooling=pooling, space="hidden")
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert last.shape == (3, 17, 24)


def test_tokens_that_guide_a_generator_are_scaled_by_their_class_token(clip):
    projected = encode("clip_vision", clip, pooling="tokens", space="projected")
    guide = encode("clip_vision", clip, pooling="tokens")
    norm = np.linalg.norm(projected[:, :1], axis=2, keepdims=True)
    np.testing.assert_allclose(guide, projected / norm, atol=1e-5)
    assert guide.shape == (3, 17, 8)


def their_words(clip, texts):
    tokenizer = transformers.CLIPTokenizer.from_pretrained(clip)
    return tokenizer(texts, padding="max_length", max_length=12, truncation=True,
                     return_tensors="pt").input_ids  # fmt: skip


def test_labels_are_embedded_as_transformers_does(clip):
    model = transformers.CLIPTextModelWithProjection.from_pretrained(clip).eval()
    words = their_words(clip, [label.replace("_", " ") for label in LABELS])
    with torch.no_grad():
        found = model(words)
        last, embedding = found.last_hidden_state, found.text_embeds
        projected = model.text_projection(last)
    norm = embedding.norm(dim=-1)[:, None, None]
    for options, expected in (
        ({"space": "projected"}, embedding),
        ({"space": "hidden", "pooling": "tokens"}, last),
        ({"space": "hidden", "pooling": "mean"}, last.mean(dim=1)),
        ({"pooling": "tokens"}, projected / norm),
        ({}, embedding / norm[:, 0]),
    ):
        np.testing.assert_allclose(encode("clip_text", clip, **options), expected, atol=1e-5)


def test_labels_go_into_the_template_and_pictures_are_not_looked_at(clip):
    encoder = make_picture_encoder("clip_text", model=str(clip), template="a {}", space="projected")
    assert encoder.reads_labels
    assert encoder.shape == (8,)
    found = encoder.encode([np.zeros((0, 0, 3), dtype=np.uint8)], ["ox"])
    model = transformers.CLIPTextModelWithProjection.from_pretrained(clip).eval()
    with torch.no_grad():
        expected = model(their_words(clip, ["a ox"])).text_embeds
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["clip_vision", "clip_text", "dinov2"])
def test_batches_change_nothing_and_the_network_is_frozen(name, clip, dinov2):
    folder = dinov2 if name == "dinov2" else clip
    one, many = (
        make_picture_encoder(name, model=str(folder), pooling="tokens", batch_size=size)
        for size in (1, 16)
    )
    together = many.encode(PICTURES, LABELS)
    assert together.shape == (3, *many.shape)
    np.testing.assert_allclose(one.encode(PICTURES, LABELS), together, atol=1e-5)
    np.testing.assert_array_equal(many.encode(PICTURES, LABELS), together)
    assert not many._network.training
    assert not any(parameter.requires_grad for parameter in many._network.parameters())


@pytest.mark.parametrize("name", ["clip_vision", "clip_text", "dinov2"])
def test_settings_follow_weights_and_options(name, clip, dinov2, tmp_path):
    folder = dinov2 if name == "dinov2" else clip
    encoder = make_picture_encoder(name, model=str(folder))
    settings = encoder.settings()
    encoder.encode(PICTURES, LABELS)
    assert encoder.settings() == settings
    assert json.loads(json.dumps(settings)) == json.loads(json.dumps(encoder.settings()))
    other = (save_dinov2 if name == "dinov2" else save_clip)(tmp_path, seed=1)
    assert make_picture_encoder(name, model=str(other)).settings() != settings
    assert make_picture_encoder(name, model=str(folder), pooling="mean").settings() != settings


def test_settings_that_cannot_be_are_refused(clip, dinov2):
    for options, message in (
        ({"pooling": "clss"}, "did you mean 'cls'"),
        ({"space": "projcted"}, "did you mean 'projected'"),
        ({"batch_size": 0}, "give 1 or more"),
    ):
        with pytest.raises(ConfigFault, match=message):
            make_picture_encoder("clip_vision", model=str(clip), **options)
    with pytest.raises(ConfigFault, match="give 0 to 1"):
        make_picture_encoder("dinov2", model=str(dinov2), depth=1.5)
    with pytest.raises(ConfigFault, match="where the label stands"):
        make_picture_encoder("clip_text", model=str(clip), template="a photo")


def test_checkpoints_of_another_network_and_missing_words_are_named(clip, dinov2, tmp_path):
    with pytest.raises(DataFault, match=r"give a checkpoint of a Dinov2Model"):
        make_picture_encoder("dinov2", model=str(clip))
    for file in ("config.json", "model.safetensors"):
        (tmp_path / file).write_bytes((clip / file).read_bytes())
    with pytest.raises(DataFault, match=r"has no tokenizer.*put vocab.json"):
        make_picture_encoder("clip_text", model=str(tmp_path))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    (tmp_path / "vocab.json").write_text('{"<|startoftext|>": 0, "<|endoftext|>": 1, "a": 2}')
    with pytest.raises(DataFault, match="the tokenizer knows 3 words, the network 514"):
        make_picture_encoder("clip_text", model=str(tmp_path))
    (tmp_path / "vocab.json").write_text("{")
    with pytest.raises(DataFault, match="tokenizer cannot be loaded"):
        make_picture_encoder("clip_text", model=str(tmp_path))
    processor(30, 21).save_pretrained(tmp_path)
    with pytest.raises(DataFault, match="cuts 21 pixels, the network reads 28"):
        make_picture_encoder("clip_vision", model=str(tmp_path))


@pytest.mark.parametrize("name", ["autokl", "clip_text", "clip_vision", "dinov2", "vgg19"])
def test_a_network_that_is_not_here_is_a_fault_at_once_when_offline(name, monkeypatch):
    monkeypatch.setenv("NEURODECODE_OFFLINE", "1")
    with pytest.raises(NetworkFault, match="is not on this machine and the hub cannot be reached"):
        make_picture_encoder(name, model="no-one/no-such-model")
