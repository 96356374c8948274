{# Dates and times, where DuckDB and Spark differ. All are null where an argument is null. #}
{# Day in the market's time zone on which a UTC timestamp falls. #}
{% macro local_date(ts) %} {{ return(adapter.dispatch("local_date", "carbonwarden")(ts)) }}{% endmacro %}

{% macro default__local_date(ts) -%}
    cast(timezone('{{ var("timezone") }}', timezone('UTC', {{ ts }})) as date)
{%- endmacro %}

{% macro spark__local_date(ts) -%}
    to_date(from_utc_timestamp({{ ts }}, '{{ var("timezone") }}'))
{%- endmacro %}

{# Whole days from one date to another; negative where the second is earlier. #}
{% macro days_between(first, second) %}
    {{- return(adapter.dispatch("days_between", "carbonwarden")(first, second)) -}}
{% endmacro %}

{% macro default__days_between(first, second) -%}
    cast(date_diff('day', {{ first }}, {{ second }}) as bigint)
{%- endmacro %}

{% macro spark__days_between(first, second) -%}
    cast(datediff({{ second }}, {{ first }}) as bigint)
{%- endmacro %}

{# Date that lies so many days after another. dbt's own dateadd refuses nulls on Spark. #}
{% macro add_days(day, days) %}
    {{ return(adapter.dispatch("add_days", "carbonwarden")(day, days)) }}
{% endmacro %}

{% macro default__add_days(day, days) -%}
    cast({{ day }} + cast({{ days }} as bigint) * interval 1 day as date)
{%- endmacro %}

{% macro spark__add_days(day, days) -%} date_add({{ day }}, cast({{ days }} as int)) {%- endmacro %}

{# First day of the month after the one that a date lies in. #}
{% macro next_month(day) %} {{ return(adapter.dispatch("next_month", "carbonwarden")(day)) }}{% endmacro %}

{% macro default__next_month(day) -%}
    cast(date_trunc('month', {{ day }}) + interval 1 month as date)
{%- endmacro %}

{% macro spark__next_month(day) -%} date_add(last_day({{ day }}), 1) {%- endmacro %}

{# First day of a date's month. #}
{% macro month_start(day) -%} cast({{ dbt.date_trunc("month", day) }} as date) {%- endmacro %}

{# 'YYYY-MM' of a timestamp or date. #}
{% macro month_text(day) -%} substr(cast({{ day }} as {{ dbt.type_string() }}), 1, 7) {%- endmacro %}

{# Date from a year and a 'MM-DD' text. #}
{% macro date_of(year, month_day) -%}
    cast(cast({{ year }} as {{ dbt.type_string() }}) || '-' || {{ month_day }} as date)
{%- endmacro %}

{# Number of the month written YYYY-MM, so that two of them can be subtracted. #}
{% macro month_number(period) -%}
    (cast(substr({{ period }}, 1, 4) as int) * 12 + cast(substr({{ period }}, 6, 2) as int))
{%- endmacro %}

{# Timestamp that lies so many minutes after another. #}
{% macro add_minutes(ts, minutes) %}
    {{ return(adapter.dispatch("add_minutes", "carbonwarden")(ts, minutes)) }}
{% endmacro %}

{% macro default__add_minutes(ts, minutes) -%} ({{ ts }} + to_minutes({{ minutes }})) {%- endmacro %}

{% macro spark__add_minutes(ts, minutes) -%} timestampadd(minute, {{ minutes }}, {{ ts }}) {%- endmacro %}

{#
    First day of the month that the clock shows which wrote a UTC timestamp with an offset; without one, that of
    the row's period, which is a month of the market.
#}
{% macro own_month(ts, offset_minutes, period) -%}
    case
        when {{ offset_minutes }} is null
        then cast(concat({{ period }}, '-01') as date)
        else {{ month_start("cast(" ~ add_minutes(ts, offset_minutes) ~ " as date)") }}
    end
{%- endmacro %}

{# Hours of a date's month, of 24 hours each day. #}
{% macro month_hours(month) -%} (24 * {{ days_between(month, next_month(month)) }}) {%- endmacro %}
