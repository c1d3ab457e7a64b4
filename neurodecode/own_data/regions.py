"""Which channels and regions the networks of ``emotion`` can use in a study's montage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.channels import canonical_name
from neurodecode.datasets.montage import standard_sites
from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.emotion.config import EmotionConfig
from neurodecode.emotion.decoders import decoder_of
from neurodecode.own_data.recordings import common_sites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.own_data.recordings import Header

N_REGIONS = 4
"""Of a montage without the EPOC's channels, for HiSTN: as many as the published G0 has."""
_REGIONS = {"hierarchy", "n_regions"}
"""Settings of ``network`` that say which regions there are."""


def fitted_to_channels(
    tree: Mapping[str, Any], headers: Sequence[Header]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings with channels that all recordings have, and regions that HiSTN can use.

    The published regions are those of the EPOC's fourteen channels. Where one is missing, regions
    are cut from the electrodes' places in the 10-05 system; where fewer electrodes than regions
    are known to it, the networks with regions are left out.

    Parameters
    ----------
    tree : mapping
        Settings; what they say of channels, regions and decoders is kept.
    headers : sequence of Header

    Returns
    -------
    tree : dict
    notes : tuple of str
        What was changed.
    """
    notes: list[str] = []
    signals, common = dict(tree.get("signals", {})), common_sites(headers)
    if signals.get("channels") is None and any(len(h.channels) > len(common) for h in headers):
        signals["channels"] = common
        notes.append(f"channels differ, the {len(common)} that all recordings have are taken")
    changed = {**tree, "signals": signals}
    names = {canonical_name(name) for name in signals.get("channels") or common}
    given = tree.get("network", {})
    if {canonical_name(name) for name in CHANNELS} <= names or given.keys() & _REGIONS:
        return changed, tuple(notes)
    placed = [name for name in names if name in standard_sites()]
    if len(placed) >= 2 * N_REGIONS:
        lost = len(names) - len(placed)
        notes.append(
            f"regions of HiSTN: {N_REGIONS}, cut from the places of {len(placed)} electrodes, not "
            f"the published ones of the EPOC's channels{f'; {lost} have no place' * bool(lost)}"
        )
        return {**changed, "network": {**given, "n_regions": N_REGIONS}}, tuple(notes)
    return _without_regions(changed, notes)


def _without_regions(
    tree: dict[str, Any], notes: list[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    models = tree.get("models", EmotionConfig.model_fields["models"].default)
    kept = [name for name in models if not decoder_of(name).has_regions]
    dropped = [name for name in models if decoder_of(name).has_regions]
    if not kept or not dropped:
        return tree, tuple(notes)
    notes.append(f"left out, the channels' names say no places to cut regions from: "
                 f"{', '.join(dropped)}; rename channels as in the 10-05 system, or give "
                 f"network.hierarchy")  # fmt: skip
    return {**tree, "models": kept}, tuple(notes)
