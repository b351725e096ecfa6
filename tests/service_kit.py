"""What the tests of the service share: an app in this process, and a server in its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from fastapi.testclient import TestClient

import lossnlp
from lossnlp import Deal, LossModel, Suggestion
from lossnlp.service import create_app, read_settings

KEY = "q7Zk0h8Vn2Lr5Xy1Wb4Td9Gm6Js3Cf0P"
KEY_DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
NOTE = "went w/ Workday, half the price. Revisit at their renewal in March."


def missing(reason: str) -> None:
    """Skip a test that lacks a program; fail instead where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def the_model() -> LossModel:
    """The default bundle, loaded once for all tests."""
    return lossnlp.load()


@contextmanager
def running_app(tmp_path: Path, model: Any = None, **given: Any) -> Iterator[TestClient]:
    """Yield a client of an app in this process that is ready, with the default bundle's model."""
    given.setdefault("database", f"sqlite:///{tmp_path / 'feedback.db'}")
    given.setdefault("timeout_seconds", 60)  # the machine may be busy with something else
    app = create_app(read_settings(**given))
    with (
        mock.patch("lossnlp.service._serving.load", return_value=model or the_model()),
        TestClient(app) as client,
    ):
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client


def wait_until(true: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


class Puppet:
    """Stands before a real model and does, deal by deal, what a test wants to see happen.

    ``hold`` keeps every reading waiting until `release`; ``error`` is raised instead.
    """

    def __init__(self, model: LossModel) -> None:
        self._model = model
        self._open = threading.Event()
        self._open.set()
        self.error: BaseException | None = None
        self.begun = 0

    id = property(lambda self: self._model.id)
    taxonomy = property(lambda self: self._model.taxonomy)

    def suggest(self, note: str) -> Suggestion:
        return self._model.suggest(note)

    def read(self, deals: Sequence[Deal]) -> list[Suggestion]:
        self.begun += 1
        assert self._open.wait(120)
        if self.error is not None:
            raise self.error
        return self._model.read(deals)

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()


class Server:
    """``lossnlp serve`` in a process of its own, on a free port."""

    def __init__(self, folder: Path, *options: str, **settings: Any) -> None:
        given = {
            "LOSSNLP_DATABASE": f"sqlite:///{folder / 'feedback.db'}",
            "LOSSNLP_DRAIN_SECONDS": "0.3",
            "LOSSNLP_TIMEOUT_SECONDS": "60",
        } | {f"LOSSNLP_{name.upper()}": str(value) for name, value in settings.items()}
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lossnlp", "serve", "--port", "0", *options],
            env={**os.environ, **given},
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Server:
        try:
            self._await_start()
        except BaseException:
            self.process.kill()
            self.wait()
            raise
        return self

    def _await_start(self) -> None:
        wait_until(lambda: self.events("listening") or self.process.poll() is not None)
        assert self.events("listening"), self.lines
        self.port = int(self.events("listening")[0]["port"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=120)
        wait_until(lambda: self.events("model in use") or self.process.poll() is not None)
        assert self.process.poll() is None, self.lines
        assert self.client.get("/readyz").status_code == 200

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code."""
        code = self.process.wait(120)
        self._reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log entries with this name so far."""
        entries = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == name]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
