"""Codes of ADNI's FreeSurfer tables (UCSFFSX, UCSFFSL): ``ST<number><type>`` to our names.

Types are CV (volume of a cortical region), SV (of a structure of ``aseg``), TA (mean thickness), SA
(area); TS (deviation of the thickness) and HS (hippocampal subfields) are not read. Numbers follow
the alphabet: ST1 to ST9 are unpaired, ST10CV is the intracranial volume, ST11 to ST67 the left
side, the same parts of the right side have 59 more; the insula came later, ST129 and ST130. As the
dictionary of the UCSFFSL tables says.
"""

from __future__ import annotations

import re

from neurodecode.datasets.morphometry.names import REGIONS, region_measure

ETIV_CODE = "ST10CV"

_UNPAIRED: dict[int, str] = {
    1: "brain_stem", 2: "cc_anterior", 3: "cc_central", 4: "cc_mid_anterior",
    5: "cc_mid_posterior", 6: "cc_posterior", 7: "csf", 8: "5th_ventricle", 9: "4th_ventricle",
    68: "non_wm_hypointensities", 69: "optic_chiasm", 127: "3rd_ventricle",
    128: "wm_hypointensities",
}  # fmt: skip
_LEFT: dict[int, str] = {
    11: "accumbens_area", 12: "amygdala", 13: "bankssts", 14: "caudalanteriorcingulate",
    15: "caudalmiddlefrontal", 16: "caudate", 17: "cerebellum_cortex",
    18: "cerebellum_white_matter", 21: "choroid_plexus", 23: "cuneus", 24: "entorhinal",
    25: "frontalpole", 26: "fusiform", 29: "hippocampus", 30: "inf_lat_vent",
    31: "inferiorparietal", 32: "inferiortemporal", 34: "isthmuscingulate",
    35: "lateraloccipital", 36: "lateralorbitofrontal", 37: "lateral_ventricle", 38: "lingual",
    39: "medialorbitofrontal", 40: "middletemporal", 42: "pallidum", 43: "paracentral",
    44: "parahippocampal", 45: "parsopercularis", 46: "parsorbitalis", 47: "parstriangularis",
    48: "pericalcarine", 49: "postcentral", 50: "posteriorcingulate", 51: "precentral",
    52: "precuneus", 53: "putamen", 54: "rostralanteriorcingulate",
    55: "rostralmiddlefrontal", 56: "superiorfrontal", 57: "superiorparietal",
    58: "superiortemporal", 59: "supramarginal", 60: "temporalpole", 61: "thalamus",
    62: "transversetemporal", 65: "ventraldc", 66: "vessel",
}  # fmt: skip
_TO_THE_RIGHT = 59

_SIDED: dict[int, tuple[str, str]] = {
    **{number: ("left", part) for number, part in _LEFT.items()},
    **{number + _TO_THE_RIGHT: ("right", part) for number, part in _LEFT.items()},
    129: ("left", "insula"),
    130: ("right", "insula"),
}
_KINDS = {"CV": "volume", "SV": "volume", "TA": "thickness", "SA": "area"}
_CODE = re.compile(r"ST(\d+)(CV|SV|TA|SA)(?:_UCSF\w+)?$")


def adni_measure(code: str) -> str | None:
    """Return our name of a column; None if it is no measure that is read.

    ``ST24TA`` is ``lh_entorhinal_thickness``, ``ST88SV`` ``right_hippocampus_volume``; the long
    ending that the codes have in the TADPOLE tables does not matter.
    """
    found = _CODE.match(code)
    if found is None:
        return None
    number, kind = int(found[1]), _KINDS[found[2]]
    if number in _UNPAIRED:
        return f"{_UNPAIRED[number]}_volume" if found[2] == "SV" else None
    if number not in _SIDED:
        return None
    side, part = _SIDED[number]
    if part in REGIONS:
        hemisphere = {"left": "lh", "right": "rh"}[side]
        return region_measure(hemisphere, part, kind) if found[2] != "SV" else None
    return f"{side}_{part}_volume" if found[2] == "SV" else None


def is_etiv(code: str) -> bool:
    """Return whether a column is the intracranial volume."""
    return code == ETIV_CODE or code.startswith(f"{ETIV_CODE}_UCSF")
