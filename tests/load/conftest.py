"""A lab that all three kinds of users can load: the running lab's HDFS and Kafka, and a server that answers as the API
does.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from shoplab.core.settings import Settings
from tests.load.stub import Stub, serving


@pytest.fixture(scope="session")
def loaded_lab(lab: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with serving(Stub()) as stub:
        yield replace(lab, home=tmp_path_factory.mktemp("load"), api_port=stub.port)
