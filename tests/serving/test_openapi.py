"""Whatever the schema allows, and what it does not, is answered without a fault of ours, and as the schema says."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving.intake import Intake
from tests.serving.conftest import Shop, app_of


@pytest.fixture
def whole_shop(settings: Settings, stocked: Shop, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> Any:
    """With a Kafka that takes everything: that it is away is an answer of its own."""

    async def taken(*_: Any) -> None:
        return None

    monkeypatch.setattr(Intake, "send", taken)
    return schemathesis.openapi.from_asgi("/openapi.json", app_of(stocked, settings, store))


schema = schemathesis.pytest.from_fixture("whole_shop")


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_question_is_a_fault_of_ours(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=[not_a_server_error, response_schema_conformance])
