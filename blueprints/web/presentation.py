"""How values look on pages: dates, percentages, addresses of assets."""

import json
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, url_for

from blueprints.web.access import LONDON
from blueprints.web.plain_text import blocks
from tenants.plan.types import role_words
from tenants.staff.models import STAFF_ROLE_NAMES


def install_presentation(app: Flask, *, demo_mode: bool) -> None:
    """Registers the filters and globals that templates use."""
    app.jinja_env.filters.update(
        blocks=blocks,
        date=long_date,
        moment=moment,
        percent=percent,
        plural=plural,
        role_words=role_words,
        staff_role_words=STAFF_ROLE_NAMES.__getitem__,
    )
    app.jinja_env.globals.update(asset_url=asset_url, demo_mode=demo_mode, plural=plural)


def long_date(value: date | datetime | None) -> str:
    """“3 March 2027”, the GOV.UK style; empty for none. A moment is given as its day in England."""
    if value is None:
        return ""
    day = value.astimezone(LONDON) if isinstance(value, datetime) else value
    return f"{day.day} {day:%B %Y}"


def moment(value: datetime | None) -> str:
    """“3 March 2027 at 9:05am”, in England."""
    if value is None:
        return ""
    local = value.astimezone(LONDON)
    hour = local.hour % 12 or 12
    return f"{long_date(value)} at {hour}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def percent(numerator: int, denominator: int) -> str:
    """A whole percentage, rounded down so that 100% means all; a dash where there is nobody to count."""
    return f"{100 * numerator // denominator}%" if denominator else "–"


def plural(count: int, one: str, many: str | None = None) -> str:
    """“1 action”, “3 actions”."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def asset_url(name: str) -> str:
    """The address of a built asset by its plain name. Raises RuntimeError when the assets were not built."""
    return url_for("static", filename=_manifest(Path(current_app.static_folder or ""))[name])


@lru_cache(maxsize=1)
def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "manifest.json").read_text())  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise RuntimeError("The assets are not built: run `make assets`.") from None
