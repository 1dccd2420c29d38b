"""Two simulated payers: their portals, their papers, and the key to every question."""
