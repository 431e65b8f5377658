"""Styles, scripts and pictures of the pages, and the script that builds them."""
