"""The products a model knows: what to show for an id, and dense codes of category and brand for the ranking."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.core.schemas import MODEL_PRODUCT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.recommend.data.arrays import UNKNOWN


class Product(NamedTuple):
    """One product for display; category_code, brand and price may be unknown."""

    product_id: str
    category_id: str | None
    category_code: str | None
    brand: str | None
    price: float | None

    @property
    def category(self) -> str:
        """The finest category known, "" for none."""
        return self.category_code or self.category_id or ""


@dataclass(frozen=True)
class Products:
    """Sorted by id, behind them those that an increment brings; a product's row is its number in every array of the
    model.
    """

    rows: tuple[Product, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Product:
        return self.rows[row]

    @property
    def ids(self) -> list[str]:
        return [product.product_id for product in self.rows]

    @cached_property
    def index(self) -> dict[str, int]:
        """Id -> row."""
        return {product.product_id: row for row, product in enumerate(self.rows)}

    def extended(self, new: Sequence[Product]) -> "Products":
        """With these behind."""
        return Products((*self.rows, *new))

    def find(self, product_id: str) -> Product | None:
        """None for one that is not among them."""
        row = self.index.get(product_id)
        return None if row is None else self.rows[row]

    @cached_property
    def category_codes(self) -> NDArray[np.int32]:
        """Per product the dense code of its finest category."""
        return _codes([product.category for product in self.rows])

    @cached_property
    def known_categories(self) -> NDArray[np.int64]:
        """category_codes, UNKNOWN where the category is unknown."""
        known = np.array([bool(product.category) for product in self.rows], dtype=bool)
        return np.where(known, self.category_codes, UNKNOWN).astype(np.int64)

    @cached_property
    def shelf_codes(self) -> NDArray[np.int32]:
        """Per product the dense code of its category and brand together."""
        return _codes([f"{product.category}\t{product.brand or ''}" for product in self.rows])

    @cached_property
    def log_prices(self) -> NDArray[np.float32]:
        """Per product the natural logarithm of 1 + its price, NaN where it is unknown."""
        return np.log1p(np.array([np.nan if p.price is None else max(p.price, 0.0) for p in self.rows], np.float32))

    def to_arrow(self) -> pa.Table:
        return pa.Table.from_pylist([product._asdict() for product in self.rows], arrow_schema(MODEL_PRODUCT))

    @classmethod
    def from_arrow(cls, table: Any, in_order: bool = False) -> "Products":
        """Sorted, or in the table's order."""
        columns = (_shared(table[name].to_pylist()) for name in Product._fields)
        rows = (Product(*row) for row in zip(*columns, strict=True))
        return cls(tuple(rows if in_order else sorted(rows)))


def _shared(values: list[Any]) -> list[Any]:
    """The same with equal values kept once: categories and brands repeat by the thousand."""
    kept: dict[Any, Any] = {}
    return [kept.setdefault(value, value) for value in values]


def words_for(product: Product, brand: bool = True) -> str:
    """ "xiaomi smartphones": brand and finest category in plain words; "products" where neither is known."""
    kind = _plural(product.category_code.rsplit(".", 1)[-1].replace("_", " ")) if product.category_code else "products"
    return f"{product.brand} {kind}" if brand and product.brand else kind


def _plural(word: str) -> str:
    if word.endswith("s"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def _codes(values: Sequence[str]) -> NDArray[np.int32]:
    return np.unique(np.array(values, dtype=str), return_inverse=True)[1].astype(np.int32)
