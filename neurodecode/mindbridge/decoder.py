"""A mindbridge model that left its run: from new responses to the pictures they are nearest to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json
from neurodecode.datasets.responses.local import require_table
from neurodecode.decoder_folder import SavedDecoder, describe_folder, read_settings
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.mindbridge.decoder_settings import DecoderSettings
from neurodecode.mindbridge.evaluation import decode, decode_linear
from neurodecode.mindbridge.loading import averaged_repetitions
from neurodecode.mindbridge.response_files import (
    ResponseFile,
    read_responses_file,
    require_rows,
    require_somebody,
    responses_of,
)
from neurodecode.mindbridge.retrieval import ROUNDING, cosine_table, share_of_best
from neurodecode.mindbridge.study import pool_by_stimulus
from neurodecode.persistence import load_tensors, refuse_mismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.mindbridge.decoder_settings import Person
    from neurodecode.mindbridge.model import MindBridge
    from neurodecode.onnx_network import OnnxNetwork

CANDIDATES, MASKS = "candidates", "masks"
EMBEDDINGS = "embeddings"
"""Name of the candidates' tensor."""


class BridgeDecoder(SavedDecoder):
    """Ranks pictures by the cosine of their embeddings with what a response is decoded into.

    Parameters
    ----------
    settings : DecoderSettings
    weights : mapping of str to Tensor
        Of the network without builders and second head, or of the linear map of each participant.
    candidates : sequence of str
        Stimuli.
    categories : sequence of str
        Of each, "" where unknown.
    embeddings : ndarray of float32, shape (n_candidates, *image_shape)
    masks : mapping of str to ndarray of int64, default none
        Places of a participant's voxels in the flattened grid of their mask.

    Raises
    ------
    DataFault
        If weights and settings do not fit together, or a participant's candidate has no embedding.

    Examples
    --------
    >>> decoder = BridgeDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(responses, participant="01", stimuli=shown)  # doctest: +SKIP
    """

    kind = "mindbridge"
    noun = "stimulus"

    def __init__(
        self,
        settings: DecoderSettings,
        weights: Mapping[str, torch.Tensor],
        candidates: Sequence[str],
        categories: Sequence[str],
        embeddings: NDArray[np.float32],
        masks: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> None:
        self.settings, self.weights = settings, dict(weights)
        self.network = _network(settings, self.weights)
        self.categories = dict(zip(candidates, categories, strict=True))
        self.embeddings, self.masks = embeddings, dict(masks or {})
        self._place = {name: k for k, name in enumerate(candidates)}
        for label, person in settings.people.items():
            lacking = [name for name in person.candidates if name not in self._place]
            if lacking:
                raise DataFault(f"candidate '{lacking[0]}' of participant {label} has no embedding")
        if embeddings.shape != (len(candidates), *settings.image_shape):
            raise DataFault(f"embeddings of shape {embeddings.shape} for {len(candidates)} "
                            f"candidates of {settings.image_shape}")  # fmt: skip

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and weights, candidates, and masks where there are any."""
        bank = read_json(folder / f"{CANDIDATES}.json")
        written = describe_folder(folder).files
        masks = load_tensors(folder, name=MASKS) if f"{MASKS}.json" in written else {}
        return cls(
            read_settings(folder, "model", DecoderSettings),
            load_tensors(folder),
            bank["names"],
            bank["categories"],
            load_tensors(folder, name=CANDIDATES)[EMBEDDINGS].numpy(),
            {label: places.numpy() for label, places in masks.items()},
        )

    @property
    def participants(self) -> tuple[str, ...]:
        """Those whose responses can be decoded."""
        return tuple(self.settings.people)

    def person(self, label: str | None) -> Person:
        """Return what is known of a participant.

        Raises
        ------
        DataFault
            If nobody is named, or somebody else.
        """
        if label is None:
            raise DataFault(
                "whose responses are these? Each participant has voxels of their own",
                fix=f"--participant, one of {', '.join(self.participants)}",
            )
        if label not in self.settings.people:
            raise DataFault(unknown("participant", label, self.participants),
                            fix=f"there are {', '.join(self.participants)}; somebody new needs a "
                            "training of their own (tuning.lengths)")  # fmt: skip
        return self.settings.people[label]

    def read(self, path: Path) -> ResponseFile:
        """Return the responses in a file; for the forms see :func:`read_responses_file`.

        Raises
        ------
        DataFault
            If it is absent, broken, of another kind, or has the voxels of no participant.
        """
        file = read_responses_file(path)
        require_somebody(file, self.settings.people)
        return file

    def infer(self, pooled: NDArray[np.float32], participant: str) -> NDArray[np.float32]:
        """Return estimates (n, *image_shape) of pooled responses (n, pooled_size)."""
        shape = self.settings.image_shape
        if self.network is None:
            return decode_linear(self.weights, pooled, participant, shape)
        return decode(self.network, torch.from_numpy(pooled), participant)

    def onnx_network(self, participant: str | None = None) -> OnnxNetwork:
        """Return the network from pooled responses to targets, for ``neurodecode export``.

        Parameters
        ----------
        participant : str, optional
            Built in; None: an input.

        Raises
        ------
        ConfigFault
            If the decoder is a linear map, which has no network.
        DataFault
            If the participant is unknown.
        """
        from neurodecode.mindbridge.onnx_export import network_of

        if self.network is None:
            raise ConfigFault(f"'{self.settings.name}' is a linear map, there is no network",
                              fix="export a run whose first model is a network")  # fmt: skip
        if participant is not None:
            self.person(participant)
        return network_of(self.settings, self.network, participant)

    def cosines(self, estimates: NDArray[np.float32], participant: str) -> NDArray[np.float64]:
        """Return the cosine of each estimate with each candidate, (n, n_candidates)."""
        rows = [self._place[name] for name in self.person(participant).candidates]
        return cosine_table(estimates, self.embeddings[rows])

    def predict(
        self,
        data: ResponseFile | NDArray[Any],
        *,
        participant: str | None = None,
        top: int = 5,
        stimuli: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Rank the held-out stimuli of a participant for each stimulus that was shown.

        Responses to one stimulus are pooled each, then averaged, as the run tests. A response to
        an unnamed stimulus stands for itself.

        Parameters
        ----------
        data : ResponseFile, or ndarray of shape (n_responses, n_voxels)
        participant : str
            Whose they are.
        top : int, default=5
            Candidates of each row.
        stimuli : sequence of str, shape (n_responses,), optional
            Of an array: what each response is to, "" where unknown.

        Returns
        -------
        DataFrame
            A row per stimulus and candidate: ``stimulus`` (place, by name, then in the order of
            the responses), ``rank``, ``candidate``, ``category``, ``score`` (cosine),
            ``n_candidates``, ``true``, ``true_rank`` (0: no candidate, or unknown), ``hit`` (first
            place, shared among equals; NaN where unknown), ``n_responses``, ``note``.

        Raises
        ------
        DataFault
            No or another participant, other voxels or mask, values that are not finite or of
            another scale.
        """
        person = self.person(participant)
        assert participant is not None
        file = data if isinstance(data, ResponseFile) else _as_file(data, stimuli)
        require_somebody(file, self.settings.people)
        values = responses_of(file, participant, person, self.masks.get(participant))
        shown, pooled, counts = self.pooled(values, file.stimuli, participant)
        scores = self.cosines(self.infer(pooled, participant), participant)
        return self._table(scores, shown, counts, person, top)

    def summary(self, found: pd.DataFrame) -> list[str]:
        """Return how many stimuli there are and, where they are candidates, the accuracy."""
        first = found[found["rank"] == 1]
        lines = [f"{len(first)} stimuli decoded from {first['n_responses'].sum()} responses"]
        known = first.dropna(subset="hit")
        if len(known):
            lines.append(
                f"top-1 accuracy {known['hit'].mean():.3f}, chance "
                f"{1 / known['n_candidates'].iloc[0]:.3f}, {len(known)} stimuli that are candidates"
            )
        return lines

    def pooled(
        self, values: NDArray[np.float32], stimuli: Sequence[str], participant: str
    ) -> tuple[list[str], NDArray[np.float32], NDArray[np.int64]]:
        """Return stimuli, sorted, the pooled response to each, and how many it is the mean of."""
        alone = [f"\0{k:09d}" for k in range(len(values))]  # sorts by place, and is nobody's name
        named = [name or alone[k] for k, name in enumerate(stimuli)] or alone
        shown = sorted(set(named))
        pooled, counts = pool_by_stimulus(
            values, np.arange(len(values)), pd.Series(named), shown, self.settings.bridge,
            where=f"participant {participant}",
        )  # fmt: skip
        names = ["" if name.startswith("\0") else name for name in shown]
        return names, averaged_repetitions(pooled, counts), counts

    def _table(
        self, scores: NDArray[np.float64], shown: Sequence[str], counts: NDArray[np.int64],
        person: Person, top: int,
    ) -> pd.DataFrame:  # fmt: skip
        names = np.asarray(person.candidates)
        order = np.argsort(-scores, axis=1, kind="stable")[:, : max(1, top)]
        ranks, hits = _truth(scores, shown, person.candidates)
        n, kept = order.shape
        return pd.DataFrame({
            "stimulus": np.repeat(np.arange(n), kept),
            "rank": np.tile(np.arange(1, kept + 1), n),
            "candidate": names[order].ravel(),
            "category": [self.categories[name] for name in names[order].ravel()],
            "score": np.take_along_axis(scores, order, axis=1).ravel(),
            "n_candidates": len(names),
            "true": np.repeat(np.asarray(shown, dtype=object), kept),
            "true_rank": np.repeat(ranks, kept),
            "hit": np.repeat(hits, kept),
            "n_responses": np.repeat(counts, kept),
            "note": "",
        })  # fmt: skip


def _network(settings: DecoderSettings, weights: Mapping[str, torch.Tensor]) -> MindBridge | None:
    """Return the network with its weights, None of linear maps; refuse weights that do not fit."""
    if settings.form == "network":
        with torch.device("meta"):  # no random draw, and no second copy
            network = settings.build()
        expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
        refuse_mismatch(expected, weights, where="weights of the decoder")
        network.load_state_dict(dict(weights), assign=True)
        return network.eval()
    size = int(np.prod(settings.image_shape))
    shapes = {"weights": (size, settings.bridge.pooled_size), "intercept": (size,)}
    refuse_mismatch(
        {f"{label}.{name}": shape for label in settings.people for name, shape in shapes.items()},
        weights, where="weights of the decoder",
    )  # fmt: skip
    return None


def _truth(
    scores: NDArray[np.float64], shown: Sequence[str], candidates: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rank and hit of what was shown; 0 and NaN where it is unknown or no candidate."""
    place = {name: k for k, name in enumerate(candidates)}
    columns = np.array([place.get(name, -1) for name in shown])
    known = columns >= 0
    ranks, hits = np.zeros(len(shown), dtype=np.int64), np.full(len(shown), np.nan)
    own = scores[known, columns[known]][:, None]
    ranks[known] = 1 + (scores[known] > own + ROUNDING).sum(axis=1)
    hits[known] = share_of_best(scores[known], columns[known])
    return ranks, hits


def _as_file(values: NDArray[Any], stimuli: Sequence[str]) -> ResponseFile:
    place = Path("array")
    require_table(values, place)
    require_rows(tuple(stimuli), len(values), place)
    return ResponseFile(place, values, tuple(stimuli))
