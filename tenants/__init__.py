"""The domain: one folder for each thing that schools hold."""
