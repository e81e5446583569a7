"""Charts of the segments section."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from shoplab.report.formats import count, share, short
from shoplab.report.plots.figure import COLOURS, barh, percent, svg, tall


def silhouettes(curve: dict[int, float], chosen: int) -> str:
    """Mean silhouette by number of segments, with the chosen number marked."""
    ks = sorted(curve)

    def draw(axes: Axes) -> None:
        axes.plot(ks, [curve[k] for k in ks], marker="o")
        if chosen in curve:
            axes.plot([chosen], [curve[chosen]], marker="o", ms=11, mfc="none", mew=2, ls="", color=COLOURS[1])
            axes.annotate(f"taken: {chosen}", (chosen, curve[chosen]), (0, 11), textcoords="offset points", ha="center")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("number of segments k")
        axes.set_ylabel("mean silhouette")
        axes.margins(y=0.25)

    return svg(draw)


def sizes(names: list[str], shares: list[float]) -> str:
    """Share of users in each segment."""

    def draw(axes: Axes) -> None:
        barh(axes, [short(name) for name in names], shares, [share(value) for value in shares])
        percent(axes.xaxis)
        axes.set_xlabel("share of users")

    return svg(draw, tall(len(names)))


def classes(users: dict[str, int]) -> str:
    """Users by RFM class, without those who never bought: they would dwarf the rest."""

    def draw(axes: Axes) -> None:
        barh(axes, [short(name) for name in users], list(users.values()), [count(n) for n in users.values()])
        axes.set_xlabel("buyers")

    return svg(draw, tall(len(users)))
