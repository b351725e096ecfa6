"""API keys: kept as SHA-256 only, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from lossnlp.service._problems import Problem

KEY_HEADER = "X-API-Key"


class Keys:
    """The keys that open the service.

    A key has to be made from many random bytes; that is why one round of SHA-256 is enough to
    keep it, where a password would need a slow hash.

    Parameters
    ----------
    digests
        Name of each key → SHA-256 of the key in hexadecimal. Without any, every caller is let in.
    basic
        Accept ``Authorization: Basic`` too, with the key's name as user and the key as password.
    """

    def __init__(self, digests: Mapping[str, str], basic: bool = False) -> None:
        self._digests = dict(digests)
        self._basic = basic

    def caller(self, headers: Mapping[str, str]) -> str:
        """Return the name of the key that a request carries; empty when no keys are set.

        Raises
        ------
        Problem
            401, if the request carries no key, or none that is known.
        """
        if not self._digests:
            return ""
        name = self._match(headers.get(KEY_HEADER, "")) or self._match_basic(headers)
        if name is None:
            raise Problem(
                "no-key",
                f"Send a valid API key in the header {KEY_HEADER}.",
                headers={"WWW-Authenticate": self._challenge()},
            )
        return name

    def _match(self, key: str) -> str | None:
        """Return the name of the key; every stored digest is compared, found or not."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        found = None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found

    def _match_basic(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if not self._basic or scheme.lower() != "basic":
            return None
        try:
            user, _, key = base64.b64decode(token, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
        name = self._match(key)
        return name if name == user else None

    def _challenge(self) -> str:
        return 'Basic realm="lossnlp"' if self._basic else 'ApiKey realm="lossnlp"'
