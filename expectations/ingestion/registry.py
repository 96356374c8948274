"""Registration system: holders, what they were given, moved, owe and surrendered."""

from expectations.suite import Figure, Frame, Suite, flag, where


def entities(frame: Frame) -> Suite:
    """One row an emitter."""
    return frame.suite(
        "entities",
        ["entity_id"],
        [
            flag("name_blank", "entity_name", "trim(entity_name) = ''"),
            flag("exited_before_listed", "exited_on", "exited_on < listed_on"),
        ],
    )


def units(frame: Frame) -> Suite:
    """One row a unit; sources that publish no capacity give 0."""
    return frame.suite(
        "units",
        ["unit_id"],
        [
            Figure("capacity_mw", "capacity", where("capacity_unit = 'MW'", "capacity")),
            Figure("capacity_kt", "capacity", where("capacity_unit = 'kt_per_year'", "capacity")),
            flag("retired_before_commissioned", "retired_on", "retired_on < commissioned_on"),
        ],
    )


def accounts(frame: Frame) -> Suite:
    """One row an account."""
    return frame.suite(
        "accounts",
        ["account_id"],
        [
            flag("closed_before_opened", "closed_on", "closed_on < opened_on"),
            frame.after_as_of("opened_after_as_of", "opened_on"),
        ],
    )


def consortium_shares(frame: Frame) -> Suite:
    """One row a consortium: its members' shares together."""
    return frame.suite(
        "consortium_shares",
        ["consortium_id"],
        [
            Figure("smallest_share", "share", "smallest"),
            Figure("share_sum", "share", "together"),
        ],
        table="consortium_members",
        rows=(
            "select consortium_id, min(share) as smallest, sum(share) as together "
            "from consortium_members group by consortium_id"
        ),
    )


def allocations(frame: Frame) -> Suite:
    """One row a decision on an entity and year; only an adjustment may take away."""
    return frame.suite(
        "allocations",
        ["entity_id", "year", "method", "stage", "document_no"],
        [
            Figure("quantity", "quantity", where("stage <> 'adjustment'", "quantity")),
            Figure("quantity_majority", "quantity", "abs(quantity)"),
            Figure("year_of_scheme", "year", "year"),
            frame.after_as_of("decided_after_as_of", "decided_on"),
        ],
    )


def transfers(frame: Frame) -> Suite:
    """One row a movement; an issuance can move a whole phase's allowances at once."""
    return frame.suite(
        "transfers",
        ["transfer_id"],
        [
            Figure("quantity", "quantity"),
            Figure("quantity_majority", "quantity"),
            Figure("year_moved", "ts", "extract(year from ts)"),
            frame.after_as_of("ts_after_as_of", "ts"),
        ],
    )


def compliance(frame: Frame) -> Suite:
    """One row an entity and compliance year."""
    return frame.suite(
        "compliance",
        ["entity_id", "year"],
        [
            Figure("verified_emissions", "verified_emissions"),
            Figure("verified_majority", "verified_emissions"),
            Figure("obligation", "obligation"),
            Figure("surrendered", "surrendered"),
            Figure("offsets_surrendered", "offsets_surrendered"),
            Figure("cumulative_verified", "cumulative_verified"),
            Figure("cumulative_surrendered", "cumulative_surrendered"),
            Figure("year_of_scheme", "year", "year"),
            Figure("due_lag", "due_on", "extract(year from due_on) - year"),
            frame.after_as_of("completed_after_as_of", "completed_on"),
        ],
    )


def service_bodies(frame: Frame) -> Suite:
    """One row a verifier, laboratory or consultant."""
    return frame.suite(
        "service_bodies",
        ["body_id"],
        [flag("revoked_before_accredited", "revoked_on", "revoked_on < accredited_on")],
    )


def offset_projects(frame: Frame) -> Suite:
    """One row a project."""
    return frame.suite(
        "offset_projects",
        ["project_id"],
        [
            Figure("latitude_degrees", "latitude", "latitude"),
            Figure("longitude_degrees", "longitude", "longitude"),
            Figure("area", "area_ha", "area_ha"),
            Figure("expected", "expected_annual", "expected_annual"),
            flag("crediting_reversed", "crediting_end", "crediting_end < crediting_start"),
        ],
    )


def offset_issuances(frame: Frame) -> Suite:
    """One row an issuance."""
    return frame.suite(
        "offset_issuances",
        ["issuance_id"],
        [
            Figure("quantity", "quantity"),
            flag("period_reversed", "period_end", "period_end < period_start"),
            flag("issued_before_period_end", "issued_on", "issued_on < period_end"),
            frame.after_as_of("issued_after_as_of", "issued_on"),
        ],
    )


def other_rights(frame: Frame) -> Suite:
    """One row an entity, year and kind of right."""
    return frame.suite(
        "other_rights",
        ["entity_id", "year", "kind"],
        [Figure("permitted", "permitted"), Figure("reported", "reported")],
    )


def penalties(frame: Frame) -> Suite:
    """One row a decision."""
    return frame.suite(
        "penalties",
        ["penalty_id"],
        [
            Figure("fine", "fine_cny", "fine_cny"),
            Figure("deduction", "allowance_deduction", "allowance_deduction"),
            frame.after_as_of("decided_after_as_of", "decided_on"),
        ],
    )


def tips(frame: Frame) -> Suite:
    """One row a report from the public."""
    return frame.suite("tips", ["tip_id"], [frame.after_as_of("received_after_as_of", "received_at")])


SUITES = (
    entities,
    units,
    accounts,
    consortium_shares,
    allocations,
    transfers,
    compliance,
    service_bodies,
    offset_projects,
    offset_issuances,
    other_rights,
    penalties,
    tips,
)
