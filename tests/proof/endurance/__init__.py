"""Proof by killing: the panel is killed and cut off, and its record compared with the truth.

`python -m tests.proof.endurance` (or `make endurance`) runs it; docs/audit.md tells what it found.
The panel's own code runs in processes forked for one case each. `cases` says what is done
and what goes wrong; `moments` lets a process die, or its database fail, at a moment of the
panel's work; `truth` compares the record with what Core really received and applied.
"""
