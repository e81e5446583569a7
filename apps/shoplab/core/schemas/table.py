"""What a table is: its grain, its key, its columns with their units, and what must hold in each. Data, no Spark."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """kind: Spark SQL's name of the type. unit: what one of it is, "" for words and ids. values: the only ones there
    may be, none for any. low, high: bounds, both included.
    """

    name: str
    kind: str
    nullable: bool = False
    unit: str = ""
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Table:
    """dataset: its name in the catalog. grain: what one row is. key: the columns that no two rows share; null counts as
    a value. partition: the column that its folders are named after, written last.
    """

    dataset: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = None

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        return {column.name: column for column in self.columns}[name]


MONEY = "the shop's currency"
SHARE = "share"


def text(name: str, nullable: bool = False, values: tuple[str, ...] = ()) -> Column:
    return Column(name, "string", nullable, values=values)


def count(name: str, kind: str = "bigint", low: float | None = 0) -> Column:
    """A number of things, never missing."""
    return Column(name, kind, unit="1", low=low)


def real(name: str, unit: str, nullable: bool = False, low: float | None = None, high: float | None = None) -> Column:
    return Column(name, "double", nullable, unit, low=low, high=high)


def share(name: str, nullable: bool = False) -> Column:
    return real(name, SHARE, nullable, 0, 1)


def money(name: str, nullable: bool = False, low: float | None = None) -> Column:
    return real(name, MONEY, nullable, low)


def whole(
    name: str, unit: str, nullable: bool = False, low: float | None = None, high: float | None = None,
    kind: str = "int",
) -> Column:  # fmt: skip
    return Column(name, kind, nullable, unit, low=low, high=high)


def moment(name: str, nullable: bool = False) -> Column:
    return Column(name, "timestamp", nullable, "UTC")


def day(name: str, nullable: bool = False) -> Column:
    return Column(name, "date", nullable, "UTC day")


def flag(name: str) -> Column:
    return Column(name, "boolean")


def month() -> Column:
    """ "2019-10"."""
    return Column("month", "string", unit="UTC month")
