"""When and where: Prefect flows and the command."""
