"""The secret address of a calendar: made, shown once, withdrawn. Of a school at the school, of one's own on the account."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.web.access import account_id
from prevent_trust.config import Settings
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.feeds.actions import make_feed, withdraw_feed
from tenants.feeds.queries import own_feed


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


@dataclass(frozen=True)
class FeedPages:
    """The pages of the reader's own address: of the school, or without a scope of what is their own everywhere."""

    template: str
    endpoint: str
    scope: SchoolScope | None = None

    @property
    def address(self) -> dict[str, Any]:
        return {"school_id": self.scope.school_id} if self.scope else {}

    def show(self, *, new_address: str | None = None, **values: Any) -> str:
        return render_template(
            self.template,
            feed=own_feed(account_id(), self.scope.school_id if self.scope else None),
            new_address=new_address,
            make=url_for(f"{self.endpoint}_make", **self.address),
            withdraw=url_for(f"{self.endpoint}_withdraw", **self.address),
            form=ButtonForm(formdata=None),
            **self.address,
            **values,
        )

    def make(self, **values: Any) -> str:
        """The new address, on this page alone: it is not kept."""
        secret = make_feed(account_id(), scope=self.scope)
        record_act("calendar address made", account_id=account_id(), **self.address)
        return self.show(new_address=feed_address(account_id(), secret), **values)

    def withdraw(self) -> Response:
        if withdraw_feed(account_id(), scope=self.scope):
            record_act("calendar address withdrawn", account_id=account_id(), **self.address)
            flash("The address is withdrawn. Calendars that used it get nothing more.", "success")
        return redirect(url_for(self.endpoint, **self.address), 303)


def feed_address(owner: uuid.UUID, secret: str) -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + url_for("public.calendar_feed", owner_id=owner, secret=secret)
