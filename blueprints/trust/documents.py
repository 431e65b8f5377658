"""A trust's own documents, and its editions of shared ones. What they do is in `blueprints/web/document_pages.py`."""

from blueprints.trust.blueprint import blueprint
from blueprints.trust.reading import BASE
from blueprints.web.document_routes import add_document_routes
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission

add_document_routes(blueprint, BASE, tenant="trust_id", scope=TrustScope, permission=Permission.EDIT_TRUST)
