"""The assets, one file a stage of the way through the house.

Belongs here: reading inputs, calling one function of another room, and saying what came out.
Does not belong here: the logic itself.
"""
