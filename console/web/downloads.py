"""What is given out to keep: bytes under a plain file name."""

from __future__ import annotations

from starlette.responses import Response


def attachment(data: bytes, name: str, media_type: str) -> Response:
    """Bytes to keep under ``name``, which holds no patient's; never shown as a page of ours."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
