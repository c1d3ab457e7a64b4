"""Two processes with half of the batch each learn what one process with all of it learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from neurodecode.contrastive import ClipLoss, gather_batch

OPTIONS = [
    {},
    {"symmetric": True, "normalise_estimates": True, "learn_temperature": True},
    {"group_size": 3, "merge_duplicates": True},
]
PROGRAM = """
import json, sys, warnings
warnings.simplefilter("error")
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from neurodecode.contrastive import ClipLoss, gather_batch
from neurodecode.faults import DataFault

meeting, rank, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
dist.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=2)

class Both(torch.nn.Module):
    def __init__(self, options):
        super().__init__()
        torch.manual_seed(0)
        self.brain, self.speech = torch.nn.Linear(6, 4), torch.nn.Linear(5, 4)
        self.loss = ClipLoss(gather=True, **options)
    def forward(self, signals, mels, segments):
        return self.loss(self.brain(signals), self.speech(mels), segments)

generator = torch.Generator().manual_seed(1)
signals = torch.randn(8, 6, generator=generator)
mels = torch.randn(8, 5, generator=generator)
segments = torch.tensor([0, 1, 2, 0, 3, 1, 4, 4])
half = slice(4 * rank, 4 * rank + 4)
results = []
for option in options:
    model = DistributedDataParallel(Both(option))
    loss = model(signals[half], mels[half], segments[half])
    loss.backward()
    gradients = [p.grad.flatten().tolist() for p in model.parameters()]
    results.append([loss.item(), gradients])
try:
    gather_batch(signals[: 4 - rank])
except DataFault as fault:
    results.append(str(fault))
print(json.dumps(results))
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    """Return what each of two processes found: loss and gradients per option, and the fault."""
    meeting = str(tmp_path_factory.mktemp("run") / "meeting")
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, meeting, str(rank), json.dumps(OPTIONS)],
            stdout=subprocess.PIPE, text=True, env=environment,
        )
        for rank in range(2)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def alone(options):
    """Return loss and gradients of one process with the whole batch."""
    torch.manual_seed(0)
    brain, speech = torch.nn.Linear(6, 4), torch.nn.Linear(5, 4)
    loss = ClipLoss(gather=True, **options)
    generator = torch.Generator().manual_seed(1)
    signals = torch.randn(8, 6, generator=generator)
    mels = torch.randn(8, 5, generator=generator)
    value = loss(brain(signals), speech(mels), torch.tensor([0, 1, 2, 0, 3, 1, 4, 4]))
    value.backward()
    parameters = [*brain.parameters(), *speech.parameters(), *loss.parameters()]
    return value, [parameter.grad.flatten() for parameter in parameters]


@pytest.mark.parametrize("case", range(len(OPTIONS)), ids=[str(options) for options in OPTIONS])
def test_loss_and_gradients_of_two_processes_are_those_of_one(two_processes, case):
    expected, expected_gradients = alone(OPTIONS[case])
    for results in two_processes:
        value, gradients = results[case]
        assert value == pytest.approx(expected.item(), rel=1e-6)
        assert len(gradients) == len(expected_gradients)
        for found, wanted in zip(gradients, expected_gradients, strict=True):
            torch.testing.assert_close(torch.tensor(found), wanted, atol=1e-6, rtol=1e-5)


def test_batches_of_different_sizes_are_refused_in_every_process(two_processes):
    for *_, fault in two_processes:
        assert fault.startswith("processes have batches of 4, 3 trials")


def test_without_a_distributed_run_the_batch_is_the_own_one():
    values = torch.randn(3, 2)
    assert gather_batch(values) is values
