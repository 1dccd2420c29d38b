"""The catalogue of findings: what can be true of a claim, in words a biller would use."""

from __future__ import annotations
