"""Paper as it arrives: PDFs with and without a text layer, scans, faxes and photos."""
