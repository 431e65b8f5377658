"""Hides as little as possible of a set of tables so that no sensitive number can be worked out. No database, no Flask.

Method: exact cell suppression after Fischetti and Salazar-González (2001) on one linear system for all tables, views and
earlier releases. What goes in and what comes out: `types.py`.

    from tenants.insights.disclosure.engine.calls import protect
    from tenants.insights.disclosure.engine.types import Atom, Dimension, Measure, Request, Table

    phase = Dimension("phase", "all", {"all": ("primary", "secondary")})
    concern = Dimension("concern", "all", {"all": ("mixed", "other")}, reveals=True)
    atoms = (Atom({"phase": "primary", "concern": "mixed"}, {"school a": 3, "school b": 4, "school c": 9}), ...)
    referrals = Measure("referrals", (phase, concern), atoms)
    done = protect(Request((referrals,), tables=(Table("by-phase", "referrals", ("phase", "concern")),)))
    done.cells["referrals|concern=mixed|phase=primary"].shown
"""
