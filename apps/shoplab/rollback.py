"""`./lab rollback`."""

from typing import TYPE_CHECKING, Any

import click

from shoplab.core.settings import Settings

if TYPE_CHECKING:
    from shoplab.core.catalog import Catalog

_PUBLISHED = {"recommender": "models/recommender", "segments": "segments"}


@click.command(short_help="Go back to an earlier recommender or earlier segments.")
@click.argument("what", type=click.Choice(list(_PUBLISHED)), default="recommender")
@click.option("--to", metavar="VERSION", help="This version. Default: the one published before the current one.")
@click.option("--list", "listing", is_flag=True, help="Only show the versions there are.")
@click.pass_obj
def rollback(settings: Settings, what: str, to: str | None, listing: bool) -> None:
    """Makes an earlier version of the recommender, or of the segments, the current one.

    Nothing is deleted. A running API and stream take it up by themselves.

    \b
    Examples: ./lab rollback
              ./lab rollback segments --list
              ./lab rollback recommender --to 20191031T120000000
    """
    from shoplab.core.catalog import Catalog

    if listing and to is not None:
        raise click.UsageError("--list shows versions, --to goes to one: give one of them")
    catalog = Catalog(settings)
    if listing:
        _show_versions(catalog, _PUBLISHED[what])
        return
    before, after = roll_back_segments(catalog, to) if what == "segments" else catalog.rollback(_PUBLISHED[what], to)
    if before == after:
        click.echo(f"{what}: version {after} is the current one already")
    else:
        click.echo(f"{what}: version {after} is current; to take it back: ./lab rollback {what} --to {before}")


def roll_back_segments(catalog: "Catalog", to: str | None = None) -> tuple[str, str]:
    """The table of segments and the model that made it go back together. Returns the table's versions before and after.

    LabError where that model is not there. The table's pointer moves first: the stream reads both when the model's has.
    """
    from shoplab.core.errors import LabError

    target = catalog.rollback_target("segments", to)
    model = catalog.manifest("segments", target).get("model")
    if model not in catalog.versions("models/segments"):
        raise LabError(
            f"segments {target}: their model (models/segments) is not on HDFS; choose others: ./lab rollback segments"
            " --to VERSION, or make new ones: ./lab segment"
        )
    moved = catalog.rollback("segments", target)
    catalog.rollback("models/segments", model)
    return moved


def _show_versions(catalog: "Catalog", name: str) -> None:
    from shoplab.core.catalog import version_of
    from shoplab.core.console import table

    current = version_of(catalog.current(name))
    rows = [
        (version, "current" if version == current else "", _facts(catalog.manifest(name, version)))
        for version in catalog.versions(name)
    ]
    table(("version", "", "what is known of it"), rows)


def _facts(manifest: dict[str, Any]) -> str:
    """ "4,000 users, 900 products, ndcg@20 0.3120, held back by the gate"."""
    counted = [f"{manifest[key]:,} {key}" for key in ("users", "products") if key in manifest]
    day = [f"as of {manifest['as_of']}"] if "as_of" in manifest else []
    measured = manifest.get("validation")
    figure = [f"{measured['measure']} {measured['value']:.4f}"] if measured else []
    held_back = [] if manifest.get("promoted", True) else ["not published: worse than the one before it"]
    return ", ".join([*counted, *day, *figure, *held_back])
