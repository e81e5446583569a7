"""The recommendations section: a few users, what they looked at, what is recommended, and why."""

from shoplab.catalog import Catalog
from shoplab.report.blocks import PAGES
from shoplab.report.cards import Card, Section
from shoplab.report.formats import short

SAMPLE_USERS = 3


def recommendations(catalog: Catalog) -> Section:
    from markupsafe import Markup

    from shoplab.recommend.job import load_current
    from shoplab.recommend.samples import samples

    made = catalog.manifest("models/recommender")
    template = PAGES.get_template("samples.html")
    caption = "Best first; a score adds up from the parts in its bar."
    cards = [
        Card(f"User {short(user['user_id'])}", caption, Markup(template.render(user=user)))
        for user in samples(load_current(catalog.settings), SAMPLE_USERS)
    ]
    return Section(
        "Recommendations", [f"Model {short(made['version'])}, shown on the users it knows best."], cards=cards
    )
