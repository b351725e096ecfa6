"""What the service's guides say is so: samples run, tables complete, deployment files sound."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service_kit import KEY, NOTE, Server

from lossnlp.service import Settings
from lossnlp.service._problems import _PROBLEMS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def samples(guide: str, language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", (DOCS / guide).read_text(), re.DOTALL)
    assert found
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("docs")) as server:
        yield server


def shell(server: Server, script: str) -> list[str]:
    """Run a sample against our server and return its lines, each sample's answer being one."""
    script = script.replace("http://127.0.0.1:8000", server.url).replace("curl ", "curl -w '\\n' ")
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_curl_guide_runs(server: Server) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    answers = [
        json.loads(line) for sample in samples("curl.md", "sh") for line in shell(server, sample)
    ]
    first, thin, check, batch, _, kept, wrong = answers
    assert first["reasons"][0]["code"] == "competitor"
    assert first.keys() >= {"revisit", "competitors", "suggestion_id", "recyclable"}
    assert thin["question"]
    assert check["verdict"] == "contradicted"
    assert ["suggestion" in result for result in batch["results"]] == [True, False]
    assert kept["rank"] == 1
    assert wrong["status"] == 422


def test_a_key_made_as_the_guide_says_opens_the_service() -> None:
    if not (shutil.which("openssl") and shutil.which("sha256sum")):
        pytest.skip("openssl or sha256sum is not installed")
    (recipe,) = samples("service.md", "sh")
    done = subprocess.run(
        ["sh", "-eu", "-c", recipe + 'printf %s "$KEY"'], capture_output=True, text=True, check=True
    )
    digest, key = done.stdout.split("\n")
    from starlette.datastructures import Headers

    from lossnlp.service import read_settings
    from lossnlp.service._keys import Keys

    keys = Keys(read_settings(keys=f"crm:{digest}").keys)
    assert keys.caller(Headers({"X-API-Key": key})) == "crm"


def hubspot_event(note: str | None) -> dict[str, Any]:
    return {"inputFields": {"note": note, "deal": "9876543210"}}


@pytest.mark.parametrize("note", [NOTE, "n/a", None])
def test_the_hubspot_samples_run_and_agree(
    server: Server, note: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSNLP_URL", server.url)
    monkeypatch.setenv("LOSSNLP_KEY", KEY)
    (python,) = samples("hubspot-custom-code.md", "python")
    action: dict[str, Any] = {}
    exec(python, action)
    outputs = action["main"](hubspot_event(note))["outputFields"]
    assert bool(outputs["code"]) is (note == NOTE)
    assert bool(outputs["question"]) is (note != NOTE)
    if not shutil.which("node"):
        pytest.skip("Node.js is not installed")
    (node,) = samples("hubspot-custom-code.md", "js")
    event = json.dumps(hubspot_event(note))
    script = f"{node}\nexports.main({event}, (result) => console.log(JSON.stringify(result)));"
    done = subprocess.run(
        ["node", "-e", script], capture_output=True, text=True, env={**os.environ}, check=True
    )
    assert json.loads(done.stdout)["outputFields"] == outputs


def test_the_salesforce_requests_are_taken(server: Server) -> None:
    suggest, feedback, check = map(json.loads, samples("salesforce-flow.md", "json"))
    answer = server.client.post("/v1/suggest", json=suggest).json()
    assert answer["suggestion_id"] == suggest["suggestion_id"]
    assert server.client.post("/v1/feedback", json=feedback).json()["rank"] == 1
    assert server.client.post("/v1/check", json=check).json()["supported"] is False
    (fetch,) = samples("salesforce-flow.md", "sh")
    document = json.loads("".join(shell(server, fetch)))
    guide = (DOCS / "salesforce-flow.md").read_text()
    for operation in document["paths"].values():
        assert f"`{operation['post']['operationId']}`" in guide


def test_the_guide_names_every_setting_problem_and_address(server: Server) -> None:
    guide = (DOCS / "service.md").read_text()
    for name in Settings.model_fields:
        assert f"`LOSSNLP_{name.upper()}`" in guide
    assert set(re.findall(r"LOSSNLP_([A-Z_]+)", guide)) <= {
        name.upper() for name in Settings.model_fields
    }
    for name, (status, _) in _PROBLEMS.items():
        row = next(line for line in guide.splitlines() if f"`{name}`" in line)
        assert str(status) in row
    for path, operations in server.client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in guide
    for name in re.findall(r"lossnlp_[a-z_]+", guide.partition("**Metrics**")[2]):
        assert name in server.client.get("/metrics").text


def test_the_tables_of_the_feedback_guide_can_be_asked(server: Server, tmp_path: Path) -> None:
    import sqlite3

    (query,) = samples("service.md", "sql")
    database = sqlite3.connect(Path(str(server.folder)) / "feedback.db")
    assert database.execute(query).description[0][0] == "blind"
    database.close()


def test_the_image_runs_without_root_and_the_unit_is_sound(tmp_path: Path) -> None:
    steps = [line.split(maxsplit=1) for line in (ROOT / "Dockerfile").read_text().splitlines()]
    names = [step[0] for step in steps if step]
    assert names.index("USER") < names.index("CMD")
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M):
        assert all((ROOT / name).exists() for name in source.split())
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = (ROOT / "deploy" / "lossnlp.service").read_text()
    copy = tmp_path / "lossnlp.service"
    copy.write_text(unit.replace("/opt/lossnlp/bin/lossnlp", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
