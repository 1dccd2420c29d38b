"""Simulated payers: portals, documents, exports, and the answer key, from a seed."""
