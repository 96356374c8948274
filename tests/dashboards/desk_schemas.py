"""Columns and types of the published marts, as the desk may rely on them."""

from __future__ import annotations

import polars as pl

T, N, F, B = pl.String, pl.Int64, pl.Float64, pl.Boolean
D, TS, M2 = pl.Date, pl.Datetime("us"), pl.Decimal(12, 2)


def _columns(text: str, kind: object) -> dict[str, object]:
    return dict.fromkeys(text.split(), kind)


MARTS: dict[str, dict[str, object]] = {
    "dim_entities": _columns(
        "entity_id entity_name sector province_code city_code park_id group_id party_id status", T
    )
    | _columns("listed_on exited_on", D)
    | {"unit_count": N},
    "dim_accounts": _columns(
        "account_id holder_id holder_name holder_type controller_id party_id entity_id province_code", T
    )
    | _columns("opened_on closed_on", D),
    "dim_units": _columns("unit_id entity_id entity_name sector province_code unit_class", T)
    | {"capacity": F, "capacity_unit": T, "cooling": T, "commissioned_on": D, "retired_on": D},
    "fct_transfers": {"transfer_id": T, "period": T, "transferred_at": TS}
    | _columns("from_account_id to_account_id from_party_id to_party_id unit_type", T)
    | {"vintage": N, "quantity_tco2e": N, "kind": T, "trade_id": T, "is_plain": B},
    "fct_holdings": {"account_id": T, "unit_type": T, "vintage": N, "date": D}
    | _columns("inflow_tco2e outflow_tco2e balance_tco2e", N),
    "fct_compliance_years": {"entity_id": T, "year": N, "period": T}
    | _columns("entity_name sector province_code", T)
    | {"verified_emissions_tco2e": F}
    | _columns("obligation_tco2e surrendered_tco2e offsets_surrendered_tco2e", N)
    | {"cumulative_verified_tco2e": F, "cumulative_surrendered_tco2e": N, "due_on": D, "basis": T}
    | _columns("required_tco2e provided_tco2e shortfall_tco2e", F)
    | {"is_due": B, "verdict": T, "registry_status": T, "agrees_with_registry": B},
    "fct_emission_reports": {"entity_id": T, "year": N, "period": T}
    | _columns("entity_name sector province_code", T)
    | _columns("revision revision_count", N)
    | _columns("combustion_tco2 process_tco2 waste_tco2e purchased_energy_tco2 total_tco2e", F)
    | {"submitted_at": TS, "due_on": D, "days_late": N, "verifier_id": T, "verified_total_tco2e": F}
    | {"verified_at": TS, "conclusion": T},
    "fct_market_days": {"date": D, "instrument_id": T, "period": T, "unit_type": T, "vintage": N}
    | _columns("previous_close limit_down limit_up", M2)
    | {"limit_basis": T, "limit_rule_id": T}
    | _columns("open high low close", M2)
    | {"listed_volume_tco2e": N, "listed_value": F, "listed_average_price": F, "block_volume_tco2e": N}
    | _columns("block_value block_average_price block_limit_down block_limit_up block_discount log_return", F)
    | _columns("is_limit_up is_limit_down", B),
    "fct_trades": {"trade_id": T, "period": T, "traded_at": TS, "trade_date": D}
    | {"instrument_id": T, "mode": T, "price": M2, "quantity_tco2e": N, "value": F}
    | _columns("buy_account_id sell_account_id buy_party_id sell_party_id buy_order_id sell_order_id", T)
    | {"aggressor": T, "previous_close": M2, "is_same_party": B},
    "fct_unit_years": {"unit_id": T, "year": N, "period": T}
    | _columns("entity_id entity_name province_code unit_class", T)
    | {"capacity": F, "capacity_unit": T, "commissioned_on": D, "fuel": T}
    | _columns("operating_hours heat_input_gj gross_load_mwh co2_mass_tco2 load_factor", F)
    | _columns("heat_rate_gj_per_mwh co2_tco2_per_gj co2_tco2_per_mwh", F),
    "fct_mass_balance_months": {"unit_id": T, "month": D, "period": T}
    | _columns("entity_id entity_name sector province_code", T)
    | {"revision": N}
    | _columns(
        "reported_emissions_tco2 fuel_emissions_tco2 fuel_consumption_t metered_fuel_t "
        "metered_emissions_tco2 cems_emissions_tco2 cems_valid_hours cems_hours electricity_generated_mwh "
        "metered_electricity_mwh heat_supplied_gj fuel_energy_gj heat_rate_gj_per_mwh",
        F,
    )
    | {"submitted_at": TS, "due_on": D},
    "fct_lab_tests": {"sample_id": T, "period": T, "report_no": T}
    | _columns("entity_id entity_name province_code unit_id lab_id lab_name fuel", T)
    | _columns("sampled_on received_on tested_on reported_on", D)
    | _columns(
        "total_moisture_pct moisture_pct ash_pct volatile_pct sulphur_pct hydrogen_pct carbon_pct "
        "ncv_gj_per_t carbon_daf_pct",
        F,
    )
    | _columns(
        "tested_before_sampled tested_before_received reported_before_tested received_before_sampled", B
    )
    | {"days_to_report": N},
    "feat_market_days": {"date": D, "instrument_id": T}
    | _columns("realised_volatility_20d volatility_history_percentile volume_20d_tco2e", F)
    | {"days_since_trade": N},
    "fct_row_accounting": {"table_name": T}
    | _columns("files rows_in rows_kept rows_superseded rows_quarantined", N),
    "fct_detector_runs": _columns("kind version state reason", T)
    | {"is_critical": B}
    | _columns("candidates alerts undated", N)
    | {"seconds": F},
    "fct_detection_coverage": _columns("kind mart table_name period province_code", T)
    | _columns("rows_seen subjects_seen", N)
    | _columns("state reason detail", T),
    "fct_quarantine": _columns("quarantine_id table_name record_key reason column_name value file", T)
    | {"row_number": N, "period": T},
    "expected_emissions": {"unit_id": T, "year": N, "period": T}
    | _columns("model_id model_version fuel_group target", T)
    | _columns("actual expected lower_05 upper_95 residual_log score p_value", F)
    | {"is_low": B, "peer_count": N},
    "fct_alerts": _columns("alert_id kind family subject_type", T)
    | {"subject_ids_json": T, "province_code": T, "window_start": TS, "window_end": TS}
    | {"score": F, "p_value": F, "level": T, "title_zh": T, "title_en": T, "measures": T, "evidence": T}
    | _columns("rule_refs_json detector detector_version snapshot_id entity_name period", T),
    "fct_alert_subjects": _columns("alert_id subject_id", T),
    "fct_alert_evidence": {"alert_id": T, "evidence_no": N, "table_name": T, "record_key": T},
    "fct_quality_results": _columns("gate table_name expectation column_name severity", T)
    | {"success": B, "observed": T, "expected": T, "unexpected_count": N, "element_count": N}
    | _columns("rule_ref description_zh description_en", T)
    | {"position": N},
}


def mart(name: str, columns: dict[str, object] | None = None) -> pl.DataFrame:
    """A mart of the given columns in the published types; columns left out are null."""
    schema = MARTS[name]
    given = pl.DataFrame(columns or {})
    return (
        given.select(
            (pl.col(column) if column in given.columns else pl.lit(None)).cast(kind).alias(column)  # type: ignore[arg-type]
            for column, kind in schema.items()
        )
        if given.width
        else pl.DataFrame(schema=schema)
    )  # type: ignore[arg-type]
