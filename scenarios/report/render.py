"""A report as one file, in the format that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from scenarios.report.blocks import Report

Format = Literal["pdf", "docx", "html"]


def render(report: Report, format: Format, template: Path | None = None) -> bytes:
    """Set `report`.

    Args:
        report: What it says.
        format: Of the file.
        template: A bureau's own Word document with placeholders; for `docx` only.

    Raises:
        InputError: the template cannot be used.
        ValueError: a template for another format than DOCX, or a picture without the form that
            the format needs.
    """
    if template is not None and format != "docx":
        raise ValueError(f"a template is for DOCX, not {format}")
    # Each format has its own library; only the one that is asked for is loaded.
    if format == "pdf":
        from scenarios.report.typst_pages import pdf_bytes

        return pdf_bytes(report)
    if format == "html":
        from scenarios.report.html_page import html_bytes

        return html_bytes(report)
    if template is not None:
        from scenarios.report.docx_template import template_bytes

        return template_bytes(report, template)
    from scenarios.report.docx_pages import docx_bytes

    return docx_bytes(report)
