"""Many small files of a day's events become one, beside the stream: each batch leaves one, and HDFS and Spark are slow
with thousands.

A day's merged files grow like the digits of a number, the oldest the largest, so that an event is copied a few times
and no day has more than MERGED of them, but for those that are LARGE. Ingest's files are left as they are.
"""

import shutil
from pathlib import Path

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.switch import Part, settle_all
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.events_file import EventsFile, events_file, events_name, merge, rows_by_batch
from shoplab.streaming.lease import Lease

BEHIND = 20  # batches that stay as they are, behind the newest
SMALL = 12  # files of one batch that a day may have, besides
MERGED = 4
MOST = 500  # files at a time, as where an earlier version has left thousands
LARGE = 128 << 20  # bytes, from which a merged file is not copied again
_GROWTH = 3


class Compaction:
    """Of one lab's stored events. It is told every account, in their order, and works meanwhile."""

    def __init__(self, catalog: Catalog, lease: Lease) -> None:
        self._catalog, self._lease = catalog, lease
        self._accounts, self._staged = Accounts(catalog), catalog.path("temp", "compaction")
        self._small: dict[str, set[int]] | None = None  # day -> batches whose events have a file of their own

    def take(self, account: BatchAccount) -> None:
        """Merges those files of which there are enough by now."""
        if self._small is None:
            self._small = self._look()
        for day in account.days:
            self._small.setdefault(day, set()).add(account.batch)
        newest = account.batch - BEHIND
        due = [day for day, batches in self._small.items() if sum(batch <= newest for batch in batches) > SMALL]
        # A job that is reading has listed files: they stay, and there are a few more of them meanwhile
        if not due or self._catalog.holders.any():
            return
        for day in due:
            batches, self._small[day] = self._small[day], set()  # one that fails comes again when there are more
            last = self._compact(day, newest)
            self._small[day] = {batch for batch in batches if batch > last}

    def _look(self) -> dict[str, set[int]]:
        """All days, after what an earlier stream may have left half done."""
        self._catalog.storage.delete(self._staged)
        if not self._catalog.holders.any():
            settle_all(self._catalog.storage, self._catalog.path("events"))
        days = self._catalog.partitions("events")
        found = {day: [file for file in self._files(day) if not file.is_merged] for day in days}
        return {day: {file.first for file in files} for day, files in found.items()}

    def _files(self, day: str) -> list[EventsFile]:
        found = (events_file(name, length) for name, length in self._part(day).files().items())
        return sorted((file for file in found if file), key=lambda file: file.first)

    def _part(self, day: str) -> Part:
        return self._catalog.part("events", f"date={day}")

    def _compact(self, day: str, newest: int) -> int:
        """Returns the last batch that has no file of its own any more."""
        part = self._part(day)
        part.settle()
        files = chosen([file for file in self._files(day) if file.last <= newest])
        if len(files) < 2:
            return newest
        name = events_name(files[0].first, files[-1].last)
        staged = f"{self._staged}/{name}"
        self._merge(part, files, staged)
        self._lease.check()
        part.switch({name: staged}, [file.name for file in files])
        if not self._catalog.holders.any():  # who began to read before that moment may have listed the old ones
            part.settle()
        return files[-1].last

    def _merge(self, part: Part, files: list[EventsFile], staged: str) -> None:
        """By way of local copies."""
        work = self._catalog.settings.home / "tmp" / "compaction"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            merge(((file, self._copy(part, file, work / "copy")) for file in files), work / "merged")
            self._catalog.storage.upload(work / "merged", staged)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _copy(self, part: Part, file: EventsFile, copy: Path) -> Path:
        """LabError where the file is not what its batch's account says: `verify` tells more."""
        self._catalog.storage.download(f"{part.folder}/{file.name}", copy)
        rows, day = rows_by_batch(file, copy), part.name.partition("=")[2]
        accounted = rows if file.is_merged else {file.first: self._accounts.of(file.first).days.get(day)}
        if not rows or rows != accounted:
            raise LabError(f"{part.folder}/{file.name} is not what its account says; see ./lab verify")
        return copy


def chosen(files: list[EventsFile]) -> list[EventsFile]:
    """Of a day's files, oldest first, those that are to be merged: from the first of a single batch on, and merged ones
    before it that are no larger than a few times these.
    """
    start = next((at for at, file in enumerate(files) if not file.is_merged), len(files))
    end = start + MOST
    large = max((at + 1 for at in range(start) if files[at].bytes >= LARGE), default=0)
    total = sum(file.bytes for file in files[start:end])
    while start > large and (files[start - 1].bytes < _GROWTH * total or start - large >= MERGED):
        start -= 1
        total += files[start].bytes
    return files[start:end]
