"""The eyes: captured bytes and a profile become the field's values."""
