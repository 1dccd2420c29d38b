"""The bots: eyes that read captured bytes, hands in portals and on billing-system exports."""
