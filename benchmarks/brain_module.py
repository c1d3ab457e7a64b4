"""Times a training step of the brain module beside a plain translation of the article's text.

    python benchmarks/brain_module.py [THREADS]

Published size: 208 sensors, 361 samples, 27 participants, 1024 outputs; 16 trials per batch. The
plain module computes Fourier features and attention trial by trial, as one would write it first.
Both start from the same parameters; their losses must agree before anything is timed.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional

from neurodecode.contrastive import BrainModule, clip_loss

N_TRIALS, N_CHANNELS, N_SAMPLES, N_PARTICIPANTS, N_OUTPUTS = 16, 208, 361, 27, 1024
PAIRS = 9
TARGET = 1.3


class PlainAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.Parameter(torch.randn(270, 2048) / 2048**0.5)

    def forward(self, signals: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        waves = 2 * torch.pi * torch.arange(32) / 1.4
        x, y = (positions + 0.2).unbind(dim=-1)
        angles = x[..., None, None] * waves[:, None] + y[..., None, None] * waves
        angles = angles.flatten(-2)
        features = torch.cat([angles.cos(), angles.sin()], dim=-1)
        scores = torch.einsum("bcd,od->boc", features, self.heads)
        banned = positions.isnan().any(dim=-1)
        if self.training:
            banned = banned | ((positions - torch.rand(2)).norm(dim=-1) <= 0.2)
        weights = scores.masked_fill(banned[:, None], float("-inf")).softmax(dim=-1)
        return torch.einsum("bct,boc->bot", signals, weights)


class PlainParticipants(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(N_PARTICIPANTS, 270, 270) / 270**0.5)

    def forward(self, signals: torch.Tensor, subjects: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bct,bcd->bdt", signals, self.weights[subjects])


class PlainConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers, self.gates = nn.ModuleList(), nn.ModuleList()
        for i in range(10):
            d = 2 ** (i % 5)
            convolution = nn.Conv1d(320 if i else 270, 320, 3, padding=d, dilation=d)
            self.layers.append(nn.Sequential(convolution, nn.BatchNorm1d(320), nn.GELU()))
            if i % 2:
                self.gates.append(nn.Sequential(nn.Conv1d(320, 640, 3, padding=1), nn.GLU(dim=1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, layer in enumerate(self.layers):
            x = x + layer(x) if i else layer(x)
            x = self.gates[i // 2](x) if i % 2 else x
        return x


class PlainBrainModule(nn.Module):
    """The published network, layer by layer."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = PlainAttention()
        self.initial = nn.Conv1d(270, 270, 1)
        self.participants = PlainParticipants()
        self.convolutions = PlainConvolutions()
        self.head = nn.Sequential(nn.Conv1d(320, 640, 1), nn.GELU(), nn.Conv1d(640, N_OUTPUTS, 1))

    def forward(self, signals: torch.Tensor, positions: torch.Tensor, subjects: torch.Tensor):
        signals = self.initial(self.attention(signals, positions))
        return self.head(self.convolutions(self.participants(signals, subjects)))


def plain_loss(estimates: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    candidates = candidates / (1e-8 + candidates.norm(dim=(1, 2), keepdim=True))
    scores = torch.einsum("ift,jft->ij", estimates, candidates)
    return functional.cross_entropy(scores, torch.arange(len(scores)))


class Trainer:
    """One model, its loss, its optimiser, and the positions in the form it takes."""

    def __init__(self, model: nn.Module, loss, positions: torch.Tensor) -> None:
        self.model, self.loss, self.positions = model, loss, positions
        self.optimiser = torch.optim.Adam(model.parameters(), lr=3e-4)

    def step(self, seed: int, signals, subjects, targets) -> tuple[float, float]:
        """Take one step; return its loss and its wall seconds."""
        torch.manual_seed(seed)  # the disc of spatial dropout
        began = time.perf_counter()
        self.optimiser.zero_grad()
        loss = self.loss(self.model(signals, self.positions, subjects), targets)
        loss.backward()
        self.optimiser.step()
        return loss.item(), time.perf_counter() - began


def main() -> None:
    """Check that losses agree, then print the median step times and the median ratio."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    positions = torch.rand(N_CHANNELS, 2)
    batch = (
        torch.randn(N_TRIALS, N_CHANNELS, N_SAMPLES),
        torch.randint(N_PARTICIPANTS, (N_TRIALS,)),
        torch.randn(N_TRIALS, N_OUTPUTS, N_SAMPLES),
    )
    ours, plain = BrainModule(N_OUTPUTS, N_PARTICIPANTS), PlainBrainModule()
    plain.load_state_dict(ours.state_dict())
    own = Trainer(ours, clip_loss, positions)
    other = Trainer(plain, plain_loss, positions.expand(N_TRIALS, -1, -1))
    for seed in range(2):  # also warms up
        losses = own.step(seed, *batch)[0], other.step(seed, *batch)[0]
        print(f"loss of step {seed}: ours {losses[0]:.7f}, plain {losses[1]:.7f}")
        if abs(losses[0] - losses[1]) > 1e-5:
            sys.exit("the two models disagree, nothing to compare")
    times = [
        (own.step(seed, *batch)[1], other.step(seed, *batch)[1]) for seed in range(2, 2 + PAIRS)
    ]
    ratio = statistics.median(slow / fast for fast, slow in times)
    print(f"ours  {statistics.median(fast for fast, _ in times):6.2f} s per step")
    print(f"plain {statistics.median(slow for _, slow in times):6.2f} s per step")
    print(f"plain / ours {ratio:.2f} (target {TARGET:g}), median of {PAIRS}, {threads} thread(s)")


if __name__ == "__main__":
    main()
