"""What the bench commands share: their figures in a file, for other programs."""

import json
from pathlib import Path
from typing import Any

import click

from shoplab.core.errors import LabError
from shoplab.core.private import give

json_option = click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write the numbers here."
)


def write_figures(path: Path | None, figures: Any) -> None:
    """Writes them where a file was named. LabError where that can't be."""
    if path is None:
        return
    try:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        give(path)
    except OSError as error:
        raise LabError(f"--json {path} can't be written: {error.strerror}; name another file") from None
