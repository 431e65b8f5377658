"""Mails from templates: a folder in templates/mail for each, with subject.txt, message.txt and message.html.

Nothing of a request is needed, so that a worker writes the same mail as a page does. Addresses in a mail are whole
and start with BASE_URL: the caller makes them, for a mail must never repeat the host that a request claimed.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from prevent_trust.config import ROOT

FOLDER = ROOT / "templates" / "mail"


@dataclass(frozen=True)
class RenderedMail:
    """What `queue_mail` takes: a subject of one line, and the message as text and as HTML."""

    subject: str
    plain: str
    html: str


def render_mail(folder: str, /, **values: object) -> RenderedMail:
    """The mail whose templates are in templates/mail/<folder>. A value that is missing raises UndefinedError."""
    environment = _environment()
    subject, plain, html = (
        environment.get_template(f"{folder}/{part}").render(values)
        for part in ("subject.txt", "message.txt", "message.html")
    )
    return RenderedMail(subject=" ".join(subject.split()), plain=plain.strip() + "\n", html=html)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"], default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["date"] = _long_date
    return environment


def _long_date(value: date) -> str:
    return f"{value.day} {value:%B %Y}"
