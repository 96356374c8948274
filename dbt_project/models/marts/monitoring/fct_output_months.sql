{% set metered = {
    "electricity": ["electricity_out_at_most_mwh", "electricity_generated_mwh", "mwh"],
    "heat": ["heat_out_at_most_gj", "heat_supplied_gj", "gj"],
    "product": ["product_at_most_t", "product_output_t", "t"],
} %}

with
    reports as (select * from {{ ref("int_activity_reports_latest") }}),

    fuel_months as (select * from {{ ref("int_fuel_months_computed") }}),

    meter_months as (select * from {{ ref("int_meter_months_summed") }}),

    units as (select * from {{ ref("dim_units") }}),

    outputs as (
        select
            unit_id,
            month,
            period,
            max(entity_id) as entity_id,
            max(revision) as revision,
            sum(electricity_generated_mwh) as electricity_generated_mwh,
            sum(heat_supplied_gj) as heat_supplied_gj,
            sum(product_output_t) as product_output_t,
            sum(electricity_purchased_mwh) as electricity_purchased_mwh
        from reports
        group by unit_id, month, period
    ),

    fuels as (
        select
            unit_id,
            month,
            case when count(fuel_consumption) = 1 then max(fuel) end as single_fuel,
            case when count(fuel_consumption) = 1 then max(fuel_consumption) end as single_fuel_consumption,
            sum(fuel_energy_gj) as fuel_energy_gj
        from fuel_months
        group by unit_id, month
    )

select
    outputs.unit_id,
    outputs.month,
    outputs.period,
    outputs.entity_id,
    units.entity_name,
    units.sector,
    units.province_code,
    units.unit_class,
    outputs.revision,
    outputs.electricity_generated_mwh,
    outputs.heat_supplied_gj,
    outputs.product_output_t,
    -- A metered figure that differs by a unit of measure says nothing about the output.
    {% for output, (counted, declared, unit) in metered.items() %}
        case
            when {{ unit_factor("meter_months." ~ counted, "outputs." ~ declared) }} is null
            then meter_months.{{ counted }}
        end as metered_{{ output }}_at_most_{{ unit }},
    {% endfor %}
    fuels.single_fuel,
    fuels.single_fuel_consumption,
    fuels.fuel_energy_gj,
    meter_months.coal_feed_at_most_t as metered_fuel_at_most_t,
    outputs.electricity_purchased_mwh
from outputs
left join fuels on outputs.unit_id = fuels.unit_id and outputs.month = fuels.month
left join meter_months on outputs.unit_id = meter_months.unit_id and outputs.month = meter_months.month
left join units on outputs.unit_id = units.unit_id
