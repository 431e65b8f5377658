"""The register of guidance and contacts that plans cite."""
