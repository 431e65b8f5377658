"""Reviews of filtering and monitoring, and the checks that blocking works."""
