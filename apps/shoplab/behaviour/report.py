"""The HTML report: one self-contained page from the tables on HDFS. A part whose job has not run yet says which
command runs it.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from shoplab.behaviour import plots
from shoplab.catalog import Catalog
from shoplab.errors import LabError, ServiceError
from shoplab.settings import Settings

SAMPLE_USERS = 3


def write_report(settings: Settings) -> Path:
    """Writes settings.home/report/index.html and returns its path. LabError where nothing was analysed yet."""
    catalog = Catalog(settings)
    catalog.need("analysis")
    parts = {
        "behaviour": _behaviour(catalog),
        "segments": _optional(_segments, catalog),
        "recommender": _optional(_recommender, catalog),
        "stream": _optional(_stream, catalog),
    }
    pages = Environment(loader=PackageLoader("shoplab.behaviour", "."), autoescape=select_autoescape(["html"]))
    html = pages.get_template("report.html").render(made=dt.datetime.now(dt.UTC), **parts)
    path = settings.home / "report" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(html, encoding="utf-8")
    partial.replace(path)
    return path


def _optional(part: Any, catalog: Catalog) -> dict[str, Any] | str:
    try:
        made: dict[str, Any] = part(catalog)
        return made
    except ServiceError:
        raise
    except LabError as missing:
        return str(missing)


def _behaviour(catalog: Catalog) -> dict[str, Any]:
    funnel = catalog.table("analysis/funnel").sort_values("month")
    activity = catalog.table("analysis/activity").sort_values("hour")
    categories = catalog.table("analysis/categories").sort_values("views", ascending=False)
    categories["category"] = categories["category"].fillna("(none)")
    categories["conversion"] = categories["purchases"] / categories["views"].clip(lower=1)
    return {
        "months": funnel.to_dict("records"),
        "plots": {
            "From view to purchase": Markup(plots.funnel(funnel)),
            "Day by day": Markup(plots.days(activity)),
            "Hours of the week (UTC)": Markup(plots.week(activity)),
            "What follows what": Markup(plots.transitions(catalog.table("analysis/transitions"))),
            "Length of sessions": Markup(plots.lengths(catalog.table("analysis/session_lengths"))),
            "Visits of a user": Markup(plots.visits(catalog.table("analysis/visits"))),
        },
        "paths": catalog.table("analysis/paths").sort_values("sessions", ascending=False).head(12).to_dict("records"),
        "categories": categories.head(14).to_dict("records"),
    }


def _segments(catalog: Catalog) -> dict[str, Any]:
    manifest = catalog.storage.read_json(catalog.current("segments") + "/manifest.json")
    rows, rfm = manifest["segments"], manifest["rfm"]
    return {
        "manifest": manifest,
        "rows": rows,
        "sizes": Markup(
            plots.bars([row["name"] for row in rows], [row["share"] for row in rows], "share of users", True)
        ),
        "rfm": Markup(plots.bars(list(rfm), list(rfm.values()), "users")),
    }


def _recommender(catalog: Catalog) -> dict[str, Any]:
    from shoplab.recommend.job import load_current
    from shoplab.recommend.samples import samples

    manifest = catalog.storage.read_json(catalog.current("models/recommender") + "/manifest.json")
    return {"manifest": manifest, "samples": samples(load_current(catalog.settings), SAMPLE_USERS)}


def _stream(catalog: Catalog) -> dict[str, Any]:
    catalog.need("live/accounts")
    folder = catalog.path("live", "accounts")
    accounts = pd.DataFrame([catalog.storage.read_json(f"{folder}/{name}") for name in catalog.storage.names(folder)])
    return {
        "total": accounts[["rows", "new", "duplicates", "rejected"]].sum().to_dict(),
        "latency_s": accounts["latency_p50_ms"].median() / 1000,
        "duration_s": accounts["duration_ms"].median() / 1000,
        "batches": len(accounts),
        "plot": Markup(plots.batches(accounts)),
    }
