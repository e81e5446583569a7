"""The recommendations section: a few users, what they looked at, what is recommended, and why."""

from typing import Any

from shoplab.core.catalog import Catalog
from shoplab.recommend.gate import figures
from shoplab.report.blocks import PAGES
from shoplab.report.cards import Card, Section
from shoplab.report.formats import short

SAMPLE_USERS = 3


def recommendations(catalog: Catalog) -> Section:
    from markupsafe import Markup

    from shoplab.recommend.model.files import load_current
    from shoplab.recommend.model.samples import samples

    made = catalog.manifest("models/recommender")
    template = PAGES.get_template("samples.html")
    caption = "Best first; the bars are a score's parts, the best score's bar is full."
    cards = [
        Card(f"User {short(user['user_id'])}", caption, Markup(template.render(user=user)))
        for user in samples(load_current(catalog), SAMPLE_USERS)
    ]
    return Section("Recommendations", [_worth(made), "Shown on the users the model knows best."], cards=cards)


def _worth(made: dict[str, Any]) -> str:
    """What the manifest says of the model."""
    name, checked = f"Model {short(made['version'])}, {made['blend']}", made["validation"]
    if not checked:
        return f"{name}: too few events to measure it on."
    return f"{name}: {figures(checked)}, on the newest visits, which it was not told."
