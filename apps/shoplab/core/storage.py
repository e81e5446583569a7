"""HDFS over HTTP, for everything that is not a Spark job: files, versions and pointers."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import IO, Any

import orjson
from hdfs import InsecureClient
from hdfs.client import _Request
from hdfs.util import HdfsError
from requests import Session
from requests.exceptions import ConnectionError, Timeout

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings

SAFE_MODE = (
    "HDFS is in safe mode and takes no changes: it waits for its data node, or was told to; wait a minute, or start it"
    " anew: ./lab down, then ./lab up"
)
_FULL = ("quota of", "could only be written to 0 of")  # of a quota, and of data nodes whose disks are full


class Storage:
    """Small whole files on HDFS. Paths are absolute ("/data/..."). A missing lab is a ServiceError that says what to
    type.
    """

    def __init__(self, settings: Settings) -> None:
        self.address = settings.webhdfs
        session = Session()
        session.trust_env = False  # a proxy from the environment is not for the lab's own servers
        user = settings.hdfs_user or getuser()
        self.client = InsecureClient(settings.webhdfs, user=user, timeout=60, session=session)

    @contextmanager
    def _calls(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, Timeout):
            raise ServiceError(f"HDFS does not answer at {self.address}; start the lab: ./lab up --embedded") from None
        except HdfsError as error:
            said = str(error).splitlines()[0]
            if "safe mode" in said:
                raise ServiceError(SAFE_MODE) from None
            if any(words in said for words in _FULL):
                raise ServiceError(f"HDFS has no room: {said}; free some, or add a data node") from None
            raise LabError(f"HDFS refused: {said}") from error

    def exists(self, path: str) -> bool:
        with self._calls():
            return self.client.status(path, strict=False) is not None

    def size(self, path: str) -> int | None:
        """Length of a file in bytes, None where there is none."""
        with self._calls():
            status = self.client.status(path, strict=False)
            return None if status is None else int(status["length"])

    def bytes_below(self, path: str) -> int:
        """Of all files in a directory and below it; 0 where there is none."""
        with self._calls():
            found = self.client.content(path, strict=False)
            return 0 if found is None else int(found["length"])

    def names(self, path: str) -> list[str]:
        """Names in a directory, sorted; empty where there is none. Files that are being written are left out."""
        return sorted(self.listed(path))

    def listed(self, path: str) -> dict[str, tuple[int, int]]:
        """What is in a directory: HDFS's number of each, another one whenever it is written anew, and its bytes. One
        call; empty where there is none.
        """
        with self._calls():
            try:
                found = self.client.list(path, status=True)
            except HdfsError as error:
                if error.exception != "FileNotFoundException":
                    raise
                return {}
            return {name: (said["fileId"], said["length"]) for name, said in found if not name.startswith(".")}

    def walk(self, path: str) -> list[str]:
        """Paths of all files below a directory, sorted. Files that are being written are left out."""
        with self._calls():
            if self.client.status(path, strict=False) is None:
                return []
            found = ((folder, name) for folder, _, files in self.client.walk(path) for name in files)
            return sorted(f"{folder}/{name}" for folder, name in found if not name.startswith("."))

    def read(self, path: str) -> bytes:
        with self._calls(), self.client.read(path) as reader:
            data: bytes = reader.read()
            return data

    def write(self, path: str, data: bytes) -> None:
        """Writes a whole file: readers see the old content or the new, never a part."""
        folder, _, name = path.rpartition("/")
        partial = f"{folder}/.{name}.partial"  # hidden from `names` and `walk`, and from Spark
        with self._calls():
            self.client.write(partial, data, overwrite=True)
        self.swap(partial, path)

    def swap(self, source: str, target: str) -> None:
        """Renames a file, in place of the target's where there is one."""
        with self._calls():
            self.client._rename(source, destination=target, renameoptions="OVERWRITE")  # the public one cannot replace

    def read_json(self, path: str) -> Any:
        return orjson.loads(self.read(path))

    def write_json(self, path: str, value: Any) -> None:
        self.write(path, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))

    def create_json(self, path: str, value: Any) -> bool:
        """Writes a whole file that is not there yet. False where it is: of several who try at once one succeeds."""
        folder, _, name = path.rpartition("/")
        own = f"{folder}/.{name}.{uuid.uuid4().hex}.partial"
        with self._calls():
            # A file that was begun when its data node died is there for ever, and nobody can read it
            self.client.write(own, orjson.dumps(value), overwrite=True)
            try:
                self.client.rename(own, path)
            except HdfsError:
                self.client.delete(own)
                if self.client.status(path, strict=False) is None:
                    raise
                return False
            return True

    def download(self, path: str, target: Path) -> None:
        """Streams a file from HDFS to a local one."""
        with self._calls(), self.client.read(path, chunk_size=1 << 20) as chunks, target.open("wb") as writer:
            writer.writelines(chunks)

    def upload(self, source: Path, path: str) -> None:
        """Streams a local file to HDFS, replacing what is there."""
        with source.open("rb") as reader:
            self.upload_stream(reader, path)

    def upload_stream(self, reader: IO[bytes], path: str) -> None:
        """The same from an open binary stream."""
        with self._calls():
            self.client.write(path, iter(lambda: reader.read(1 << 20), b""), overwrite=True)

    def make_folder(self, path: str, mode: str) -> None:
        """Makes a directory with octal permissions, such as "1777"."""
        with self._calls():
            self.client.makedirs(path, permission=mode)

    def set_quota(self, path: str, space: int | None) -> None:
        """How many bytes, of all copies, may lie below a directory; None for as many as there is room for."""
        quota = {"storagespacequota": -1 if space is None else space, "namespacequota": 2**63 - 1}
        with self._calls():
            _Request("PUT").to_method("SETQUOTA")(self.client, path, **quota)  # which the client has no method for

    def move(self, source: str, target: str) -> None:
        """Renames a file or directory; the target's parent is made, the target must not exist."""
        with self._calls():
            self.client.makedirs(target.rsplit("/", 1)[0])
            self.client.rename(source, target)

    def delete(self, path: str) -> None:
        """Deletes a file or a whole directory; no error where there is none."""
        with self._calls():
            self.client.delete(path, recursive=True)
