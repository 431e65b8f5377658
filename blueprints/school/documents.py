"""A school's own documents, and its editions of shared ones. What they do is in `blueprints/web/document_pages.py`."""

from blueprints.school.blueprint import blueprint
from blueprints.school.reading import BASE
from blueprints.web.document_routes import add_document_routes
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission

add_document_routes(blueprint, BASE, tenant="school_id", scope=SchoolScope, permission=Permission.EDIT_SCHOOL)
