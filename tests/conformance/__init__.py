"""What every connector must do, generated from the registry and the sandbox's catalogue of faults."""
