"""Who takes mail from us, chosen by MAIL_URL: nobody (`outbox:`), an SMTP server, or GOV.UK Notify."""

from pydantic import SecretStr

from prevent_trust.mail_senders.notify import NotifySender
from prevent_trust.mail_senders.outbox import OutboxSender
from prevent_trust.mail_senders.smtp import SmtpSender
from prevent_trust.mail_senders.types import Sender


def sender_from_url(url: str, *, notify_api_key: SecretStr | None = None) -> Sender:
    """The sender that MAIL_URL names: `outbox:`, `smtp://…`, `smtps://…` or `notify:<template id>`."""
    scheme = url.partition(":")[0]
    if scheme == "outbox":
        return OutboxSender()
    if scheme in {"smtp", "smtps"}:
        return SmtpSender(url)
    if scheme == "notify":
        if notify_api_key is None:
            raise ValueError("MAIL_URL names GOV.UK Notify, and NOTIFY_API_KEY is not set")
        return NotifySender(url, notify_api_key.get_secret_value())
    raise ValueError("MAIL_URL must start with outbox:, smtp://, smtps:// or notify:")
