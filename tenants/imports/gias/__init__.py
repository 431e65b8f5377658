"""The register of establishments, Get Information About Schools (Open Government Licence v3.0)."""
