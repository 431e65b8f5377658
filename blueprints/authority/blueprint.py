"""The blueprint that the audience's view modules hang their routes on."""

from flask import Blueprint

blueprint = Blueprint("authority", __name__)
