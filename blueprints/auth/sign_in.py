"""Signing in and out, and passwords: Flask-Security's views with our forms, limits and declarations of access."""

import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from flask_security.forms import LoginForm
from flask_security.mail_util import EmailValidateException
from flask_security.signals import (
    password_changed,
    password_reset,
    reset_password_instructions_sent,
    user_authenticated,
)
from flask_security.utils import logout_user
from werkzeug.wrappers import Response

from blueprints.auth.lock_out import LOCKED, forget_attempts, take_attempt
from blueprints.web.access import View, public, signed_in
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.extensions import limiter, security
from tenants.access.actions import record_act, record_sign_in
from tenants.access.models import Account

SIGN_IN_LIMITS = "10 per minute; 100 per hour"
RESET_LIMITS = "5 per minute; 20 per hour"

_DECLARATIONS = {
    "security.login": public("the page to sign in"),
    "security.logout": public("signing out does no harm to somebody who is signed out already"),
    "security.forgot_password": public("somebody who has forgotten the password cannot sign in"),
    "security.reset_password": public("the link in the mail is what gives access"),
    "security.change_password": signed_in,
    "static": public("styles, scripts and pictures; nothing of a tenant"),
}


class SignInForm(LoginForm):
    """Flask-Security's form without “remember me”, with a lock-out before the password is looked at."""

    remember = None

    def validate(self, **kwargs: Any) -> bool:
        email, password = (str(field.data or "").strip() for field in (self.email, self.password))
        if not email or not password:
            missing = "your email address" if not email else "your password"
            self.form_errors.append(f"Enter {missing}.")
            return False
        if not take_attempt(counted := _normalised(email)):
            self.form_errors.append(LOCKED)
            return False
        if not super().validate(**kwargs):
            return False
        forget_attempts(counted)
        return True


def _normalised(email: str) -> str:
    """As it will be looked up: however an address is spelt, it is counted once."""
    try:
        return str(security.mail_util.normalize(email))
    except EmailValidateException:
        return email


def install_sign_in(app: Flask) -> None:
    """Declares who may call Flask-Security's views, limits how often, and refuses the ways in that are not used."""
    limits = {
        "security.login": SIGN_IN_LIMITS,
        "security.forgot_password": RESET_LIMITS,
        "security.reset_password": RESET_LIMITS,
        "security.change_password": SIGN_IN_LIMITS,
    }
    for endpoint, declare in _DECLARATIONS.items():
        view: View = app.view_functions[endpoint]
        if endpoint in limits:
            view = limiter.limit(limits[endpoint], methods=["POST"])(view)
        app.view_functions[endpoint] = declare(view)
    security.want_json(lambda request: False)
    app.login_manager.request_loader(lambda request: None)  # type: ignore[attr-defined]  # no tokens
    app.login_manager.unauthorized_callback = _ask_to_sign_in  # type: ignore[attr-defined]  # set by Flask-Security
    security.unauthn_handler(_ask_to_sign_in)
    app.before_request(_end_old_session)
    for signal, receiver in (
        (user_authenticated, _note_sign_in),
        (password_changed, _note_new_password),
        (password_reset, _note_new_password),
        (reset_password_instructions_sent, _send_soon),
    ):
        signal.connect(receiver, app)


def _ask_to_sign_in(mechanisms: object = None, headers: object = None) -> Response:
    """To the page to sign in and from there back to what was asked for, if asking for it again is harmless."""
    flash("Sign in to see that page.", "info")
    wanted = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("security.login", next=wanted))


def _end_old_session() -> Response | None:
    """A session ends a working day after the password was given, however busy it was (ASVS 3.3.2)."""
    if not current_user.is_authenticated:
        return None
    settings: Settings = current_app.extensions["settings"]
    if time.time() - float(session.get("fs_paa", 0)) < settings.session_minutes * 60:
        return None
    logout_user()
    return _ask_to_sign_in()


def _note_sign_in(app: Flask, user: Account, authn_via: list[str] | None = None, **extra: Any) -> None:
    if authn_via != ["change"]:  # changing the password begins a new session, which is no new arrival
        record_sign_in(account=user, now=datetime.now(UTC))


def _note_new_password(app: Flask, user: Account, **extra: Any) -> None:
    record_act("password changed", account_id=user.id)
    forget_attempts(user.email)
    deliver_soon()


def _send_soon(app: Flask, **extra: Any) -> None:
    deliver_soon()
