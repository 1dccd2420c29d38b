"""The review console: pages and an interface over the ledger, for people and billing systems."""
