"""Every table that the lab writes: its grain, its key, its columns with units, and what must hold in each."""

from shoplab.core.schemas.analysis import ANALYSIS
from shoplab.core.schemas.behaviour import HABIT, PRODUCT, SESSION, USER, USER_RATES
from shoplab.core.schemas.events import EVENT, RAW_COLUMNS, REJECTED, SOURCE_COLUMNS
from shoplab.core.schemas.models import (
    ACCOUNT,
    CUSTOMER_VALUE,
    LIVE_SEGMENT,
    LIVE_SESSION,
    LIVE_USER,
    MODEL_PRODUCT,
    MODEL_USER,
    SEGMENT,
)
from shoplab.core.schemas.table import Column, Table

TABLES = {
    table.dataset: table
    for table in (
        EVENT, REJECTED, SESSION, USER, HABIT, PRODUCT, *ANALYSIS, SEGMENT, CUSTOMER_VALUE, LIVE_USER, LIVE_SESSION,
        LIVE_SEGMENT, ACCOUNT, MODEL_USER, MODEL_PRODUCT,
    )
}  # fmt: skip

__all__ = [
    "CUSTOMER_VALUE", "EVENT", "HABIT", "MODEL_PRODUCT", "MODEL_USER", "PRODUCT", "RAW_COLUMNS",
    "REJECTED", "SEGMENT", "SESSION", "SOURCE_COLUMNS", "TABLES", "USER", "USER_RATES", "Column", "Table",
]  # fmt: skip
