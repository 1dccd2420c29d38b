"""Eyes on the bank's files: bytes become booked lines, each with its place."""
