"""A few threads behind a short queue, which refuses at once when both are full."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from lossnlp.service._problems import Problem

P = ParamSpec("P")
R = TypeVar("R")


class Lane:
    """Runs blocking work off the event loop, never more of it than was agreed.

    A place is given back when the work itself is over, not when its caller stops waiting: else
    callers who hang up would let in more work than the threads can do.

    Parameters
    ----------
    name
        For the threads' names.
    threads
        How much runs at a time.
    waiting
        How much more may wait for a thread.
    timeout
        Seconds from entry until the caller is told that it took too long. Work that has not
        begun by then is dropped.
    """

    def __init__(self, name: str, threads: int, waiting: int, timeout: float) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._capacity = threads + waiting
        self._places = threading.BoundedSemaphore(self._capacity)
        self._timeout = timeout
        self._closed = False

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the work in a thread and return what it returns.

        Raises
        ------
        Problem
            429 if the lane is full; 503 if it is closed or time runs out.
        """
        if self._closed:
            raise Problem("not-ready", "The service is shutting down.")
        if not self._places.acquire(blocking=False):
            raise Problem("busy", "Try again in a second.", headers={"Retry-After": "1"})
        try:
            future = self._executor.submit(work, *args, **kwargs)
        except RuntimeError:
            self._places.release()
            raise
        future.add_done_callback(self._give_back)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout)
        except TimeoutError:
            raise Problem(
                "out-of-time",
                f"There was no answer within {self._timeout:g} s; try again.",
                headers={"Retry-After": "1"},
            ) from None

    def _give_back(self, _: Future[R]) -> None:
        self._places.release()

    def close(self) -> None:
        """Drop what waits, let what runs come to its end."""
        self._closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)
