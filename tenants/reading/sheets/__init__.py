"""Printed slips for people without an address: a short address, a PIN, and then the same page as behind a mailed link."""
