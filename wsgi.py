"""gunicorn's entry."""

import sys

from prevent_trust.config import SettingsError
from prevent_trust.factory import create_app

try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"The settings are not complete.\n{error}")
