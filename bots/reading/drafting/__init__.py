"""A remittance that no eob.yaml recognises: a layout is drafted from the document itself."""
