"""Do the counts agree? What Kafka holds against what the stream accounted for."""

from dataclasses import dataclass

from shoplab.core.catalog import Catalog
from shoplab.core.kafka import records_in_topic
from shoplab.core.settings import Settings


@dataclass(frozen=True)
class Reconciliation:
    """Records by where they are. in_kafka: ever written to the topic; accounted = new + duplicates + rejected."""

    in_kafka: int
    batches: int
    accounted: int
    new: int
    duplicates: int
    rejected: int

    @property
    def waiting(self) -> int:
        """Records no finished batch has accounted for yet."""
        return self.in_kafka - self.accounted

    @property
    def agrees(self) -> bool:
        return self.waiting == 0 and self.accounted == self.new + self.duplicates + self.rejected


def reconcile(settings: Settings) -> Reconciliation:
    """Reads the topic's end offsets and every batch's account. Needs no Spark."""
    catalog = Catalog(settings)
    folder = catalog.path("live", "accounts")
    accounts = [catalog.storage.read_json(f"{folder}/{name}") for name in catalog.storage.names(folder)]
    total = {key: sum(account[key] for account in accounts) for key in ("rows", "new", "duplicates", "rejected")}
    return Reconciliation(
        records_in_topic(settings), len(accounts), total["rows"], total["new"], total["duplicates"], total["rejected"]
    )
