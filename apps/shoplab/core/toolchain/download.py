"""Fetches one file whose size and SHA-256 are known: continued where it was cut, verified before it gets its name."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from shoplab.core.errors import ServiceError

ATTEMPTS = 4
TIMEOUT = (15, 60)  # seconds: to connect, between two pieces
_CHUNK = 1 << 16


class Stopped(Exception):
    """Another download failed, or the user pressed Ctrl-C."""


def open_session(connections: int) -> requests.Session:
    """Proxy and certificates come from the environment, as with any requests session."""
    session = requests.Session()
    retry = Retry(
        total=3,
        connect=0,
        read=0,
        backoff_factor=0.5,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=connections, max_retries=retry))
    return session


@dataclass(frozen=True)
class Download:
    """One file to fetch. `advance` is told the bytes that came in (negative where a part had to be thrown away)."""

    session: requests.Session
    url: str
    target: Path
    size: int
    sha256: str
    advance: Callable[[int], None]
    stop: Event

    def run(self) -> None:
        """Ends with the verified file in place. ServiceError, naming the file, where it can't be had or is another."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        kept = self._kept()
        self.advance(kept)
        self._complete()
        if self._verified():
            self.part.rename(self.target)
        elif kept:  # the kept part may have been damaged, by a power cut say: once more from nothing
            self.run()
        else:
            raise ServiceError(
                f"{self.target.name} from {self.url} is not the file expected (its SHA-256 differs) and was removed; "
                "run again, and if it happens again, look for a proxy or mirror that alters files"
            )

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    def _kept(self) -> int:
        """Bytes of an earlier, cut download."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _complete(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                while self._kept() < self.size:
                    self._receive(self._kept())
                return
            except (requests.RequestException, HTTPError) as error:
                if attempt == ATTEMPTS or isinstance(error, requests.HTTPError):
                    raise ServiceError(
                        f"cannot fetch {self.url}: {_reason(error)}; check the network or proxy, then run again "
                        "(what has come in is kept)"
                    ) from None
                self.stop.wait(attempt / 2)

    def _receive(self, start: int) -> None:
        """Appends to the part from byte `start`; a server that can't continue sends it all again."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self.session.get(self.url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            continued = answer.status_code == requests.codes.partial_content
            if start and not continued:
                self.advance(-start)
            with self.part.open("ab" if continued else "wb") as part:
                for chunk in answer.iter_content(_CHUNK):
                    if self.stop.is_set():
                        raise Stopped
                    part.write(chunk)
                    self.advance(len(chunk))

    def _verified(self) -> bool:
        """Whether the part is the file wanted. A wrong one is removed."""
        with self.part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == self.sha256:
                return True
        self.advance(-self._kept())
        self.part.unlink()
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError):
        return f"the server says {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate is not trusted (behind a proxy that inspects TLS, set REQUESTS_CA_BUNDLE)"
    return "no connection"
