"""Up to five questions that a school asks whoever reads a document by themselves."""
