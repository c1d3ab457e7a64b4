"""One model of several sessions: a body that all share, and tables of the units of each."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.spikes.model import Neuroformer, initialise
from neurodecode.spikes.tokenizer import SpikeTokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.model import Maps, Outputs

N_SPECIAL = SpikeTokenizer(1).id_size - 1
"""Rows of a table that are no units: SOS, EOS, PAD."""
PREFIX, SUFFIX = "tables.", ".tokens.weight"
"""Around the name of a session in a state dict."""


class SessionTable(nn.Module):
    """What belongs to the units of one session.

    Parameters
    ----------
    tokens : Embedding, shape (n_units + 3, width)
        Of the units, SOS, EOS and PAD.
    id_head : Linear, shape (n_units + 3, width)
        Logits of the next ID.
    """

    def __init__(self, tokens: nn.Embedding, id_head: nn.Linear) -> None:
        super().__init__()
        self.tokens, self.id_head = tokens, id_head

    @classmethod
    def drawn(cls, n_units: int, width: int) -> Self:
        """Return an untrained table, drawn as that of a single model: normal, deviation 0.02."""
        size = n_units + N_SPECIAL
        table = cls(nn.Embedding(size, width), nn.Linear(width, size, bias=False))
        table.apply(initialise)
        return table

    @property
    def n_units(self) -> int:
        """Units of the session."""
        return self.tokens.num_embeddings - N_SPECIAL


class MultiSessionNeuroformer(nn.Module):
    """A :class:`Neuroformer` of sessions, or animals, whose units differ in number and identity.

    A session has a table of its own: embedding of tokens and head of IDs, with the special tokens,
    2 (n_units + 3) width parameters. All else is shared: codes of time, positions, encoders,
    stages, the head of times and those of behaviours. A selected session is a whole
    :class:`Neuroformer`, whose parameters are the very ones of this model: generation, rates,
    connectivity, decoding and freezing take it as it is, and its state dict is that of a single
    model. With one session this is that single model, from the same random numbers.

    Names of parameters: ``body.`` and the name in the single model, and
    ``tables.SESSION.tokens.weight``, ``tables.SESSION.id_head.weight``.

    Parameters
    ----------
    config : NeuroformerConfig
        Of all sessions; its ``n_neurons`` is replaced by that of each session.
    n_units : mapping of str to int
        Units of each session, in order: the body and the first table are drawn first, then the
        others.

    Attributes
    ----------
    config : NeuroformerConfig
        That of the first session.
    body : Neuroformer
        Without a table; not to be called.
    tables : ModuleDict of SessionTable

    Raises
    ------
    ConfigFault
        If there is no session, or one cannot have its name.
    DataFault
        If a session has no unit.

    Notes
    -----
    The original has one population for each model; others added tables by session to it later.
    Losses of sessions are no measure of one against the other, as their vocabularies differ.
    A model with other modalities takes a pretrained one over session by session,
    ``take_over(model.select(name), pretrained.select(name).state_dict())``.

    Examples
    --------
    >>> model = MultiSessionNeuroformer(config, {"monday": 31, "friday": 25})  # doctest: +SKIP
    >>> generate(model.select("friday"), windows)  # doctest: +SKIP
    """

    def __init__(self, config: NeuroformerConfig, n_units: Mapping[str, int]) -> None:
        super().__init__()
        if not n_units:
            raise ConfigFault("a model of no session", fix="give the units of one at least")
        (first, size), *others = n_units.items()
        self.tables = nn.ModuleDict()
        self._check(first, size)
        self._adopt(of_size(config, size).build(), first)
        for session, size in others:
            self.add_session(session, size)

    @classmethod
    def from_model(cls, model: Neuroformer, session: str) -> Self:
        """Return a model whose first session is a single model's population.

        Parameters
        ----------
        model : Neuroformer
            Trained, as a rule; its parameters are shared, not copied.
        session : str
            Name of its population.
        """
        with torch.device("meta"):  # no random draw, and no second copy
            built = cls(model.config, {session: model.config.n_neurons})
        built._adopt(model, session)
        return built.train(model.training)

    @property
    def n_units(self) -> dict[str, int]:
        """Units of each session, in order."""
        return {session: self.table(session).n_units for session in self.tables}

    def table(self, session: str) -> SessionTable:
        """Return the table of a session, or raise ConfigFault with the nearest name."""
        if session not in self.tables:
            raise ConfigFault(unknown("session", session, self.tables))
        table = self.tables[session]
        assert isinstance(table, SessionTable)
        return table

    def select(self, session: str) -> Neuroformer:
        """Return the model of one session, which shares its parameters with this one.

        Parameters
        ----------
        session : str

        Raises
        ------
        ConfigFault
            If there is no such session, with the nearest.
        """
        table = self.table(session)
        model = _sharing(self.body)
        model.config = of_size(self.config, table.n_units)
        model.tokenizer = model.config.tokenizer()
        model.tokens, model.id_head = table.tokens, table.id_head
        model.training = self.training
        return model

    def select_for(self, batch: SpikeBatch) -> Neuroformer:
        """Return the model of the session that a batch is from.

        Raises
        ------
        DataFault
            If the batch does not say it.
        """
        if "session" not in batch:
            raise DataFault(
                "the batch names no session",
                fix="take batches of MultiSessionData, or select a session",
            )
        return self.select(batch["session"])

    def forward(self, batch: SpikeBatch, maps: Maps | None = None) -> Outputs:
        """Return logits and features of a batch of one session: see :class:`Neuroformer`."""
        outputs: Outputs = self.select_for(batch)(batch, maps)
        return outputs

    def add_session(self, session: str, n_units: int, *, freeze: bool = False) -> Neuroformer:
        """Add the table of a new session; every other parameter stays as it is.

        Parameters
        ----------
        session : str
        n_units : int
        freeze : bool, default=False
            Stop the training of all else: of the body and of the other sessions' tables.

        Returns
        -------
        Neuroformer
            The model of the new session.

        Raises
        ------
        ConfigFault
            If there is one of this name, or it cannot be a name.
        DataFault
            If it has no unit.
        """
        self._check(session, n_units)
        if freeze:
            self.requires_grad_(False)
        like = self.body.dt_head.weight
        table = SessionTable.drawn(n_units, self.config.width).to(like.device, like.dtype)
        self.tables[session] = table.train(self.training)
        return self.select(session)

    def require(self, n_units: Mapping[str, int], *, where: str = "") -> None:
        """Compare sessions with those of the model.

        Parameters
        ----------
        n_units : mapping of str to int
            Units of each session.
        where : str, default=""
            File or data they are from.

        Raises
        ------
        DataFault
            One line with every session that has another number of units, or no table.
        """
        own = self.n_units
        wrong = [
            f"session '{session}' has {size} units, "
            + (f"the model's table {own[session]}" if session in own else "the model no table")
            for session, size in n_units.items() if own.get(session) != size
        ]  # fmt: skip
        if wrong:
            fix = "build the model for these units, or add_session"
            raise DataFault("; ".join(wrong), where=where, fix=fix)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *others: Any
    ) -> None:
        """Compare the sessions before a parameter is changed; PyTorch calls this first."""
        own, where = self.n_units, "state dict"
        saved = units_of({name.removeprefix(prefix): each for name, each in state_dict.items()})
        self.require(saved, where=where)
        absent = [f"'{session}' ({own[session]} units)" for session in own if session not in saved]
        if absent:
            known = ", ".join(f"'{session}' ({n} units)" for session, n in saved.items())
            what = f"session {', '.join(absent)} is not among those saved: {known or 'none'}"
            raise DataFault(what, where=where, fix="load what was saved, then add_session")
        super()._load_from_state_dict(state_dict, prefix, *others)

    def _adopt(self, model: Neuroformer, session: str) -> None:
        """Take the body of a single model, and its table for a session."""
        self.config = model.config
        self.tables[session] = SessionTable(model.tokens, model.id_head)
        self.body = _sharing(model)
        for name in ("tokens", "id_head"):  # None keeps the place, and so the order of parameters
            self.body.register_module(name, None)

    def _check(self, session: str, n_units: int) -> None:
        if session in self.tables:
            raise ConfigFault(f"there is a session '{session}' already")
        if not session or "." in session or hasattr(self.tables, session):
            fix = "a name without dots that is no word of PyTorch"
            raise ConfigFault(f"a session cannot be called '{session}'", fix=fix)
        if n_units < 1:
            raise DataFault(f"session '{session}' has {n_units} units", fix="leave it out")


def of_size(config: NeuroformerConfig, n_units: int) -> NeuroformerConfig:
    """Return the settings of a session of so many units."""
    return config.model_copy(update={"n_neurons": n_units})


def units_of(state: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the units of each session in a state dict of :class:`MultiSessionNeuroformer`.

    Parameters
    ----------
    state : mapping of str to Tensor

    Returns
    -------
    dict of str to int
        In the order of the state dict; files that sort names may have another.
    """
    return {
        name.removeprefix(PREFIX).removesuffix(SUFFIX): len(value) - N_SPECIAL
        for name, value in state.items()
        if name.startswith(PREFIX) and name.endswith(SUFFIX)
    }


def _sharing(model: Neuroformer) -> Neuroformer:
    """Return a model of the same parts; which parts those are, each decides for itself."""
    other = copy(model)
    other._modules = model._modules.copy()
    return other
