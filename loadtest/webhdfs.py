"""Clients that keep small files on HDFS over WebHDFS: the NameNode is asked, the data node sends or takes the bytes."""

import itertools
import logging
import random
import time
import uuid
from contextlib import contextmanager
from getpass import getuser
from typing import Any

from hdfs import InsecureClient
from hdfs.util import HdfsError
from locust import User, task
from pacing import SETTINGS, Paced
from requests import Session
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

from shoplab.core.errors import ServiceError
from shoplab.load import bounds

ROOT = "/tmp/load"
FILE = random.Random(0).randbytes(16 << 10)
RECORD = random.Random(1).randbytes(1 << 10)
FILES = 10  # of one user; then the oldest is written over
OLD_MS = 3_600_000  # no run lasts that long: what is older was left by a run that was killed

logging.getLogger("hdfs").setLevel(logging.WARNING)  # else a line a request


class LabOnly(HTTPAdapter):
    """Sends nothing to any other machine, also where a redirect leads there."""

    def send(self, request, **options):
        bounds.check_address(request.url.split("?", 1)[0])
        return super().send(request, **options)


def connect() -> InsecureClient:
    session = Session()
    session.trust_env = False  # a proxy from the environment is not for the lab's own servers
    session.mount("http://", LabOnly())
    session.mount("https://", LabOnly())
    return InsecureClient(SETTINGS.webhdfs, user=SETTINGS.hdfs_user or getuser(), timeout=(5, 30), session=session)


class WebHdfsUser(Paced, User):
    """Lists, reads, writes and appends in a folder of its own below /tmp/load/RUN."""

    target = bounds.WEBHDFS
    run_folder = ""
    written = 0  # bytes, of all users in this run
    numbers = itertools.count()

    @classmethod
    def prepare(cls, environment: Any) -> None:
        cls.run_folder, cls.written = f"{ROOT}/{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}", 0
        try:
            client = connect()
            client.makedirs(cls.run_folder)
            for name, status in client.list(ROOT, status=True):
                if status["modificationTime"] < 1000 * time.time() - OLD_MS:
                    client.delete(f"{ROOT}/{name}", recursive=True)
        except (HdfsError, RequestException) as error:
            raise ServiceError(
                f"WebHDFS at {SETTINGS.webhdfs} can't be used ({_kind(error)}); see ./lab status"
            ) from None

    @classmethod
    def clear(cls) -> None:
        try:
            connect().delete(cls.run_folder, recursive=True)
        except (HdfsError, RequestException) as error:
            raise ServiceError(f"{cls.run_folder} is left on HDFS ({_kind(error)}); remove it there") from None

    def on_start(self):
        self.client = connect()
        self.folder = f"{self.run_folder}/user-{next(self.numbers)}"
        self.files = 0
        self.write_file()
        self._write("write 16 KiB", "log", FILE)

    @task(3)
    def list_folder(self):
        with self._measured("list"):
            self.client.list(self.folder)

    @task(6)
    def read_file(self):
        name = f"file-{random.randrange(min(self.files, FILES))}"
        with self._measured("read 16 KiB") as request, self.client.read(f"{self.folder}/{name}") as reader:
            request["response_length"] = len(reader.read())

    @task(2)
    def write_file(self):
        self._write("write 16 KiB", f"file-{self.files % FILES}", FILE, overwrite=True)
        self.files += 1

    @task(1)
    def append_record(self):
        self._write("append 1 KiB", "log", RECORD, append=True)

    def _write(self, name, file, data, **how):
        if WebHdfsUser.written + len(data) > bounds.MAX_BYTES:
            self.environment.guard.stop(f"the WebHDFS users wrote {bounds.MAX_BYTES >> 20:,} MiB, the bound")
            return
        WebHdfsUser.written += len(data)
        with self._measured(name):
            self.client.write(f"{self.folder}/{file}", data, **how)

    @contextmanager
    def _measured(self, name):
        """Times what is in the block; an error of HDFS there is a failure of the request, and goes no further."""
        with self.environment.events.request.measure("WebHDFS", name) as request:
            try:
                yield request
            except (HdfsError, RequestException) as error:
                raise RuntimeError(_kind(error)) from None


def _kind(error: Exception) -> str:
    """Short, and the same for the same fault: messages hold paths and numbers."""
    return getattr(error, "exception", None) or type(error).__name__
