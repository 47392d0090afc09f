"""`python -m lowtide`."""

from lowtide.cli import app

app()
