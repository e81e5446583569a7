import ctypes

import psutil
import pytest

from shoplab.core.freed import give_back

PIECES, BYTES = 2_000, 60_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not the GNU C library")
def test_what_was_freed_between_things_in_use_goes_back() -> None:
    pieces = [bytes([1]) * BYTES for _ in range(PIECES)]
    pieces = pieces[::20]
    before = psutil.Process().memory_info().rss
    give_back()
    assert before - psutil.Process().memory_info().rss > PIECES * BYTES / 2
    assert len(pieces) == PIECES / 20
