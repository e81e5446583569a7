"""Whether two tables hold the same: rows, a hash of what is exact, and sums of what is not."""

import math
from dataclasses import dataclass

import duckdb

from shoplab.core.schemas import TABLES, Column

# Counted about, or of events in one second any one's
LEFT_OUT = {
    "analysis/activity": {"users"}, "analysis/categories": {"users"}, "sessions": {"entry_category", "exit_category"},
}  # fmt: skip
_NEAR = 1e-9  # sums of doubles in another order
_EXACT = {
    "timestamp": "epoch_us({}::TIMESTAMPTZ)", "date": "{}::DATE::VARCHAR", "string": "{}::VARCHAR",
    "boolean": "{}::BOOLEAN", "bigint": "{}::BIGINT", "int": "{}::BIGINT", "smallint": "{}::BIGINT",
}  # fmt: skip


@dataclass(frozen=True)
class Digest:
    """hash: of all columns that are no doubles, whatever the order of the rows. sums: of each other column."""

    rows: int
    hash: int
    sums: dict[str, float]

    def difference(self, other: "Digest") -> str:
        """What the first difference is, "" for none."""
        if self.rows != other.rows:
            return f"{self.rows:,} rows and {other.rows:,}"
        apart = [name for name, mine in self.sums.items() if not _near(mine, other.sums[name])]
        if apart:
            return f"{apart[0]} adds up to {self.sums[apart[0]]:.9g} and {other.sums[apart[0]]:.9g}"
        return "" if self.hash == other.hash else "their rows"


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_NEAR, abs_tol=_NEAR)


def digest(connection: duckdb.DuckDBPyConnection, dataset: str, source: str) -> Digest:
    """source: what SQL selects from; columns as the dataset's schema has them."""
    columns = [one for one in TABLES[dataset].columns if one.name not in LEFT_OUT.get(dataset, ())]
    doubles = [one.name for one in columns if one.kind == "double"]
    exact = ", ".join(_exact(one) for one in columns if one.kind != "double")
    sums = "".join(f', coalesce(sum("{name}"), 0)' for name in doubles)
    query = f"SELECT count(*), coalesce(sum((hash({exact}) >> 16)::HUGEINT), 0){sums} FROM {source}"
    row = connection.execute(query).fetchone()
    assert row
    return Digest(row[0], row[1], dict(zip(doubles, map(float, row[2:]), strict=True)))


def _exact(column: Column) -> str:
    return _EXACT[column.kind].format(f'"{column.name}"')
