"""What the routes answer from."""

from dataclasses import dataclass
from pathlib import Path

from shoplab.metrics.store import MetricStore
from shoplab.serving.backstage import Backstage
from shoplab.serving.desk import Desk
from shoplab.serving.intake import Intake
from shoplab.serving.prometheus import Gauges

PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True)
class Counter:
    """One process's."""

    backstage: Backstage
    desk: Desk
    store: MetricStore
    intake: Intake
    gauges: Gauges
