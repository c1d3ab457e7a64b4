"""Tokens of windows, one after another, until each has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from neurodecode.spikes.batches import take
from neurodecode.spikes.sampling import draw_tokens, forbid, token_probabilities
from neurodecode.spikes.stepping import Stepper

if TYPE_CHECKING:
    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.config_training import SamplingSection
    from neurodecode.spikes.model import Neuroformer


class Written(NamedTuple):
    """What was written for rows: windows, or draws of windows.

    Attributes
    ----------
    id, dt : Tensor of int64, shape (rows, block - 1)
        Tokens after SOS; PAD after the end.
    ended : Tensor of bool, shape (rows,)
        EOS, or PAD, came before the block was full.
    expected : Tensor, shape (rows, n_neurons)
        Probability of each neuron, summed over steps.
    """

    id: Tensor
    dt: Tensor
    ended: Tensor
    expected: Tensor


@torch.no_grad()
def write(
    model: Neuroformer,
    batch: SpikeBatch,
    numbers: Tensor,
    sampling: SamplingSection,
    *,
    n_draws: int = 1,
    cached: bool = True,
) -> Written:
    """Write the windows of one batch.

    Parameters
    ----------
    model : Neuroformer
        In evaluation mode.
    batch : SpikeBatch
        B windows; of the current tokens only SOS is read.
    numbers : Tensor, shape (B * n_draws, block - 1, 2)
        Uniform in [0, 1), for ID and time of each step.
    sampling : SamplingSection
    n_draws : int, default=1
        Row ``window * n_draws + draw`` of the result.
    cached : bool, default=True
        See :func:`generate`.
    """
    tokenizer = model.tokenizer
    draw = _Draw(model, sampling)
    n_rows, n_steps = numbers.shape[:2]
    ids = torch.full((n_rows, n_steps), tokenizer.pad, device=numbers.device)
    times = torch.full_like(ids, tokenizer.dt_pad)
    ended = torch.zeros(n_rows, dtype=torch.bool, device=numbers.device)
    expected = torch.zeros(n_rows, tokenizer.n_neurons, device=numbers.device)
    source = Stepper(model, batch, n_draws) if cached else _WholePass(model, batch, n_draws)
    active = torch.arange(n_rows, device=numbers.device)
    rows = active // n_draws
    last = batch["id"][rows, 0], batch["dt"][rows, 0]
    for step in range(n_steps):
        probabilities = draw.probabilities(*source.step(*last))
        expected[active] += probabilities[0][:, : tokenizer.n_neurons]
        last = draw.tokens(probabilities, numbers[active, step])
        ids[active, step], times[active, step] = last
        going = last[0] < tokenizer.eos
        if not bool(going.all()):
            ended[active[~going]] = True
            kept = going.nonzero()[:, 0]
            active, last = active[kept], (last[0][kept], last[1][kept])
            if not len(active):
                break
            source.keep(kept)
    return Written(ids, times, ended, expected)


class _Draw:
    """Probabilities and tokens by the settings."""

    def __init__(self, model: Neuroformer, sampling: SamplingSection) -> None:
        tokenizer, self.sampling = model.tokenizer, sampling
        device = next(model.parameters()).device
        self.first = model.config.corrections.temperature
        self.id_allowed = torch.ones(tokenizer.id_size, dtype=torch.bool, device=device)
        self.dt_allowed = torch.ones(tokenizer.dt_size, dtype=torch.bool, device=device)
        if sampling.valid_tokens:
            self.id_allowed[[tokenizer.sos, tokenizer.pad]] = False
            self.dt_allowed[tokenizer.windows.n_bins :] = False
        self.eos, self.dt_eos = tokenizer.eos, tokenizer.dt_eos

    def probabilities(self, ids: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        settings = self.sampling
        return (
            token_probabilities(
                forbid(ids, self.id_allowed), top_k=settings.top_k, top_p=settings.top_p,
                temperature=settings.temperature, temperature_first=self.first,
            ),
            token_probabilities(
                forbid(times, self.dt_allowed), top_k=settings.dt_top_k, top_p=settings.dt_top_p,
                temperature=settings.dt_temperature, temperature_first=self.first,
            ),
        )  # fmt: skip

    def tokens(
        self, probabilities: tuple[Tensor, Tensor], numbers: Tensor
    ) -> tuple[Tensor, Tensor]:
        if self.sampling.greedy:
            ids, times = (each.argmax(dim=-1) for each in probabilities)
        else:
            ids, times = (
                draw_tokens(each, number)
                for each, number in zip(probabilities, numbers.unbind(dim=-1), strict=True)
            )
        if self.sampling.valid_tokens:
            times = times.masked_fill(ids >= self.eos, self.dt_eos)
        return ids, times


class _WholePass:
    """The whole model for each token: what :class:`Stepper` saves."""

    def __init__(self, model: Neuroformer, batch: SpikeBatch, n_draws: int) -> None:
        self.model, self.length = model, 0
        rows = torch.arange(len(batch["id"])).repeat_interleave(n_draws)
        self.batch = take(batch, rows)
        self.batch["id"] = torch.full_like(self.batch["id"], model.tokenizer.pad)
        self.batch["dt"] = torch.full_like(self.batch["dt"], model.tokenizer.dt_pad)

    def step(self, ids: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        self.batch["id"][:, self.length], self.batch["dt"][:, self.length] = ids, times
        outputs = self.model(self.batch)
        self.length += 1
        return outputs.id[:, self.length - 1], outputs.dt[:, self.length - 1]

    def keep(self, rows: Tensor) -> None:
        self.batch = take(self.batch, rows)
