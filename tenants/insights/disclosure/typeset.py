"""The summary's PDF, typeset in a process of its own: typst keeps what it worked out, and its threads are lost by a fork.

`python -m tenants.insights.disclosure.typeset SECONDS` reads the release as JSON and writes the PDF, as of that moment.
"""

import os
import subprocess
import sys
from pathlib import Path

import typst

from prevent_trust.config import ROOT

_FOLDER = Path(__file__).parent
_SECONDS = 60


class NotTypeset(RuntimeError):
    """No PDF came of it; the message is typst's, or says that it took too long."""


def typeset(release: str, *, made_at: int) -> bytes:
    """The PDF (UA-1) of a release as JSON, dated with seconds of Unix time. Raises NotTypeset."""
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(  # noqa: S603  # ourselves
            [sys.executable, "-m", __name__, str(made_at)],
            input=release.encode(),
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise NotTypeset(f"The summary was not typeset within {_SECONDS} seconds.") from late
    if done.returncode:
        raise NotTypeset(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout


def _main() -> None:
    made = typst.compile(
        _FOLDER / "summary.typ",
        root=_FOLDER,
        font_paths=typst.Fonts(include_system_fonts=False),
        sys_inputs={"release": sys.stdin.read()},
        pdf_standards=["ua-1"],
        timestamp=int(sys.argv[1]),
    )
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    _main()
