"""Whatever the schema allows, and what it does not, is answered without a fault of ours, and as the schema says."""

from contextlib import suppress
from typing import Any
from unittest import SkipTest

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
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


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_question_is_a_fault_of_ours(whole_shop: Any, mode: GenerationMode) -> None:
    """Of every operation a dozen requests, as the schema wants them or not."""
    asked = 0
    for found in whole_shop.get_all_operations():

        @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(found.ok().as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            case.call_and_validate(checks=[not_a_server_error, response_schema_conformance])
            asked += 1

        with suppress(Unsatisfiable, SkipTest):  # what has no parameters can't be asked wrongly
            ask()
    assert asked >= 60
