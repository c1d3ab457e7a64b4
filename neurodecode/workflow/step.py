"""Runs one job of a pipeline: the program behind every Snakemake rule."""

from __future__ import annotations

import errno
import importlib.util
import os
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from neurodecode.artefacts import write_json
from neurodecode.config import Experiment, read_yaml, validate
from neurodecode.faults import EXTRA_OF, DiskFault, Fault, package_missing
from neurodecode.workflow.plan import Plan
from neurodecode.workflow.project import Pipeline

if TYPE_CHECKING:
    from neurodecode.datasets.catalog import Card

DRIVER = "NEURODECODE_DRIVER"
"""Variable that names the process to follow: PID@HOST."""
FAULT_PREFIX = "fault: "


@dataclass(frozen=True)
class Job:
    """One job: what a step needs to know.

    Attributes
    ----------
    rule : str
        ``fetch``, ``prepare``, ``train``, ``evaluate`` or ``report``.
    name : str
        Data set, store or unit the job is for.
    folder : Path
        The run folder.
    """

    rule: str
    name: str
    folder: Path
    plan: Plan
    config: Experiment

    @property
    def manifest(self) -> Path:
        """The data set's manifest."""
        return self.folder / "fetch" / f"{self.plan.dataset}.json"

    @property
    def subjects(self) -> list[str]:
        """The subjects of this job's store (of all stores, where the job is for something else)."""
        return self.plan.stores.get(self.name, self.plan.subjects)

    def store(self, name: str) -> Path:
        """Return the folder of one store: of one subject, unless ``Experiment.stores`` differs."""
        return self.folder / "stores" / name

    @property
    def card(self) -> Card:
        """The data set's catalogue card."""
        from neurodecode.datasets.catalog import card_of

        return card_of(self.config.data, [Path(self.plan.catalog)])

    @property
    def data_root(self) -> Path:
        """Where the recordings are: this machine's data root, or the run itself if simulated."""
        from neurodecode.datasets.paths import data_root

        return self.folder / "raw" if self.card.access == "simulated" else data_root()

    @property
    def stores(self) -> list[Path]:
        """The store folders this unit reads (all of them, for the report)."""
        return [self.store(name) for name in self.plan.units.get(self.name, self.plan.stores)]

    @property
    def model(self) -> Path:
        """The folder of this unit's fitted models."""
        return self.model_of(self.name)

    def model_of(self, unit: str) -> Path:
        """Return the folder of one unit's fitted models."""
        return self.folder / "model" / unit

    @property
    def evaluation(self) -> Path:
        """The folder of this unit's predictions and metrics."""
        return self.folder / "evaluate" / self.name

    @property
    def evaluations(self) -> list[Path]:
        """The evaluation folders of all units."""
        return [self.folder / "evaluate" / unit for unit in self.plan.units]


def load_job(folder: Path, rule: str, name: str) -> tuple[Job, ModuleType]:
    """Read plan and configuration of a run folder and import its pipeline's steps."""
    plan = Plan.read(folder)
    steps = Path(plan.steps)
    pipeline = Pipeline(plan.pipeline, steps.parent, steps.parent)
    config = validate(pipeline.config_model, read_yaml(folder / "config.yaml"))
    return Job(rule, name, folder, plan, config), _import_steps(steps)


def run_step(folder: Path, rule: str, name: str) -> int:
    """Run one job and return its exit code; time and memory go to ``timings/``.

    A :class:`Fault` ends the log with one ``fault:`` line; any other error also leaves its
    traceback in the log.
    """
    _follow_driver()
    start, cpu = time.perf_counter(), time.process_time()
    try:
        job, steps = load_job(folder, rule, name)
        summary = getattr(steps, rule)(job) or ""
    except Fault as fault:
        print(f"{FAULT_PREFIX}{fault}", file=sys.stderr)
        return 3
    except Exception as error:
        traceback.print_exc()
        print(f"{FAULT_PREFIX}{_unexpected(error)}", file=sys.stderr)
        return 4
    record = {
        "rule": rule,
        "name": name,
        "summary": summary,
        "wall_s": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "peak_memory_mb": _peak_memory_mb(),
        "finished": time.time(),
    }
    write_json(folder / "timings" / rule / f"{name}.json", record)
    return 0


def _import_steps(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"neurodecode_steps_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unexpected(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"out of memory: {error} -> fewer subjects, channels or a smaller order"
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRA_OF:
        return str(package_missing(error))
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return str(DiskFault("the disk is full", where=str(error.filename or ""), fix="free space"))
    return f"unexpected {type(error).__name__}: {error} -> the log has the details"


def _peak_memory_mb() -> float:
    """Peak resident memory of this process in MB (Linux counts in KiB, macOS in bytes)."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _follow_driver() -> None:
    """End this process when the command that started the run is gone (``kill -9``).

    A job that a cluster sent to another computer cannot see it, and goes on.
    """
    pid, _, host = os.environ.get(DRIVER, "").partition("@")
    if host != socket.gethostname():
        return

    def watch(pid: int) -> None:
        while True:
            time.sleep(0.5)
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                os._exit(5)
            except PermissionError:
                return

    threading.Thread(target=watch, args=(int(pid),), daemon=True).start()
