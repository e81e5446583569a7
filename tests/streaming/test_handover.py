from threading import Event

import pytest

from shoplab.streaming.handover import ClosedError, Handover


def test_it_works_in_order_and_says_what_failed() -> None:
    done: list[int] = []
    handover = Handover()
    for number in (1, 2):
        handover.free()
        handover.give(lambda number=number: done.append(number))
    handover.free()
    assert (done, handover.failure()) == ([1, 2], None)
    handover.give(lambda: 1 // 0)
    handover.finish(10)
    assert isinstance(handover.failure(), ZeroDivisionError)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            handover.free()


def test_waiting_has_an_end() -> None:
    ends = Event()
    handover = Handover()
    handover.give(lambda: ends.wait(60))
    handover.finish(0.05)
    assert handover.failure() is None
    ends.set()
    handover.free()


def test_a_closed_one_does_what_it_has_and_takes_no_more() -> None:
    done: list[int] = []
    handover = Handover()
    handover.give(lambda: done.append(1))
    handover.close()
    with pytest.raises(ClosedError):
        handover.free()
    handover.open()
    handover.free()
    assert done == [1]
