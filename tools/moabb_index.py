"""Write data/catalog/moabb-index.json: the facts of every data set of the installed MOABB.

Run after a MOABB upgrade: ``python tools/moabb_index.py``. A test holds the file against the
installed version.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "data" / "catalog" / "moabb-index.json"


def facts(dataset: Any) -> dict[str, Any]:
    """Return what MOABB states of one data set, without what it leaves open."""
    found = {
        "subjects": _range([str(label) for label in dataset.subject_list]),
        "sessions_per_subject": dataset.n_sessions,
        "paradigm": dataset.paradigm,
        "events": {str(key): code for key, code in dataset.event_id.items()},
        "interval": [float(limit) for limit in dataset.interval or ()],
        "doi": dataset.doi,
        **_metadata(dataset.metadata),
    }
    return {key: value for key, value in found.items() if value not in (None, [], {})}


def build() -> dict[str, Any]:
    """Return the whole index: MOABB's version and the facts by class name."""
    from moabb.datasets import utils

    utils._init_dataset()
    datasets = {
        name: facts(make()) for name, make in sorted(utils.dataset_dict.items()) if _real(name)
    }
    return {"moabb": version("moabb"), "datasets": datasets}


def _real(name: str) -> bool:
    """Leave out MOABB's simulated data sets: they hold no recording."""
    return not name.startswith("Fake")


def _metadata(metadata: Any) -> dict[str, Any]:
    if metadata is None:
        return {}
    acquisition, documentation = metadata.acquisition, metadata.documentation
    types = (acquisition.channel_types if acquisition else None) or {}
    data_channels = sum(types.get(kind, 0) for kind in ("eeg", "meg", "fnirs"))
    return {
        "channels": data_channels or None,
        "sfreq": acquisition.sampling_rate if acquisition else None,
        "licence": documentation.license if documentation else None,
        "url": documentation.data_url if documentation else None,
    }


def _range(labels: list[str]) -> list[str] | dict[str, int]:
    """Write 1, 2, ..., n as {first, last}."""
    if labels and labels == [str(i) for i in range(int(labels[0]), int(labels[-1]) + 1)]:
        return {"first": int(labels[0]), "last": int(labels[-1])}
    return labels


def main() -> int:
    """Write the index and print how many data sets it holds."""
    index = build()
    rows = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in index["datasets"].items()]
    text = f'{{"moabb": "{index["moabb"]}", "datasets": {{\n' + ",\n".join(rows) + "\n}}\n"
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(rows)} data sets of MOABB {index['moabb']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
