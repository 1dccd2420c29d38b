"""The hands in a browser: gate, session, verbs, driver, capture."""
