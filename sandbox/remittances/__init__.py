"""Remittances of issuers that no portal shows, drawn as differently as real ones are."""
