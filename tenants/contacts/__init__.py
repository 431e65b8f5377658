"""Whom to ring: a school's own contacts and those of its trust and authority."""
