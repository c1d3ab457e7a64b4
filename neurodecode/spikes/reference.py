"""Parameters under the names of the authors' released code, read into our model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import torch

from neurodecode.faults import DataFault
from neurodecode.persistence import refuse_mismatch
from neurodecode.spikes.model import Neuroformer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from neurodecode.spikes.config_model import NeuroformerConfig

IGNORED = re.compile(
    r"(.*\.)?(mask|inv_freq|div_term|pe)|class_weights_.*|neural_visual_transformer\.ln_f\..*"
)
"""Constants, and a normalisation that the authors' code builds and never uses."""
RENAMED = (
    (r"^tokens\.", "tok_emb."),
    (r"^position$", "pos_emb"),
    (r"^past_position$", "pos_emb_prev"),
    (r"^time\.layers\.", "temp_emb.temp_emb."),
    (r"^past_time\.layers\.", "temp_emb_prev.temp_emb."),
    (r"^frames\.conv\.", "video_encoder.conv_block.0."),
    (r"^frames\.norm\.", "video_encoder.conv_block.2."),
    (r"^behaviours\.(.+)\.norm\.", r"modality_embeddings.\1.mlp.ln."),
    (r"^behaviours\.(.+)\.layers\.", r"modality_embeddings.\1.mlp.mlp."),
    (r"^encoder\.", "feature_encoder.neural_state_blocks."),
    (r"^frame_encoder\.", "feature_encoder.frame_state_blocks."),
    (r"^past_stage\.", "neural_visual_transformer.neural_state_history_blocks."),
    (r"^frame_stage\.", "neural_visual_transformer.neural_state_stimulus_blocks."),
    (r"^behaviour_stages\.", "neural_visual_transformer.modalities_blocks."),
    (r"^decoder\.", "neural_visual_transformer.neural_state_blocks."),
    (r"^id_head\.", "head_id."),
    (r"^dt_head\.", "head_dt."),
    (r"^projector\.", "clip.proj."),
    (r"\.attention_norm\.", ".ln1."),
    (r"\.mlp_norm\.", ".ln2."),
    (r"\.output_norm\.", ".ln_f."),
    (r"\.attention\.output\.", ".attn.proj."),
    (r"\.attention\.", ".attn."),
)
"""Our names and the authors', applied in this order."""

Model = TypeVar("Model", bound=Neuroformer)


def load_reference_state_dict(
    state: Mapping[str, Tensor],
    config: NeuroformerConfig,
    *,
    model: type[Model] = Neuroformer,  # type: ignore[assignment]
) -> Model:
    """Build a model from a state dict of the authors' code.

    With ``corrections: released`` it computes what theirs computes. Where the value of behaviours
    reaches the network, the normalisation that removed it is left out; the layers behind it were
    trained on a constant, and want training.

    Parameters
    ----------
    state : mapping of str to Tensor
        ``tok_emb.weight``, ``pos_emb``, ``temp_emb.temp_emb.0.weight``,
        ``neural_visual_transformer.neural_state_blocks.0.ln1.weight`` and so on.
    config : NeuroformerConfig
        Sizes, windows and modalities of the saved model.
    model : type, default=Neuroformer
        Class to build.

    Returns
    -------
    Neuroformer
        On the CPU, in training mode.

    Raises
    ------
    DataFault
        If a vocabulary has another size than the settings say; or one line with every name that is
        missing, unexpected or of a wrong shape.

    References
    ----------
    a-antoniades/Neuroformer, the module ``Neuroformer`` of version 1.5.
    """
    with torch.device("meta"):  # no random draw, and no second copy
        built = model(config)
    _check_vocabulary(state, built)
    names = {ours: reference_name(ours, config) for ours in built.state_dict()}
    kept = {
        name: value for name, value in state.items()
        if not IGNORED.fullmatch(name)
        and not (config.corrections.behaviour_value and ".mlp.ln." in name)
    }  # fmt: skip
    expected = {names[ours]: value.shape for ours, value in built.state_dict().items()}
    refuse_mismatch(expected, kept, where="reference state dict")
    taken = {ours: kept[theirs].detach().float().clone() for ours, theirs in names.items()}
    built.load_state_dict(taken, assign=True)
    return built


def reference_name(ours: str, config: NeuroformerConfig) -> str:
    """Return the authors' name of one of our parameters.

    Parameters
    ----------
    ours : str
    config : NeuroformerConfig
        Tells the group that a behaviour belongs to.

    Examples
    --------
    >>> from neurodecode.spikes import NeuroformerConfig
    >>> reference_name("decoder.0.attention.output.bias", NeuroformerConfig(n_neurons=3))
    'neural_visual_transformer.neural_state_blocks.0.attn.proj.bias'
    """
    head = re.match(r"behaviour_heads\.([^.]+)\.", ours)
    if head:
        (group,) = (g for g, section in config.behaviours.items() if head[1] in section.variables)
        return ours.replace("behaviour_heads.", f"modality_projection_heads.{group}.")
    for pattern, theirs in RENAMED:
        ours = re.sub(pattern, theirs, ours)
    return ours


def _check_vocabulary(state: Mapping[str, Tensor], built: Neuroformer) -> None:
    sizes = {"ID": ("head_id.weight", built.tokenizer.id_size, "n_neurons"),
             "time": ("head_dt.weight", built.tokenizer.dt_size, "windows")}  # fmt: skip
    for kind, (name, size, key) in sizes.items():
        if name in state and len(state[name]) != size:
            raise DataFault(
                f"the {kind} vocabulary has {len(state[name])} tokens, that of the settings {size}",
                where=f"reference state dict, {name}", fix=f"change {key}",
            )  # fmt: skip
