"""The supervisor's desk: Streamlit pages over the published snapshot.

Belongs here: views, charts (pure functions from a frame to a chart), cached readers of `published/current`,
the language switch, screenshots of the desk.
Does not belong here: detection, thresholds, SQL over the warehouse, writes to the warehouse. The warehouse
file is never opened; a page is drawn from one snapshot.
"""
