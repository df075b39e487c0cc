"""The report a bureau tables: what it says (content), and how it is set (PDF, DOCX, HTML)."""
