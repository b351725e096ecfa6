"""Settings of the service: from the environment, from a file of the same lines, from options."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lossnlp._errors import InputError


def _split_list(value: Any) -> Any:
    """Turn ``a,b`` into a list; anything else is left for pydantic to judge."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _split_keys(value: Any) -> Any:
    """Turn ``name:hash,name:hash`` into a mapping."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition(":") for part in _split_list(value)]
    if len({name for name, _, _ in pairs}) != len(pairs):
        raise ValueError("two keys have the same name")
    return {name.strip(): digest.strip() for name, _, digest in pairs}


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]
KeyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
PathPrefix = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_.~-]+)*$")]


class Settings(BaseSettings):
    """What an administrator may set; each name in capitals after ``LOSSNLP_`` is a variable.

    Parameters
    ----------
    host, port
        Where to listen. An address other than this machine's own loopback needs ``keys``, or
        ``allow_without_keys``.
    root_path
        Path prefix under which a proxy publishes the service, such as ``/lossnlp``. Requests are
        understood with and without it.
    model
        Folder of the bundle; without it the default bundle.
    crosswalk
        File that maps the CRM's picklist values to codes.
    competitors
        File of your own rivals, one a line with other spellings after commas; added to the
        packaged list.
    own_names
        Names of your own company and products, which are never rivals: ``Acme,Acme Cloud``.
    fiscal_year_start
        Month, 1 to 12, in which the fiscal year begins.
    keys
        Name of each API key and the SHA-256 of the key, in hexadecimal:
        ``crm:3f0a…,page:77b1…``. Make keys from at least 32 random bytes.
    basic
        Also accept HTTP Basic: user is the key's name, password the key.
    allow_without_keys
        Listen on any address without keys, for a network that is guarded otherwise.
    admin_reload
        Offer ``POST /v1/admin/reload``; needs keys.
    database
        SQLAlchemy URL of the feedback, SQLite or PostgreSQL.
    blind_share
        Share of suggestions, 0 to 1, that are held back to measure anchoring.
    cors_origins
        Web origins whose pages may call the service; none by default.
    max_body_bytes, max_text_chars, max_deals
        Limits of a request: its size; the characters of a note or snippet that are read (the
        rest is cut off, and the answer says so); the deals of one call.
    threads
        Inferences at a time; without it the number of cores that the process may use.
    max_waiting
        Requests that may wait for a thread; more are refused with 429 at once.
    timeout_seconds
        Time after which a request that has no answer gets 503 (six times that for many deals),
        and one whose body has not arrived 408.
    drain_seconds
        Time between SIGTERM, when ``/readyz`` turns to 503, and the end of accepting requests.
    log_level
        The least severe level that is logged.
    """

    model_config = SettingsConfigDict(
        env_prefix="LOSSNLP_",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    root_path: PathPrefix = ""
    model: Path | None = None
    crosswalk: Path | None = None
    competitors: Path | None = None
    own_names: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)] = ()
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    keys: Annotated[dict[KeyName, Sha256], NoDecode, BeforeValidator(_split_keys)] = {}
    basic: bool = False
    allow_without_keys: bool = False
    admin_reload: bool = False
    database: str = "sqlite:///lossnlp-feedback.db"
    blind_share: float = Field(default=0.0, ge=0.0, le=1.0)
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)] = ()
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)
    max_text_chars: int = Field(default=20_000, ge=100)
    max_deals: int = Field(default=256, ge=1, le=256)
    threads: int | None = Field(default=None, ge=1, le=256)
    max_waiting: int = Field(default=64, ge=0)
    timeout_seconds: float = Field(default=10.0, gt=0)
    drain_seconds: float = Field(default=5.0, ge=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def thread_count(self) -> int:
        """Return how many inferences may run at a time."""
        return self.threads or _usable_cores()


def read_settings(env_file: Path | None = None, **given: Any) -> Settings:
    """Return the settings from options, else the environment, else a file, else the defaults.

    Parameters
    ----------
    env_file
        File with one ``LOSSNLP_NAME=value`` a line, as systemd and Docker read it too.
    **given
        Settings that go before all others; None means not given.

    Raises
    ------
    InputError
        If a setting cannot be used, or if they do not go together.
    """
    if env_file is not None and not env_file.is_file():
        raise InputError(f"the settings file {env_file} does not exist")
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options["_env_file"] = env_file
    try:
        settings = Settings(**options)
    except ValidationError as error:
        raise InputError(_first_fault(error)) from None
    _check_exposure(settings)
    return settings


def _first_fault(error: ValidationError) -> str:
    """Return one line for the first wrong setting, without its value: it may be a secret."""
    fault = error.errors(include_input=False, include_url=False)[0]
    name = str(fault["loc"][0]).upper().removeprefix("LOSSNLP_") if fault["loc"] else "?"
    said = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        said = "there is no such setting"
    return f"setting LOSSNLP_{name}: {said}"


def _check_exposure(settings: Settings) -> None:
    """Refuse combinations that would leave the service open to others."""
    if settings.admin_reload and not settings.keys:
        raise InputError("LOSSNLP_ADMIN_RELOAD needs LOSSNLP_KEYS: anyone could reload the model")
    if settings.keys or settings.allow_without_keys or _is_loopback(settings.host):
        return
    raise InputError(
        f"will not listen on {settings.host} without API keys: set LOSSNLP_KEYS, or "
        "LOSSNLP_ALLOW_WITHOUT_KEYS=true if the network is guarded otherwise"
    )


def _is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _usable_cores() -> int:
    """Return the cores that this process may use: its affinity, cut by a cgroup quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _cgroup_cores()))


def _cgroup_cores() -> int:
    """Return the cores of the cgroup's CPU quota; a large number where there is none."""
    limit = Path("/sys/fs/cgroup/cpu.max")
    quota, _, period = limit.read_text().partition(" ") if limit.is_file() else ("max", "", "")
    return 4096 if quota.strip() == "max" else max(1, int(quota) // int(period))
