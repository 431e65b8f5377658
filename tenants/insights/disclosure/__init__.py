"""The only door between measures and an authority's reader."""
