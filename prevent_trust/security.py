"""Signing in, passwords, cookies and response headers."""

from datetime import timedelta
from typing import Any

from flask import Flask, Response, url_for
from flask_security.core import UserMixin as SignInMixin
from flask_security.mail_util import MailUtil

from prevent_trust.config import Environment, Settings
from prevent_trust.mail import queue_mail
from prevent_trust.mail_templates import render_mail
from prevent_trust.passwords import LOWEST_SCORE, SHORTEST
from prevent_trust.tenancy import PlatformScope, scope_bound

__all__ = ["OutboxMailUtil", "SignInMixin", "flask_security_settings", "send_security_headers"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class OutboxMailUtil(MailUtil):
    """Flask-Security's mails (password reset, password changed) go the way of all mail: through the table.

    Its own rendering is switched off: `template` names a folder of templates/mail. The link to a new password is made
    here and starts with BASE_URL, since Flask-Security would start it with whatever host the request claimed.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._settings: Settings = app.extensions["settings"]

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: str | tuple[str, str],
        sender: str | tuple[str, str],
        body: str | None,
        html: str | None,
        **kwargs: Any,
    ) -> None:
        base = self._settings.base_url
        token = kwargs.get("reset_token")
        mail = render_mail(
            template,
            name=kwargs["user"].name,
            base_url=base,
            reset_link=base + url_for("security.reset_password", token=token) if token else None,
            forgotten_link=base + url_for("security.forgot_password"),
        )
        with scope_bound(PlatformScope()):
            queue_mail(
                scope=PlatformScope().stamp,
                kind=template,
                to_address=kwargs["user"].email,
                to_name=kwargs["user"].name,
                subject=mail.subject,
                plain=mail.plain,
                html=mail.html,
            )


def flask_security_settings(settings: Settings) -> dict[str, Any]:
    """Flask-Security's configuration: ASVS 4.0.3 level 2, chapters 2 and 3, where a number is given.

    What makes a password good enough is in `passwords`; links are good for an hour; answers do not tell whether an
    address has an account (2.2.2). Basic authentication, tokens and JSON answers are off: there is one way in.
    """
    return {
        "SECURITY_PASSWORD_SALT": settings.password_salt.get_secret_value(),
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST,
        "SECURITY_ZXCVBN_MINIMUM_SCORE": LOWEST_SCORE,
        "SECURITY_PASSWORD_CHECK_BREACHED": "best-effort" if settings.environment is Environment.PRODUCTION else None,
        "SECURITY_JOIN_USER_ROLES": False,  # there are none: permissions hang on memberships
        "SECURITY_RECOVERABLE": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=1),
        # No page asks for the password once more: a session ends after a working day, and changing the password
        # asks for the old one. Without this Flask-Security would serve a page to verify oneself.
        "SECURITY_FRESHNESS": timedelta(minutes=-1),
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_RESET_URL": "/reset-password",
        "SECURITY_CHANGE_URL": "/account/password",
        "SECURITY_POST_LOGIN_VIEW": "/",
        "SECURITY_POST_LOGOUT_VIEW": "/sign-in",
        "SECURITY_POST_CHANGE_VIEW": "/account",
        "SECURITY_POST_RESET_VIEW": "/sign-in",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_DEFAULT_REMEMBER_ME": False,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_EMAIL_SENDER": settings.mail_from,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_EMAIL_PLAINTEXT": False,  # OutboxMailUtil renders
        "SECURITY_EMAIL_HTML": False,
        "SECURITY_EMAIL_TEMPLATE_PASSWORD_RESET": "password_reset",
        "SECURITY_EMAIL_TEMPLATE_PASSWORD_RESET_NOTICE": "password_was_reset",
        "SECURITY_EMAIL_TEMPLATE_PASSWORD_CHANGE_NOTICE": "password_changed",
        "SECURITY_LOGIN_USER_TEMPLATE": "auth/sign_in.html",
        "SECURITY_FORGOT_PASSWORD_TEMPLATE": "auth/forgot_password.html",
        "SECURITY_RESET_PASSWORD_TEMPLATE": "auth/reset_password.html",
        "SECURITY_CHANGE_PASSWORD_TEMPLATE": "auth/change_password.html",
        **_MESSAGES,
    } | (
        # Argon2 at full cost takes a tenth of a second; the tests sign in hundreds of times.
        {"SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {"argon2__rounds": 1, "argon2__memory_cost": 64}}
        if settings.environment is Environment.TEST
        else {}
    )


# Flask-Security's words, said our way: each with the kind of banner that it is shown in.
_MESSAGES: dict[str, tuple[str, str]] = {
    "SECURITY_MSG_GENERIC_AUTHN_FAILED": (
        "The email address or password is not right. Check both and try again.",
        "error",
    ),
    "SECURITY_MSG_UNAUTHENTICATED": ("Sign in to see that page.", "info"),
    "SECURITY_MSG_PASSWORD_RESET_REQUEST": (
        "If %(email)s has an account, we have sent it a link to choose a new password. The link works for one hour.",
        "success",
    ),
    "SECURITY_MSG_PASSWORD_RESET_EXPIRED": ("That link was good for one hour. Ask for a new one.", "error"),
    "SECURITY_MSG_INVALID_RESET_PASSWORD_TOKEN": (
        "That link does not work. It may have been used already, or cut off in the mail. Ask for a new one.",
        "error",
    ),
    "SECURITY_MSG_PASSWORD_RESET_NO_LOGIN": ("Your password is changed. Sign in with the new one.", "success"),
    "SECURITY_MSG_PASSWORD_CHANGE": ("Your password is changed. You are signed out everywhere else.", "success"),
    "SECURITY_MSG_PASSWORD_IS_THE_SAME": ("Your new password must differ from the one you have now.", "error"),
    "SECURITY_MSG_PASSWORD_NOT_PROVIDED": ("Enter a password.", "error"),
    "SECURITY_MSG_RETYPE_PASSWORD_MISMATCH": ("The two passwords differ. Type the new one again.", "error"),
    "SECURITY_MSG_INVALID_PASSWORD": ("That is not your password now.", "error"),
    "SECURITY_MSG_EMAIL_NOT_PROVIDED": ("Enter your email address.", "error"),
    "SECURITY_MSG_INVALID_EMAIL_ADDRESS": (
        "Enter an email address in the correct format, like name@example.org.",
        "error",
    ),
    "SECURITY_MSG_INVALID_REDIRECT": ("The address to go on to was not one of ours, so it was left out.", "info"),
    "SECURITY_MSG_API_ERROR": ("Enter your details on the page and try again.", "error"),
}


def cookie_settings(settings: Settings) -> dict[str, Any]:
    """Session cookies: HttpOnly, Lax, Secure and host-only over https, ended after a working day (ASVS 3.3, 3.4)."""
    name = "__Host-session" if settings.served_over_https else "session"
    return {
        "SESSION_COOKIE_NAME": name,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.served_over_https,
        "PERMANENT_SESSION_LIFETIME": timedelta(minutes=settings.session_minutes),
        "SESSION_PROTECTION": "basic",
    }


def send_security_headers(app: Flask, settings: Settings) -> None:
    """Puts the same headers on every response; pages of tenants are never kept in a cache."""

    @app.after_request
    def _headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Cache-Control", "no-store, private")
        if settings.served_over_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response
