"""The field's types and rules: pure, typed, knowing no browser, file or orchestrator."""
