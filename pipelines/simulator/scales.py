"""How large a simulated market is: one `Scale` a size, chosen by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Head counts and coverage of one size of market."""

    power: int
    cement: int
    steel: int
    aluminium: int
    groups: int
    arms: int
    traders: int
    makers: int
    individuals: int
    laboratories: int
    verifiers: int
    parks: int
    cems_months: tuple[str, ...]

    @property
    def entities(self) -> int:
        """Key emitters of all sectors."""
        return self.power + self.cement + self.steel + self.aluminium


SCALES = {
    "small": Scale(
        power=84,
        cement=14,
        steel=9,
        aluminium=5,
        groups=22,
        arms=8,
        traders=28,
        makers=2,
        individuals=32,
        laboratories=8,
        verifiers=6,
        parks=6,
        cems_months=("2023-12", "2024-03", "2024-07", "2024-12"),
    ),
}


def scale_named(name: str) -> Scale:
    """The scale of that name.

    Raises:
        ValueError: there is no such scale.
    """
    try:
        return SCALES[name]
    except KeyError:
        raise ValueError(
            f"scale is {name!r}, expected one of {', '.join(SCALES)}; choose one of these"
        ) from None
