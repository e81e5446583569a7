"""Files of a table take the place of others in one moment: no reader of the catalog sees neither of them, or both.

A part of a table (a partition, or the whole of one without) that was ever switched has a pointer: which of its files no
reader takes. It names the new files while they are moved in; then, by one rename, the old ones, which are deleted after
that. So a switch that was cut short is undone or finished in one way: what its pointer names is deleted. Programs that
know no pointers see both meanwhile.
"""

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from shoplab.core.storage import Storage

_FOLDER = "_switches"  # in the table's: Spark and others look at no name that begins so
Found = TypeVar("Found")
_LONGEST = 150  # bytes of a pointer's name that come from its part's: HDFS takes 255 in all


@dataclass(frozen=True)
class Switches:
    """Of a table at one moment. pointers: HDFS's number of each, so that a later look tells whether there was a switch
    meanwhile. ignored: part ("" for the whole) -> names that no reader takes.
    """

    pointers: dict[str, int]
    ignored: dict[str, frozenset[str]]

    def takes(self, place: str) -> bool:
        """Whether a file, by its place in the table, is one of the table's."""
        part, _, name = place.rpartition("/")
        return name not in self.ignored.get(part, ())


def switches(storage: Storage, table: str) -> Switches:
    """table: its path. One call where none is on its way."""
    found = storage.listed(f"{table}/{_FOLDER}")
    said = [_said(storage, f"{table}/{_FOLDER}/{name}") for name, (_, length) in found.items() if length]
    ignored = {one["part"]: frozenset(one["ignored"]) for one in said if one}
    return Switches({name: number for name, (number, _) in found.items()}, ignored)


def looked(storage: Storage, table: str, look: Callable[[Switches], Found]) -> Found:
    """What `look` finds in a table, or fails with, while nothing is switched there: otherwise it looks again."""
    now = switches(storage, table)
    while True:
        failure: Exception | None = None
        try:
            found = look(now)
        except Exception as error:  # a file may have gone
            failure = error
        before, now = now, switches(storage, table)
        if now.pointers != before.pointers:
            continue
        if failure is not None:
            raise failure
        return found


@dataclass(frozen=True)
class Part:
    """table: its path; name: of the partition's folder, "" for the whole of a table without partitions."""

    storage: Storage
    table: str
    name: str

    @property
    def folder(self) -> str:
        return f"{self.table}/{self.name}" if self.name else self.table

    @property
    def _pointer(self) -> str:
        name = self.name or "whole"
        if len(name.encode()) > _LONGEST:
            name = hashlib.sha256(name.encode()).hexdigest()
        return f"{self.table}/{_FOLDER}/{name}.json"

    def files(self) -> dict[str, int]:
        """The part's own, while nobody else switches it: name -> bytes."""
        said = _said(self.storage, self._pointer)
        names = self.storage.listed(self.folder)
        ignored = {"_", *said.get("ignored", ())}
        return {name: length for name, (_, length) in names.items() if not {name, name[0]} & ignored}

    def switch(self, new: Mapping[str, str], old: Collection[str]) -> None:
        """new: name, which the part has not had before -> where that file lies now. old: names; they are left for
        `settle`. LabError where somebody else has settled it meanwhile.
        """
        self.settle()
        folder, _, pointer = self._pointer.rpartition("/")
        turn = f"{folder}/.{pointer}.{uuid.uuid4().hex}"
        self.storage.write_json(turn, {"part": self.name, "ignored": sorted(old)})
        self.storage.write_json(self._pointer, {"part": self.name, "ignored": sorted(new), "turn": turn})
        for name, path in new.items():
            self.storage.move(path, f"{self.folder}/{name}")
        self.storage.swap(turn, self._pointer)

    def settle(self) -> None:
        """Undoes a switch that was cut short before its moment, and finishes one after it."""
        while said := _said(self.storage, self._pointer):
            if "turn" in said:
                self.storage.delete(said["turn"])  # whoever began it can't go on, should he live
                if _said(self.storage, self._pointer) != said:
                    continue
            for name in said["ignored"]:
                self.storage.delete(f"{self.folder}/{name}")
            self.storage.write(self._pointer, b"")  # and not gone: nobody could tell that there was a switch


def settle_all(storage: Storage, table: str) -> None:
    """Every part of a table."""
    for part in switches(storage, table).ignored:
        Part(storage, table, part).settle()


def _said(storage: Storage, pointer: str) -> dict[str, Any]:
    """Empty where nothing is ignored."""
    if not storage.size(pointer):
        return {}
    said: dict[str, Any] = orjson.loads(storage.read(pointer) or b"{}")
    return said
