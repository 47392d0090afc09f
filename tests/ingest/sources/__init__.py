"""Tests of ingest.sources: parsers on synthetic bytes, on damaged bytes and on the recorded archive."""
