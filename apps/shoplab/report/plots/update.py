"""Charts of the month-on-month section."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from shoplab.report.formats import decimal, share, short
from shoplab.report.plots.figure import COLOURS, barh, percent, svg, tall

MODERATE, LARGE = 0.1, 0.25  # the usual reading of the population stability index (Siddiqi 2006)


def stability(psi: dict[str, float]) -> str:
    """Population stability index by feature, largest first, with the lines of moderate and large change."""
    names = sorted(psi, key=lambda name: -psi[name])
    colours = [COLOURS[3] if psi[n] >= LARGE else COLOURS[1] if psi[n] >= MODERATE else COLOURS[0] for n in names]

    def draw(axes: Axes) -> None:
        labels = [short(name).replace("_", " ") for name in names]
        barh(axes, labels, [psi[n] for n in names], [decimal(psi[n], 3) for n in names], color=colours)
        for limit, words in ((MODERATE, "moderate"), (LARGE, "large")):
            axes.axvline(limit, color=COLOURS[5], ls="--", lw=1)
            axes.text(limit, -0.75, f" {words}", fontsize=9, ha="left")
        axes.set_xlabel("population stability index")
        axes.set_xlim(0, max(0.33, 1.2 * max(psi.values())))

    return svg(draw, tall(len(psi)))


def size_change(change: dict[str, float]) -> str:
    """Relative change of each segment's share of users."""
    colours = [COLOURS[0] if value >= 0 else COLOURS[1] for value in change.values()]

    def draw(axes: Axes) -> None:
        words = [("+" if value > 0 else "") + share(value) for value in change.values()]
        barh(axes, [short(name) for name in change], list(change.values()), words, color=colours)
        axes.axvline(0, color=COLOURS[5], lw=0.8)
        axes.margins(x=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        percent(axes.xaxis)
        axes.set_xlabel("change of the segment's size")

    return svg(draw, tall(len(change)))
