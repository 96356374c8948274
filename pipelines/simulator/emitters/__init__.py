"""What emitting units truly do, and what is measured and reported about it.

Belongs here: the true daily run of every unit (`load`, `industry`, `coal`, `fuel`), the instruments that see
it (`labs`, `samples`, `meters`, `cems`) and the reports that state it (`stated`, `filing`, `reports`). True
values are made first; instruments add their own errors; only reports and instruments can be false, and only
where the plan says so. `publish` writes the tables.
Does not belong here: allowances (`allocation`, `registry`) and the choice of who falsifies (`cases`).
"""
