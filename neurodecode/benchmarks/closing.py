"""The sections with which every benchmark's report ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.ratios import VERDICTS
from neurodecode.report.model import Section, Table
from neurodecode.report.sections import claims_section, data_section, provenance_section

if TYPE_CHECKING:
    from neurodecode.report.model import Claim
    from neurodecode.workflow.step import Job


def closing_sections(
    job: Job, claims: Sequence[Claim], machine: Mapping[str, Any], *, first: str
) -> list[Section]:
    """Claims, machine, arrays and provenance; ``first`` says what must be equal before times."""
    return [
        claims_section(claims, f"{VERDICTS} {first}", source="neurodecode says"),
        Section("Machine", [Table(("", ""), [(k, str(v)) for k, v in machine.items()])]),
        data_section(job.folder, [job.store(name) for name in job.plan.subjects]),
        provenance_section(job.folder),
    ]
