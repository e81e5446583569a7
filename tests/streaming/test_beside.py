import time

from shoplab.core.wait import wait_until
from shoplab.streaming.beside import Beside


def test_all_is_done_in_order_and_a_failure_ends_nothing() -> None:
    done: list[int] = []
    beside = Beside("test", 10)
    beside.do(lambda: done.append(1))
    beside.do(lambda: 1 // 0)
    beside.do(lambda: done.append(2))
    beside.finish(10)
    assert done == [1, 2]


def test_it_rests_for_its_share_and_nobody_waits_for_that_at_the_end() -> None:
    done: list[int] = []
    beside = Beside("test", 10, share=0.001)
    beside.do(lambda: done.append(time.sleep(0.05) or 1))
    wait_until(lambda: done, 10, "the first was not done")
    beside.do(lambda: done.append(2))
    time.sleep(0.2)
    assert done == [1]
    beside.finish(10)
    assert done == [1, 2]
