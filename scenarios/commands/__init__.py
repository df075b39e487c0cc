"""One module per command of `jingli`; each loads heavy libraries only when it runs."""
