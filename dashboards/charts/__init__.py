"""Pictures: pure functions from a frame and words to an Altair chart.

Belongs here: marks, scales, axes, colours. Does not belong here: reading, Streamlit, detection.
A function returns None where its frame would give an empty picture; the page then leaves it out.
"""
