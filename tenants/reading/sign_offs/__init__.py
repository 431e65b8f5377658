"""Confirmations that the school records for many at once, with the signed list that shows them."""
