"""``neurodecode`` as a user types it, in this process: the jobs run here, one after another.

Snakemake is left out, with the process and the imports that it gives each job; the plan, the run
folder and its lock, the steps, their logs and the words on the screen are the program's own.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from neurodecode.cli import main
from neurodecode.workflow import run
from neurodecode.workflow.fingerprint import RULES
from neurodecode.workflow.plan import Plan
from neurodecode.workflow.progress import Progress
from neurodecode.workflow.step import run_step

REPOSITORY = Path(__file__).parents[2]
PROOF = {"fetch": "fetch/{}.json", "prepare": "stores/{}/store.json",
         "train": "model/{}/model.json",
         "evaluate": "evaluate/{}/metrics.json", "report": "report.json"}  # fmt: skip
"""The file that each job leaves last."""

KILLED = """
import os, pathlib, signal, sys
def kill(handle):
    os.ftruncate(handle, os.fstat(handle).st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = kill
from neurodecode.workflow.step import run_step
run_step(pathlib.Path(), *sys.argv[1:])
"""
"""A job whose first file is never finished."""


@dataclass
class Screen:
    """What a command left on the terminal."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def said(self):
        """Everything."""
        return self.stdout + self.stderr

    @property
    def lines(self):
        """The lines that tell of an error."""
        return [line for line in self.said.splitlines() if line.startswith("error:")]

    @property
    def fault(self):
        """The one line of a command that failed."""
        assert self.returncode in (1, 2), self.said
        assert "Traceback" not in self.said
        assert "unexpected " not in self.said
        assert len(self.lines) == 1, self.said
        return self.lines[0]


@dataclass
class Terminal:
    """A place to type commands.

    ``around`` maps a rule to a context its jobs run in; the jobs of the rule ``killed`` are ended
    by SIGKILL when half of a file is written. With ``snakemake`` it is Snakemake that plans, and
    runs, after all.
    """

    around: dict = field(default_factory=dict)
    killed: str = ""
    snakemake: bool = False

    def __call__(self, *words, **environment):
        """Carry a command out, in the folder of the project."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["neurodecode", *map(str, words)]
        with (
            patch.object(sys, "argv", argv), patch.dict(os.environ, COLUMNS="200", **environment),
            patch.object(run, "run_snakemake", self._engine), contextlib.chdir(REPOSITORY),
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        ):  # fmt: skip
            try:
                main()
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
        return Screen(code, out.getvalue(), err.getvalue())

    @property
    def _engine(self):
        return run.run_snakemake if self.snakemake else self._jobs

    def _jobs(self, snakefile, folder, options, console):
        """Run what is not there yet or forced, as ``run_snakemake`` would."""
        progress, keep_going = Progress(console, folder), "--keep-going" in options.extra
        forced, failed = False, ""
        for number, (rule, name) in enumerate(_asked(Plan.read(folder), options.until)):
            if failed not in ("", rule):
                break  # what follows waits for it
            forced |= rule in options.force
            if (folder / PROOF[rule].format(name)).is_file() and not forced:
                continue
            if self._job(folder, rule, name):
                progress._jobs[number] = (rule, name, 0.0)
                progress.handle("job_error", _Record(number, [f"logs/{rule}/{name}.log"]))
                failed = rule
                if not keep_going:
                    break
                continue
            progress._jobs[number] = (rule, name, 0.0)
            progress.handle("job_finished", _Record(number))
        return not progress.faults, progress

    def _job(self, folder, rule, name):
        """Run one job as its own process would, its words in its log; return its exit code."""
        log = folder / "logs" / rule / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if rule == self.killed:
            with log.open("w") as file:
                return subprocess.run([sys.executable, "-c", KILLED, rule, name], cwd=folder,
                                      stdout=file, stderr=file, timeout=120).returncode  # fmt: skip
        with (
            log.open("w") as file, contextlib.redirect_stdout(file),
            contextlib.redirect_stderr(file), contextlib.chdir(folder),
            warnings.catch_warnings(), self.around.get(rule, contextlib.nullcontext)(),
        ):  # fmt: skip
            warnings.simplefilter("ignore")
            return run_step(Path(), rule, name)


class _Record:
    """What Snakemake's logger says of a job that ended."""

    def __init__(self, number, logs=()):
        self.jobid, self.job_id, self.log = number, number, list(logs)


def _asked(plan, until):
    """Return rule and name of each job, in order."""
    names = {"fetch": [plan.dataset], "prepare": plan.stores, "train": plan.units,
             "evaluate": plan.units, "report": ["all"]}  # fmt: skip
    last = RULES.index(until or RULES[-1])
    return [(rule, name) for rule in RULES[: last + 1] for name in names[rule]]
