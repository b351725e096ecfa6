"""The lane: what it lets in, what it refuses, and when a place is free again."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from lossnlp.service._lane import Lane
from lossnlp.service._problems import Problem


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def test_returns_what_the_work_returns() -> None:
    lane = Lane("test", threads=2, waiting=4, timeout=5)

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(lane.run(pow, 2, power) for power in range(6)))

    assert asyncio.run(all_of_them()) == [1, 2, 4, 8, 16, 32]
    lane.close()


def test_raises_what_the_work_raises_and_frees_the_place() -> None:
    lane = Lane("test", threads=1, waiting=0, timeout=5)

    async def fail_then_work() -> str:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await lane.run(divmod, 1, 0)
        return await lane.run(str, 1)

    assert asyncio.run(fail_then_work()) == "1"
    lane.close()


def test_refuses_at_once_when_full(gate: threading.Event) -> None:
    lane = Lane("test", threads=1, waiting=2, timeout=5)

    async def overfill() -> None:
        inside = [asyncio.create_task(lane.run(gate.wait, 5)) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(Problem) as caught:
            await lane.run(str, 1)
        assert (caught.value.status_code, caught.value.headers["Retry-After"]) == (429, "1")
        gate.set()
        assert await asyncio.gather(*inside) == [True] * 3
        assert await lane.run(str, 1) == "1"

    asyncio.run(overfill())
    lane.close()


def test_a_caller_who_leaves_does_not_free_the_place_of_running_work(gate: threading.Event) -> None:
    lane = Lane("test", threads=1, waiting=0, timeout=5)

    async def leave() -> None:
        for _ in range(3):
            caller = asyncio.create_task(lane.run(gate.wait, 5))
            await asyncio.sleep(0.05)
            caller.cancel()
            with pytest.raises((asyncio.CancelledError, Problem)):
                await caller
            with pytest.raises(Problem, match="Try again"):
                await lane.run(str, 1)
        gate.set()
        await asyncio.sleep(0.05)
        assert await lane.run(str, 1) == "1"

    asyncio.run(leave())
    lane.close()


def test_work_that_has_not_begun_is_dropped_with_its_caller(gate: threading.Event) -> None:
    lane = Lane("test", threads=1, waiting=1, timeout=5)
    begun: list[int] = []

    async def leave_the_queue() -> None:
        running = asyncio.create_task(lane.run(gate.wait, 5))
        await asyncio.sleep(0.02)
        for number in range(5):
            waiting = asyncio.create_task(lane.run(begun.append, number))
            await asyncio.sleep(0.02)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        gate.set()
        await running
        await lane.run(str, 1)

    asyncio.run(leave_the_queue())
    assert begun == []
    lane.close()


def test_time_runs_out_but_the_place_stays_taken(gate: threading.Event) -> None:
    lane = Lane("test", threads=1, waiting=0, timeout=0.05)

    async def wait_too_long() -> None:
        with pytest.raises(Problem, match=r"within 0\.05 s"):
            await lane.run(gate.wait, 5)
        with pytest.raises(Problem, match="Try again"):
            await lane.run(str, 1)
        gate.set()

    asyncio.run(wait_too_long())
    lane.close()


def test_a_closed_lane_refuses_and_running_work_ends_first() -> None:
    lane = Lane("test", threads=1, waiting=1, timeout=5)
    done: list[bool] = []

    def work() -> None:
        time.sleep(0.1)
        done.append(True)

    async def close_it() -> None:
        running = asyncio.create_task(lane.run(work))
        await asyncio.sleep(0.02)
        await asyncio.to_thread(lane.close)
        await running
        with pytest.raises(Problem, match="shutting down"):
            await lane.run(str, 1)

    asyncio.run(close_it())
    assert done == [True]
