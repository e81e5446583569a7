from dataclasses import replace
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.lab.lock import alone


def test_only_one_start_or_stop_at_a_time(tmp_path: Path) -> None:
    lab = replace(Settings(), home=tmp_path)
    with alone(lab), pytest.raises(ServiceError, match="another command"), alone(lab):
        pass
