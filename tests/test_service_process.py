"""The service as a process: load, signals, reloads, bad clients, a violent end."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from service_kit import KEY, KEY_DIGEST, NOTE, Puppet, Server, running_app, the_model, wait_until
from sqlalchemy import create_engine, text

from lossnlp import BundleError, InputError
from lossnlp.model import default_path
from lossnlp.service import create_app, read_settings, run
from lossnlp.service._server import _listen

SECRET = "Grimaldi Elektro"


def test_importing_lossnlp_or_its_command_line_imports_no_web_framework() -> None:
    code = (
        "import sys, lossnlp, lossnlp.cli, lossnlp.cli._serve;"
        "sys.exit(bool({'fastapi', 'uvicorn', 'sqlalchemy', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with _listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's algorithm on


# --- overload, in this process -------------------------------------------------------------------


def test_a_full_queue_answers_429_at_once_and_health_goes_on(tmp_path: Path) -> None:
    puppet = Puppet(the_model())
    with running_app(tmp_path, puppet, threads=1, max_waiting=2) as client:
        puppet.hold()
        with ThreadPoolExecutor(3) as pool:
            inside = [pool.submit(client.post, "/v1/suggest", json={"note": ""}) for _ in range(3)]
            wait_until(lambda: "in_progress 4.0" in client.get("/metrics").text)
            refused = client.post("/v1/suggest", json={"note": NOTE})
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["type"] == "urn:lossnlp:problem:busy"
            assert client.get("/livez").status_code == 200
            assert client.get("/readyz").status_code == 200
            puppet.release()
            assert [answer.result().status_code for answer in inside] == [200] * 3
        assert client.post("/v1/suggest", json={"note": NOTE}).status_code == 200
        assert 'lossnlp_rejected_total{problem="busy"} 1.0' in client.get("/metrics").text


def test_a_long_batch_does_not_hold_up_a_single_suggestion(tmp_path: Path) -> None:
    puppet = Puppet(the_model())
    with running_app(tmp_path, puppet, threads=2) as client:
        puppet.hold()
        with ThreadPoolExecutor(1) as pool:
            batch = pool.submit(client.post, "/v1/score", json={"deals": [{"note": NOTE}]})
            wait_until(lambda: puppet.begun == 1)
            puppet.release()
            assert client.post("/v1/suggest", json={"note": NOTE}).status_code == 200
            assert batch.result().status_code == 200


def test_time_runs_out_with_a_503(tmp_path: Path) -> None:
    puppet = Puppet(the_model())
    with running_app(tmp_path, puppet, timeout_seconds=0.2) as client:
        puppet.hold()
        answer = client.post("/v1/suggest", json={"note": NOTE})
        puppet.release()
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:lossnlp:problem:out-of-time"


# --- one server for what does not end it ---------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(default_path(), folder / "bundle")
    with Server(
        folder,
        "--model",
        str(folder / "bundle"),
        keys=f"crm:{KEY_DIGEST}",
        admin_reload=True,
        timeout_seconds=1.5,
    ) as server:
        server.client.headers["X-API-Key"] = KEY
        yield server


def head(server: Server, length: int) -> bytes:
    return (
        f"POST /v1/suggest HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-API-Key: {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def in_progress(server: Server) -> float:
    found = re.search(
        r"^lossnlp_requests_in_progress (\S+)$", server.client.get("/metrics").text, re.M
    )
    assert found
    return float(found[1])


def test_callers_who_hang_up_leave_nothing_behind(server: Server) -> None:
    body = json.dumps({"note": NOTE}).encode()
    for cut in [len(body), len(body) // 2, 0] * 40:
        with socket.create_connection(("127.0.0.1", server.port)) as caller:
            caller.sendall(head(server, len(body)) + body[:cut])
    wait_until(lambda: in_progress(server) == 1)
    assert server.client.post("/v1/suggest", json={"note": NOTE}).status_code == 200
    assert not server.events("fault")


def test_a_slow_caller_gets_408_and_holds_up_nobody(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(head(server, 100) + b'{"note": "')
        assert server.client.post("/v1/suggest", json={"note": NOTE}).status_code == 200
        slow.settimeout(120)
        answer = slow.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:lossnlp:problem:slow-request" in answer


def test_a_huge_body_is_refused_over_the_wire(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as caller:
        caller.sendall(head(server, 10_000_000))
        answer = caller.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"urn:lossnlp:problem:body-too-large" in answer


def test_the_log_is_json_and_holds_no_text_of_callers(server: Server) -> None:
    server.client.post("/v1/suggest", json={"note": f"lost to {SECRET}"})
    server.client.post("/v1/suggest", json={"note": [SECRET]})
    server.client.get(f"/v1/{SECRET}?q={SECRET}", headers={"User-Agent": SECRET})
    wait_until(lambda: any(e["status"] == 404 for e in server.events("request")))
    request = next(e for e in server.events("request") if e["route"] == "/v1/suggest")
    assert request.keys() >= {"time", "level", "request_id", "caller", "method", "status", "ms"}
    assert "Grimaldi" not in "\n".join(server.lines)
    assert KEY not in "\n".join(server.lines)
    assert all(line.startswith("{") for line in server.lines), server.lines


def test_reload_under_load_fails_no_request_and_a_damaged_bundle_changes_nothing(
    server: Server,
) -> None:
    bundle = Path(server.process.args[-1])  # type: ignore[index]
    stop = threading.Event()

    def ask() -> set[int]:
        seen = set()
        with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}, timeout=120) as client:
            while not stop.is_set():
                seen.add(client.post("/v1/suggest", json={"note": NOTE}).status_code)
        return seen

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        used = len(server.events("model in use"))
        server.signal(signal.SIGHUP)
        wait_until(lambda: len(server.events("model in use")) == used + 1)
        reloaded = server.client.post("/v1/admin/reload")
        assert reloaded.json() == {"model": the_model().id}
        damaged = bundle / "manifest.json"
        whole = damaged.read_bytes()
        damaged.write_bytes(whole[:-20])
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.events("reload refused"))
        refused = server.client.post("/v1/admin/reload")
        damaged.write_bytes(whole)
        stop.set()
        assert [seen.result() for seen in asking] == [{200}] * 4
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:lossnlp:problem:bundle-refused"
    metrics = server.client.get("/metrics").text
    assert 'lossnlp_reloads_total{result="used"} 2.0' in metrics
    assert 'lossnlp_reloads_total{result="refused"} 2.0' in metrics
    assert server.client.get("/v1/model").json()["model"] == the_model().id


# --- ends ----------------------------------------------------------------------------------------


def test_sigterm_turns_readiness_off_serves_on_and_then_leaves(tmp_path: Path) -> None:
    with Server(tmp_path, drain_seconds=2) as server:
        server.signal(signal.SIGTERM)
        wait_until(lambda: server.client.get("/readyz").status_code == 503)
        assert server.client.get("/livez").status_code == 200
        assert server.client.post("/v1/suggest", json={"note": NOTE}).status_code == 200
        assert server.wait() == -signal.SIGTERM
    assert server.events("Shutting down")
    assert not server.events("fault")


def test_an_interrupt_leaves_at_once_and_counts_as_done(tmp_path: Path) -> None:
    with Server(tmp_path, drain_seconds=1000) as server:
        server.signal(signal.SIGINT)
        assert server.wait() == 0
    assert all(line.startswith("{") for line in server.lines), server.lines


def test_choices_that_were_acknowledged_survive_a_kill(tmp_path: Path) -> None:
    acknowledged: list[str] = []

    def choose(server: Server) -> None:
        with httpx.Client(base_url=server.url, timeout=120) as client:
            for n in range(100_000):
                sent = {"suggestion_id": f"suggestion-{n}", "chosen": "price"}
                try:
                    client.post("/v1/feedback", json=sent).raise_for_status()
                except httpx.TransportError:
                    return
                acknowledged.append(sent["suggestion_id"])

    with Server(tmp_path) as server:
        choosing = threading.Thread(target=choose, args=[server])
        choosing.start()
        wait_until(lambda: len(acknowledged) >= 50)
        server.signal(signal.SIGKILL)
        choosing.join()
        server.wait()
    engine = create_engine(f"sqlite:///{tmp_path / 'feedback.db'}")
    with engine.begin() as connection:
        kept = set(connection.scalars(text("SELECT suggestion_id FROM lossnlp_feedback")))
    engine.dispose()
    assert set(acknowledged) <= kept


def test_a_bundle_that_is_not_there_is_one_line_and_exit_2(tmp_path: Path) -> None:
    server = Server(tmp_path, "--model", str(tmp_path / "nowhere"))
    assert server.wait() == 2
    said = [line for line in server.lines if not line.startswith("{")]
    assert len(said) == 1, server.lines
    assert said[0].startswith("lossnlp: ")
    assert "nowhere" in said[0]


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            InputError, match=rf"cannot listen on 127\.0\.0\.1 port {port}: .*--port"
        ):
            run(read_settings(port=port))


def test_a_failed_start_keeps_readiness_off_under_another_server(tmp_path: Path) -> None:
    app = create_app(
        read_settings(model=tmp_path / "nowhere", database=f"sqlite:///{tmp_path / 'f.db'}")
    )
    with TestClient(app) as client:
        wait_until(lambda: app.state.service.failure)
        assert isinstance(app.state.service.failure, BundleError)
        assert client.get("/livez").status_code == 200
        for answer in [client.get("/readyz"), client.post("/v1/suggest", json={"note": ""})]:
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:lossnlp:problem:not-ready"


def test_before_the_model_is_loaded_the_service_lives_but_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_load = threading.Event()

    def slow_load(path: Path | None, **_: object) -> Puppet:
        assert may_load.wait(120)
        return Puppet(the_model())

    monkeypatch.setattr("lossnlp.service._serving.load", slow_load)
    app = create_app(read_settings(database=f"sqlite:///{tmp_path / 'f.db'}"))
    with TestClient(app) as client:
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
        early = client.post("/v1/suggest", json={"note": NOTE})
        assert (early.status_code, early.headers["retry-after"]) == (503, "2")
        may_load.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/suggest", json={"note": NOTE}).status_code == 200
