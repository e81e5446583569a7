"""How a load's rate changes over the run: parts of its time, each with a rate that stays or goes evenly up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplab.core.errors import LabError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Phase:
    """share: of the run's time. begin, end: of the rate that was asked for, at the phase's two ends."""

    name: str
    share: float
    begin: float = 1.0
    end: float = 1.0


SHAPES: dict[str, tuple[Phase, ...]] = {
    "steady": (Phase("all", 1.0),),
    "ramp": tuple(Phase(f"part {part} of 5", 0.2, (part - 1) / 5, part / 5) for part in range(1, 6)),
    "spike": (Phase("before", 0.4, 0.2, 0.2), Phase("spike", 0.2), Phase("after", 0.4, 0.2, 0.2)),
    "soak": tuple(Phase(f"part {part} of 5", 0.2) for part in range(1, 6)),
}


def check_shape(name: str) -> None:
    """LabError where there is none of that name."""
    if name not in SHAPES:
        raise LabError(f"no shape {name}; there are {', '.join(SHAPES)}")


def phase_of(shape: str, gone: Floats) -> NDArray[np.int64]:
    """Numbers of the phases that parts of the run's time, from 0 to 1, fall in."""
    edges = np.cumsum([phase.share for phase in SHAPES[shape]])[:-1]
    return np.searchsorted(edges, gone, side="right").astype(np.int64)


def factor(shape: str, gone: Floats) -> Floats:
    """The rate at parts of the run's time, as a part of what was asked for."""
    phases, number = SHAPES[shape], phase_of(shape, gone)
    share, begin, end = (np.array([getattr(phase, name) for phase in phases]) for name in ("share", "begin", "end"))
    within = (gone - (np.cumsum(share) - share)[number]) / share[number]
    return np.asarray(begin[number] + (end - begin)[number] * within, dtype=np.float64)


def mean_factor(shape: str) -> float:
    """Requests of a whole run, as a part of those that the full rate would make."""
    return sum(phase.share * (phase.begin + phase.end) / 2 for phase in SHAPES[shape])
