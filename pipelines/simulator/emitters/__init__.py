"""What emitting units really do, and what is measured and reported of it.

Belongs here: the true daily run of every unit (`load`, `industry`, `fuel`), the instruments that see it
(`labs`, `meters`, `cems`) and the reports that state it (`reports`). Truth is made first; instruments
add their own error; only reports can be false, and only where the plan says so.
Does not belong here: allowances (`allocation`, `registry`) and the choice of who cheats (`cases`).
"""
