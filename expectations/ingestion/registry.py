"""Registration system: holders, what they were given, moved, owe and surrendered."""

from expectations.suite import Frame, Suite, at_least, between, present, where


def entities(frame: Frame) -> Suite:
    """One row an emitter."""
    return frame.suite(
        "entities",
        ["entity_id"],
        [
            present("name_blank", "name_written", about="entity_name"),
            at_least("exited_before_listed", "exited_on", "listed_on"),
        ],
        derived={"name_written": "nullif(trim(entity_name), '')"},
    )


def units(frame: Frame) -> Suite:
    """One row a unit; sources that publish no capacity give 0."""
    return frame.suite(
        "units",
        ["unit_id"],
        [
            between("capacity_mw", about="capacity"),
            between("capacity_kt", about="capacity"),
            at_least("retired_before_commissioned", "retired_on", "commissioned_on"),
        ],
        derived={
            "capacity_mw": where("capacity_unit = 'MW'", "capacity"),
            "capacity_kt": where("capacity_unit = 'kt_per_year'", "capacity"),
        },
    )


def accounts(frame: Frame) -> Suite:
    """One row an account."""
    return frame.suite(
        "accounts",
        ["account_id"],
        [
            at_least("closed_before_opened", "closed_on", "opened_on"),
            frame.not_after_as_of("opened_after_as_of", "opened_on"),
        ],
    )


def consortium_shares(frame: Frame) -> Suite:
    """One row a consortium: its members' shares together."""
    return frame.suite(
        "consortium_shares",
        ["consortium_id"],
        [between("smallest_share", about="share"), between("share_sum", about="share")],
        table="consortium_members",
        rows=(
            "select consortium_id, min(share) as smallest_share, sum(share) as share_sum "
            "from consortium_members group by consortium_id"
        ),
    )


def control_relations(frame: Frame) -> Suite:
    """One row a relation of control and the day from which it holds."""
    return frame.suite(
        "control_relations",
        ["subject_type", "subject_id", "controller_id", "relation", "valid_from"],
        [
            at_least("ended_before_begun", "valid_to", "valid_from"),
            between("share_held", "share"),
        ],
    )


def allocations(frame: Frame) -> Suite:
    """One row a decision on an entity and year; only an adjustment may take away."""
    return frame.suite(
        "allocations",
        ["entity_id", "year", "method", "stage", "document_no"],
        [
            between("quantity", "quantity_given", about="quantity"),
            between("quantity_majority", "quantity_size", about="quantity"),
            between("year_of_scheme", "year"),
            frame.not_after_as_of("decided_after_as_of", "decided_on"),
        ],
        derived={
            "quantity_given": where("stage <> 'adjustment'", "quantity"),
            "quantity_size": "abs(quantity)",
        },
    )


def transfers(frame: Frame) -> Suite:
    """One row a movement; an issuance can move a whole phase's allowances at once."""
    return frame.suite(
        "transfers",
        ["transfer_id"],
        [
            between("quantity"),
            between("quantity_majority", "quantity"),
            between("year_moved", about="ts"),
            present("sender_named", "sender", about="from_account"),
            present("receiver_named", "receiver", about="to_account"),
            frame.not_after_as_of("ts_after_as_of", "ts"),
        ],
        derived={
            "year_moved": "extract(year from ts)",
            # An issuance and a cancellation have one side, and so has each half of a carry-over.
            "sender": _named("from_account", "issuance"),
            "receiver": _named("to_account", "cancellation"),
        },
    )


def _named(side: str, kind_without: str) -> str:
    """The account on a side of a movement, or the kind of one that has none there."""
    return f"coalesce({side}, case when kind in ('{kind_without}', 'carry_over') then kind end)"


def compliance(frame: Frame) -> Suite:
    """One row an entity and compliance year."""
    return frame.suite(
        "compliance",
        ["entity_id", "year"],
        [
            between("verified_emissions"),
            between("verified_majority", "verified_emissions"),
            between("obligation"),
            between("surrendered"),
            between("offsets_surrendered"),
            between("cumulative_verified"),
            between("cumulative_surrendered"),
            between("year_of_scheme", "year"),
            between("due_lag", about="due_on"),
            frame.not_after_as_of("completed_after_as_of", "completed_on"),
        ],
        derived={"due_lag": "extract(year from due_on) - year"},
    )


def service_bodies(frame: Frame) -> Suite:
    """One row a verifier, laboratory or consultant."""
    return frame.suite(
        "service_bodies",
        ["body_id"],
        [at_least("revoked_before_accredited", "revoked_on", "accredited_on")],
    )


def offset_projects(frame: Frame) -> Suite:
    """One row a project."""
    return frame.suite(
        "offset_projects",
        ["project_id"],
        [
            between("latitude_degrees", "latitude"),
            between("longitude_degrees", "longitude"),
            between("area", "area_ha"),
            between("expected", "expected_annual"),
            at_least("crediting_reversed", "crediting_end", "crediting_start"),
        ],
    )


def offset_issuances(frame: Frame) -> Suite:
    """One row an issuance."""
    return frame.suite(
        "offset_issuances",
        ["issuance_id"],
        [
            between("quantity"),
            at_least("period_reversed", "period_end", "period_start"),
            at_least("issued_before_period_end", "issued_on", "period_end"),
            frame.not_after_as_of("issued_after_as_of", "issued_on"),
        ],
    )


def other_rights(frame: Frame) -> Suite:
    """One row an entity, year and kind of right."""
    return frame.suite(
        "other_rights", ["entity_id", "year", "kind"], [between("permitted"), between("reported")]
    )


def penalties(frame: Frame) -> Suite:
    """One row a decision."""
    return frame.suite(
        "penalties",
        ["penalty_id"],
        [
            between("fine", "fine_cny"),
            between("deduction", "allowance_deduction"),
            frame.not_after_as_of("decided_after_as_of", "decided_on"),
        ],
    )


def tips(frame: Frame) -> Suite:
    """One row a report from the public."""
    return frame.suite("tips", ["tip_id"], [frame.not_after_as_of("received_after_as_of", "received_at")])


SUITES = (
    entities,
    units,
    accounts,
    consortium_shares,
    control_relations,
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
