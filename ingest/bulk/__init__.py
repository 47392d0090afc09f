"""Whole archives to Parquet: histories too large for the change log and for landing.

Belongs here: listing an archive (`listing`), what its files hold (`kinds`, `cells`, `tables`), the parts and the manifest on
disk (`store`), the parallel load (`loader`) and what it tells (`report`). Does not belong here: the series of the registry,
which come through `ingest.runner`; reading the parts (any engine can: docs/bulk.md). Bytes are not landed: the manifest
keeps URL, size and SHA-256 of every file instead (docs/decisions/0007).
"""
