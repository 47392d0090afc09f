"""A local stand-in for every upstream, over HTTP: simulated worlds, recorded answers, and every fault on demand.

Belongs here: the server, the backends that answer it, the wire formats as an independent witness, and the faults.
Does not belong here: anything the connectors use. It may import `ingest.registry` (which ids exist), never
`ingest.sources`: two readings of one documented format check each other.
"""
