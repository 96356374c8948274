"""A gate said no."""


class GateRefusedError(Exception):
    """A run was refused: what was found is in the home's `refusal.json`; the old publication stands."""
