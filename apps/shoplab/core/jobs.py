"""Where a job's command runs: in this process, unless the lab that is up runs jobs on a cluster of its own."""

from collections.abc import Callable
from typing import Any

import click

Submit = Callable[[click.Context, dict[str, Any]], bool]
_KEY = "shoplab.submit"


def offer(context: click.Context, submit: Submit) -> None:
    """From here on commands below `context` are given to `submit`, which says whether it ran them."""
    context.meta[_KEY] = submit


def submitted(**options: Any) -> bool:
    """Whether the current command was run elsewhere, with these options; if not, it is to be run here."""
    context = click.get_current_context()
    submit: Submit | None = context.meta.get(_KEY)
    return submit is not None and submit(context, options)
