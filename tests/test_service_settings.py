"""Settings of the service: sources, one clear line for each fault, no exposure by accident."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from service_kit import KEY_DIGEST
from typer.testing import CliRunner

from lossnlp import InputError
from lossnlp.cli import app
from lossnlp.service import Settings, read_settings
from lossnlp.service._serving import load_checked


def test_defaults_serve_this_machine_alone() -> None:
    settings = read_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert not settings.keys
    assert not settings.admin_reload
    assert settings.cors_origins == ()
    assert settings.max_body_bytes == 256 * 1024
    assert settings.thread_count >= 1


def test_options_go_before_environment_before_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "service.env"
    file.write_text("LOSSNLP_PORT=1111\nLOSSNLP_MAX_WAITING=7\nLOSSNLP_BLIND_SHARE=0.1\n")
    monkeypatch.setenv("LOSSNLP_PORT", "2222")
    monkeypatch.setenv("LOSSNLP_MAX_WAITING", "8")
    settings = read_settings(file, port=3333, host=None)
    assert (settings.port, settings.max_waiting, settings.blind_share) == (3333, 8, 0.1)


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "0" * 64
    monkeypatch.setenv("LOSSNLP_KEYS", f"crm:{KEY_DIGEST.upper()}, page:{other}")
    monkeypatch.setenv("LOSSNLP_CORS_ORIGINS", "https://a.example, https://b.example")
    settings = read_settings()
    assert settings.keys == {"crm": KEY_DIGEST, "page": other}
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_what_is_read_from_a_note_follows_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rivals.txt").write_text("North Wind ERP, NWE\n", encoding="utf-8")
    file = tmp_path / "service.env"
    file.write_text(
        f"LOSSNLP_COMPETITORS={tmp_path / 'rivals.txt'}\nLOSSNLP_FISCAL_YEAR_START=2\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("LOSSNLP_OWN_NAMES", "Workday, Acme Cloud")
    loaded = load_checked(read_settings(file))
    note = "nwe is in there today, not Workday. Call me in Q1 FY27"
    signals = loaded.model.suggest(note, close_date=date(2025, 10, 15)).signals
    assert [rival.canonical for rival in signals.competitors] == ["North Wind ERP"]
    assert signals.revisit is not None
    assert signals.revisit.earliest == date(2026, 2, 1)


def test_a_list_of_rivals_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    settings = read_settings(competitors=tmp_path / "none.txt")
    with pytest.raises(InputError, match="the list of competitors cannot be read"):
        load_checked(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "setting LOSSNLP_PORT: "),
        ("BLIND_SHARE", "1.5", "setting LOSSNLP_BLIND_SHARE: "),
        ("FISCAL_YEAR_START", "13", "setting LOSSNLP_FISCAL_YEAR_START: "),
        ("ROOT_PATH", "lossnlp/", "setting LOSSNLP_ROOT_PATH: "),
        ("KEYS", "crm:hunter2", "setting LOSSNLP_KEYS: "),
        ("KEYS", f"crm:{'0' * 64},crm:{'1' * 64}", "two keys have the same name"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LOSSNLP_{name}", value)
    with pytest.raises(InputError) as caught:
        read_settings()
    assert said in str(caught.value)
    assert value not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_setting_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "service.env"
    file.write_text("LOSSNLP_PROT=8000\n")
    with pytest.raises(InputError, match="LOSSNLP_PROT: there is no such setting"):
        read_settings(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.env does not exist"):
        read_settings(tmp_path / "none.env")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "crm.example"])
def test_other_addresses_need_keys_unless_told(host: str) -> None:
    with pytest.raises(InputError, match="without API keys"):
        read_settings(host=host)
    assert read_settings(host=host, keys={"crm": KEY_DIGEST}).host == host
    assert read_settings(host=host, allow_without_keys=True).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_keys(host: str) -> None:
    assert read_settings(host=host).host == host


def test_reload_over_http_needs_keys() -> None:
    with pytest.raises(InputError, match="LOSSNLP_ADMIN_RELOAD needs LOSSNLP_KEYS"):
        read_settings(admin_reload=True)


def test_the_command_refuses_with_one_line_and_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    from lossnlp.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["serve", "--host", "0.0.0.0"])
    assert ended.value.code == 2


def test_help_holds_a_worked_example() -> None:
    said = CliRunner().invoke(app, ["serve", "--help"]).output
    assert "lossnlp serve --port 8000" in said
    assert "curl" in said


def test_every_setting_is_explained() -> None:
    assert Settings.__doc__ is not None
    for name in Settings.model_fields:
        assert name in Settings.__doc__, name
