"""The pages of the desk, one file a page; each draws with `dashboards.page` and `dashboards.charts`.

Belongs here: what a page shows and in which order. Does not belong here: reading and aggregating.
"""
