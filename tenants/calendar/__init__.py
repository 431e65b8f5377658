"""The school calendar: academic years and terms."""
