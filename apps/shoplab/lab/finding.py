"""What the doctor tells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`advice` says what to do, and is "" where nothing needs doing."""

    subject: str
    text: str
    advice: str = ""
