"""Settings, read once from the environment into one typed class. Nothing else reads the environment."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32


class Environment(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class SettingsError(Exception):
    """The environment does not make a usable configuration; the message names each variable at fault."""


class Settings(BaseSettings):
    """Everything that differs between one installation and the next.

    Defaults are those of production: what is not safe to guess has no default, and a start without it stops
    with its name.
    """

    model_config = SettingsConfigDict(env_prefix="", extra="ignore", frozen=True)

    environment: Environment = Environment.PRODUCTION
    base_url: str = Field(description="Address that mails and links start with, e.g. https://prevent.example.org")

    secret_key: SecretStr
    password_salt: SecretStr

    database_url: str = Field(description="PostgreSQL, as the role prevent_web")
    worker_database_url: str = Field(description="PostgreSQL, as the role prevent_worker")
    authority_database_url: str = Field(description="PostgreSQL, as the role prevent_authority")
    redis_url: str
    virus_scan_url: str | None = Field(
        default=None, description="clamd://host:3310 or clamd+unix:///path; none: not scanned"
    )
    storage_url: str = Field(description="file:///folder or s3://bucket/prefix?endpoint_url=…&region=…")
    mail_url: str = Field(
        description="smtp://user:password@host:587, smtps://…, notify:<template id>, or outbox: to keep mail in the database"
    )
    notify_api_key: SecretStr | None = Field(default=None, description="GOV.UK Notify’s key, where MAIL_URL names it")
    notify_receipt_token: SecretStr | None = Field(
        default=None,
        description="What GOV.UK Notify proves itself with when it reports on a delivery; none: it may not",
    )
    sources_folder: Path | None = Field(
        default=None, description="Where files for staff lists are put, in a folder for each school or trust by its id"
    )
    sources_ca_file: Path | None = Field(
        default=None, description="Certificate authorities to trust besides the public ones when lists are fetched"
    )
    sources_may_be_local: bool = Field(default=False, description="For the tests only: lists from servers on loopback")
    sources_first_wait: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="Seconds before a busy server is asked again; then twice as long each time",
    )
    source_keys: SecretStr | None = Field(
        default=None,
        description="Fernet keys, by commas, that passwords of sources are kept with: the first encrypts, all decrypt",
    )
    wonde_url: str = "https://api.wonde.com/v1.0"
    mail_from: str = "Prevent Trust <no-reply@localhost>"

    trusted_proxies: int = Field(
        default=0, ge=0, le=5, description="How many proxies stand in front of the web process"
    )
    session_minutes: int = Field(default=8 * 60, ge=5)
    upload_megabytes: int = Field(default=50, ge=1, le=1024)
    release_minimum_schools: int = Field(default=10, ge=3)
    release_minimum_count: int = Field(default=5, ge=3)

    @field_validator("secret_key", "password_salt", "notify_receipt_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"must be at least {SHORTEST_SECRET} characters of random text")
        return value

    @field_validator("source_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            for each in value.get_secret_value().split(",") if value else []:
                Fernet(each.strip())
        except ValueError:
            raise ValueError("must be Fernet keys: 32 random bytes as url-safe base64") from None
        return value

    @field_validator("database_url", "worker_database_url", "authority_database_url")
    @classmethod
    def _with_driver(cls, value: str) -> str:
        return postgresql_url(value)

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _local_in_tests_only(self) -> Self:
        if self.sources_may_be_local and self.environment is not Environment.TEST:
            raise ValueError("SOURCES_MAY_BE_LOCAL is for the tests only")
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            if not self.base_url.startswith("https://"):
                raise ValueError("BASE_URL must start with https:// in production")
            if self.mail_url.startswith("outbox:"):
                raise ValueError("MAIL_URL must be smtp://, smtps:// or notify: in production; outbox: sends nothing")
            if self.secret_key.get_secret_value() == self.password_salt.get_secret_value():
                raise ValueError("SECRET_KEY and PASSWORD_SALT must differ")
        return self

    @property
    def is_demo(self) -> bool:
        return self.environment is Environment.DEMO

    @property
    def served_over_https(self) -> bool:
        return self.base_url.startswith("https://")


def postgresql_url(value: str) -> str:
    """The address with the driver that is installed; operators write `postgresql://` as everywhere else."""
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError("must start with postgresql://")
    return f"postgresql+psycopg://{rest}"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment.

    Raises SettingsError whose message has a line for each variable that is missing or weak. The values
    themselves are never in it.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks what the environment gives
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper() or "settings"
            reason = "is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {reason}")
        raise SettingsError("\n".join(lines)) from None
