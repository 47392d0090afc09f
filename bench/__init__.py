"""What a run costs beside its floor, measured on this machine.

Belongs here: timing real runs as whole processes, and the plain script they are held against (`floor`).
Does not belong here: assertions about time (a noisy machine would fail them); tests hold results, not seconds.
"""
