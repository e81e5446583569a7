"""What is kept of a file that was taken in: its rows' account, and how it was written."""

import re
from dataclasses import dataclass, field

from shoplab.core.catalog import Catalog
from shoplab.core.console import one_line
from shoplab.events.sources import SourceFile


@dataclass(frozen=True)
class IngestSummary:
    """rows = clean + duplicates + rejected. added: the clean rows that were not in the lab before."""

    file: str
    rows: int
    clean: int
    duplicates: int
    rejected: int
    added: int
    filled_sessions: int
    months: list[str]
    reasons: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def line(self) -> str:
        """The account of the rows, in one line."""
        text = (
            f"{one_line(self.file)}: {self.rows:,} rows = {self.clean:,} clean + {self.duplicates:,} exact duplicates"
            f" + {self.rejected:,} rejected"
        )
        if self.added < self.clean:
            text += f"; {self.clean - self.added:,} were in the lab already, {self.added:,} added"
        if self.filled_sessions:
            text += f"; {self.filled_sessions:,} got a session by the 30-minute gap"
        if self.reasons:
            text += "; rejected: " + ", ".join(f"{reason} ({number:,})" for reason, number in self.reasons.items())
        return "; ".join([text, *self.remarks])


def total(summaries: list[IngestSummary]) -> str:
    """The account of several files, in one line."""
    rows, clean, duplicates, bad, added = (
        sum(getattr(summary, name) for summary in summaries)
        for name in ("rows", "clean", "duplicates", "rejected", "added")
    )
    return (
        f"{len(summaries)} files: {rows:,} rows = {clean:,} clean + {duplicates:,} exact duplicates"
        f" + {bad:,} rejected; {added:,} added"
    )


def manifest(folder: str, name: str) -> str:
    """Where the account of a raw file lies."""
    return f"{folder}/_ingest/{name}.json"


def origin(source: SourceFile) -> dict[str, object]:
    """What the account keeps of a file, so that its rejected rows can be written as they stood in it. columns: of each
    of its tables; none of those that are no lines of values.
    """
    csv = [part.dialect for part in source.parts if part.dialect and not part.dialect.json]
    return {
        "sha256": source.sha256,
        "columns": [list(dialect.names) if dialect.header else [] for dialect in csv],
        "delimiter": csv[0].delimiter if csv else "",
        "encoding": csv[0].encoding if csv else "utf-8",
    }


def raw_name(catalog: Catalog, folder: str, source: SourceFile) -> str:
    """The file's own name, as far as HDFS takes it; with a part of its checksum where another file of that name is
    there: raw files never change.
    """
    name = re.sub(r"^\.|[:\x00-\x1f\x7f]", "_", source.path.name)
    said = manifest(folder, name)
    if not catalog.storage.exists(said) or catalog.storage.read_json(said)["sha256"] == source.sha256:
        return name
    return f"{source.sha256[:8]}-{name}"
