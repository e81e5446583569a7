"""The report's page: its sections in order. A section whose job has not run yet says which command runs it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.report.behaviour import behaviour
from shoplab.report.blocks import PAGES
from shoplab.report.cards import Section
from shoplab.report.recommendations import recommendations
from shoplab.report.segments import segments
from shoplab.report.stream import stream
from shoplab.report.update import update
from shoplab.report.value import value

SECTIONS: dict[str, Callable[[Catalog], Section]] = {
    "Segments": segments,
    "Month on month": update,
    "Customer value": value,
    "Recommendations": recommendations,
    "Stream": stream,
}


def write_report(settings: Settings) -> Path:
    """Writes settings.home/report/index.html and returns its path. LabError where nothing was analysed yet."""
    catalog = Catalog(settings)
    sections = [behaviour(catalog), *(_section(title, make, catalog) for title, make in SECTIONS.items())]
    html = PAGES.get_template("page.html").render(made=dt.datetime.now(dt.UTC), sections=sections)
    path = settings.home / "report" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(html, encoding="utf-8")
    partial.replace(path)
    return path


def _section(title: str, make: Callable[[Catalog], Section], catalog: Catalog) -> Section:
    try:
        return make(catalog)
    except ServiceError:
        raise
    except LabError as missing:
        return Section(title, [f"{str(missing)[:1].upper()}{str(missing)[1:]}"])
