"""Hands on X12: inquiries and remittances as files, for payers and clearinghouses."""
