"""Flask extensions, made once, bound to an application by the factory."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security.core import Security
from flask_wtf.csrf import CSRFProtect

from prevent_trust.passwords import PlainWordsPasswordUtil
from prevent_trust.security import OutboxMailUtil

csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address, headers_enabled=True)
security = Security(mail_util_cls=OutboxMailUtil, password_util_cls=PlainWordsPasswordUtil)
