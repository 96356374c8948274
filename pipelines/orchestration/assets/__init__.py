"""The assets, one file a stage of the run.

Belongs here: reading inputs, calling one function of another package, and reporting what came out.
Does not belong here: the logic itself.
"""
