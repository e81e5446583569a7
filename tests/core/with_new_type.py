"""Run in a process of its own: the lab as it would be with one more event type, a line in core/vocabulary.py.

Prints as JSON what became of it in each room. Arguments: a home for the lab, a model stored by today's code.
"""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

LINE = 'NEW = EventType("compare", "compares", weight=2.0, met="you compared it lately", did="compared")\n'


def with_new_type() -> ModuleType:
    """The vocabulary with the line, before any room has read it."""
    import shoplab.core.vocabulary as today

    text = Path(str(today.__file__)).read_text(encoding="utf-8")
    changed = text.replace("\nCART = ", f"\n{LINE}CART = ").replace("EVENTS = (VIEW, ", "EVENTS = (VIEW, NEW, ")
    assert changed.count("NEW") == 2
    exec(compile(changed, str(today.__file__), "exec"), today.__dict__)
    return today


def session(home: Path) -> Any:
    from shoplab.core.settings import load_settings
    from shoplab.core.spark import start_spark
    from tests.data import FEW_ROWS

    home.mkdir(exist_ok=True)
    spark = start_spark(load_settings({"SHOPLAB_HOME": str(home)}), "compare")
    for name, value in FEW_ROWS.items():
        spark.conf.set(name, value)
    return spark


def taken_in(spark: Any, home: Path) -> dict[str, object]:
    """One in a file, and on its way to Kafka."""
    from shoplab.events import clean, wire
    from tests.data import csv_file, raw_line, typed_rows

    rows = typed_rows(spark, csv_file(home / "a.csv", raw_line(), raw_line(kind="compare")))
    return {
        "clean": clean.good_events(rows).where("event_type = 'compare'").count(),
        "sent": wire.encode({"user_id": "7", "event_type": "compare"})[1].decode(),
    }


def analysed(events: Any) -> dict[str, object]:
    from shoplab.behaviour import activity, paths
    from shoplab.behaviour.products import products
    from shoplab.behaviour.sessions import sessions
    from shoplab.behaviour.touches import touches
    from shoplab.behaviour.users import users_of
    from shoplab.report import flows

    by_product = products(events)
    by_session, by_user = sessions(touches(events)), users_of(events, by_product)
    return {
        "sessions": by_session.groupBy().sum("compares").collect()[0][0],
        "users": by_user.groupBy().sum("compares").collect()[0][0],
        "products": by_product.groupBy().sum("compares").collect()[0][0],
        "activity": activity.activity(events).groupBy().sum("events").collect()[0][0],
        "steps": sorted({step for row in paths.walks(events, by_user, ()).collect() for step in row["steps"]}),
        "flows": list(flows.STEPS),
    }


def recommended(events: Any) -> dict[str, object]:
    from shoplab.recommend.data.histories import UserContext
    from shoplab.recommend.job import fit_recommender

    model, _ = fit_recommender(events, None, "implicit", rank=2)
    [items] = model.recommend([UserContext("new", None, [("p1", "compare")])], 4)
    return {"weights": model.feedback.as_dict(), "why": {item.product_id: item.why for item in items}}


def rooms(home: Path) -> dict[str, object]:
    from tests.data import event, event_frame

    spark = session(home)
    events = event_frame(spark, *[
        event(f"10-01 12:{n:02}:00", ("view", "compare", "purchase")[n % 3], f"p{n % 4}", f"u{n % 5}", f"s{n % 5}")
        for n in range(60)
    ])  # fmt: skip
    return taken_in(spark, home) | analysed(events) | recommended(events)


def stored_before(path: str) -> list[list[str]]:
    from shoplab.recommend.model.files import load
    from tests.core.test_vocabulary import listed
    from tests.recommend.local_storage import LocalStorage

    return listed(load(LocalStorage(), path))


if __name__ == "__main__":
    with_new_type()
    importlib.import_module("shoplab.cli")
    print(json.dumps(rooms(Path(sys.argv[1])) | {"stored before": stored_before(sys.argv[2])}))
