-- Records -> figures of one station, column and hour, and of one unit and hour.
--
-- Read: `records` (one row a record), `stations` (station, unit_id, minutes, at_end), `columns` (station,
-- column_name, code, period_field, total, factor, low, high, required), `marks` (mark, quality), `precedence`
-- (quality, rank; the lowest rank names an hour), `wanted` (station, hour), `rule` (minutes, kg_per_m3).
--
-- Rule. A minute has the figure of the minute record that covers it, else the mean of the realtime records in it.
-- An hour is usable where at least `rule.minutes` of its minutes are; its figure is their mean (of totals: their
-- mean by 60). Otherwise the station's own hour record counts, where that is usable. Otherwise the hour has no
-- figure, and the most frequent reason names its quality; a minute without a record is `missing`.

-- One row an exchange. Copies of one exchange are one; copies that differ contradict each other.
create or replace temp view exchanges as
select
    station,
    command,
    data_time,
    request,
    count(*) as copies,
    count(distinct content) as contents,
    max((segment, "offset")) as place,
    any_value(readings) as readings
from records
where command in ('realtime', 'minute', 'hour')
group by station, command, data_time, request;

-- One row a station, command and time: a later exchange corrects an earlier one.
create or replace temp view latest as
select exchanges.*, stations.minutes as period_minutes, stations.at_end
from exchanges
inner join stations on exchanges.station = stations.station
where exchanges.contents = 1
qualify row_number() over (
    partition by exchanges.station, exchanges.command, exchanges.data_time order by exchanges.place desc
) = 1;

-- One row a record and mapped column, in the contract's unit; totals are per minute.
create or replace temp table figures as
with
    opened as (
        select
            station,
            command,
            case command when 'minute' then period_minutes when 'hour' then 60 else 0 end as covers,
            data_time,
            at_end,
            unnest(readings) as reading
        from latest
    ),
    mapped as (
        select
            opened.station,
            opened.command,
            opened.covers,
            columns.column_name,
            case
                when opened.at_end and opened.covers > 0
                    then opened.data_time - to_minutes(opened.covers)
                else opened.data_time
            end as begins,
            opened.reading.value
            * columns.factor
            / case when columns.total then opened.covers else 1 end as value,
            case
                when coalesce(marks.quality, 'fault') not in ('valid', 'substituted')
                    then coalesce(marks.quality, 'fault')
                when opened.reading.value is null then 'missing'
                when opened.reading.value < columns.low or opened.reading.value > columns.high then 'fault'
                else marks.quality
            end as quality
        from opened
        inner join columns
            on opened.station = columns.station
            and lower(columns.code) = opened.reading.code
            and opened.reading.field
            = case when opened.command = 'realtime' then 'rtd' else columns.period_field end
        left join marks on opened.reading.mark = marks.mark
        where not (columns.total and opened.command = 'realtime')
    )
select mapped.*, precedence.rank, mapped.quality in ('valid', 'substituted') as usable
from mapped
inner join precedence on mapped.quality = precedence.quality;

-- One row a station, column and minute.
create or replace temp table minutes as
with
    of_periods as (
        select
            station,
            column_name,
            date_trunc('minute', begins) + to_minutes(unnest(range(covers))) as minute,
            value,
            rank,
            1 as origin
        from figures
        where command = 'minute'
    ),
    -- The best quality of a minute counts, and the mean of the figures that have it.
    of_moments as (
        select
            station,
            column_name,
            date_trunc('minute', begins) as minute,
            avg(value order by begins, value) as value,
            any_value(rank) as rank,
            2 as origin
        from (
            select *
            from figures
            where command = 'realtime'
            qualify rank = max(rank) over (
                partition by station, column_name, date_trunc('minute', begins)
            )
        ) as best
        group by station, column_name, date_trunc('minute', begins)
    )
select station, column_name, minute, date_trunc('hour', minute) as hour, value, rank
from (
    select * from of_periods
    union all
    select * from of_moments
) as of_both
qualify row_number() over (
    partition by station, column_name, minute order by origin, rank desc, value
) = 1;

-- One row a station, mapped column and wanted hour.
create or replace temp table station_figures as
with
    expected as (
        select wanted.station, wanted.hour, columns.column_name, columns.total, columns.required
        from wanted
        inner join columns on wanted.station = columns.station
    ),
    qualities as (
        select minutes.station, minutes.column_name, minutes.hour, precedence.quality, count(*) as n
        from minutes
        inner join precedence on minutes.rank = precedence.rank
        group by minutes.station, minutes.column_name, minutes.hour, precedence.quality
    ),
    counted as (
        select
            expected.*,
            coalesce(sum(n), 0)::integer as present,
            coalesce(sum(n) filter (qualities.quality = 'valid'), 0)::integer as valid,
            coalesce(sum(n) filter (qualities.quality = 'substituted'), 0)::integer as substituted,
            coalesce(sum(n) filter (qualities.quality = 'missing'), 0)::integer as marked_missing
        from expected
        left join qualities
            on expected.station = qualities.station
            and expected.column_name = qualities.column_name
            and expected.hour = qualities.hour
        group by all
    ),
    reasons as (
        select station, column_name, hour, quality, n
        from qualities
        where quality not in ('valid', 'substituted', 'missing')
        union all
        select station, column_name, hour, 'missing' as quality, marked_missing + 60 - present as n
        from counted
    ),
    main_reason as (
        select reasons.station, reasons.column_name, reasons.hour, reasons.quality
        from reasons
        inner join precedence on reasons.quality = precedence.quality
        qualify row_number() over (
            partition by reasons.station, reasons.column_name, reasons.hour
            order by reasons.n desc, precedence.rank
        ) = 1
    ),
    means as (
        select
            minutes.station,
            minutes.column_name,
            minutes.hour,
            avg(minutes.value order by minutes.minute) as value
        from minutes
        inner join precedence on minutes.rank = precedence.rank
        where precedence.quality in ('valid', 'substituted')
        group by minutes.station, minutes.column_name, minutes.hour
    ),
    of_hours as (
        select station, column_name, date_trunc('hour', begins) as hour, value, quality, usable
        from figures
        where command = 'hour'
    ),
    joined as (
        select
            counted.*,
            counted.valid + counted.substituted >= rule.minutes as from_minutes,
            case
                when counted.valid >= rule.minutes then 'valid'
                when counted.valid + counted.substituted >= rule.minutes then 'substituted'
                else main_reason.quality
            end as quality_of_minutes,
            means.value * case when counted.total then 60 else 1 end as mean,
            of_hours.value * case when counted.total then 60 else 1 end as stated,
            of_hours.quality as stated_quality,
            coalesce(of_hours.usable, false) as from_station
        from counted
        cross join rule
        inner join main_reason
            on counted.station = main_reason.station
            and counted.column_name = main_reason.column_name
            and counted.hour = main_reason.hour
        left join means
            on counted.station = means.station
            and counted.column_name = means.column_name
            and counted.hour = means.hour
        left join of_hours
            on counted.station = of_hours.station
            and counted.column_name = of_hours.column_name
            and counted.hour = of_hours.hour
    )
select
    station,
    hour,
    column_name,
    required,
    valid + substituted as usable_minutes,
    case when from_minutes then mean when from_station then stated end as value,
    case
        when from_minutes then quality_of_minutes
        when from_station then stated_quality
        when present = 0 and stated_quality is not null then stated_quality
        else quality_of_minutes
    end as quality,
    case when from_minutes then 'minutes' when from_station then 'station_hour' else 'none' end as basis,
    case
        when from_minutes and from_station
            then coalesce(abs(mean - stated) / nullif(greatest(abs(mean), abs(stated)), 0), 0)
    end as station_difference
from joined;

-- One row a station and wanted hour.
create or replace temp table station_hours as
with
    pivoted as (
        select
            figures.station,
            figures.hour,
            max(value) filter (column_name = 'co2_mass') as stated_mass,
            bool_or(column_name = 'co2_mass') as has_mass,
            max(value) filter (column_name = 'co2_concentration') as co2_concentration,
            max(value) filter (column_name = 'flow') as flow,
            max(value) filter (column_name = 'o2') as o2,
            max(value) filter (column_name = 'heat_input') as heat_input,
            max(value) filter (column_name = 'gross_load') as gross_load,
            max(value) filter (column_name = 'operating') as operating,
            min(precedence.rank) filter (required) as rank,
            min(usable_minutes) filter (required) as usable_minutes,
            string_agg(distinct basis, '+' order by basis) filter (required) as basis,
            max(station_difference) as station_difference
        from station_figures as figures
        inner join precedence on figures.quality = precedence.quality
        group by figures.station, figures.hour
    )
select
    pivoted.*,
    case when has_mass then stated_mass else flow * co2_concentration / 100 * rule.kg_per_m3 / 1000 end as co2_mass
from pivoted
cross join rule;

-- One row a unit and wanted hour. A quantity of a unit is known where all of its stations know it.
create or replace temp table unit_hours as
with
    combined as (
        select
            stations.unit_id,
            hours.hour,
            case when count(co2_mass) = count(*) then sum(co2_mass order by hours.station) end as co2_mass,
            case
                when count(*) = 1 then max(co2_concentration)
                when count(flow * co2_concentration) = count(*)
                    then sum(flow * co2_concentration order by hours.station)
                        / nullif(sum(flow order by hours.station), 0)
            end as co2_concentration,
            case when count(flow) = count(*) then sum(flow order by hours.station) end as flow,
            case
                when count(*) = 1 then max(o2)
                when count(flow * o2) = count(*)
                    then sum(flow * o2 order by hours.station) / nullif(sum(flow order by hours.station), 0)
            end as o2,
            case when count(heat_input) > 0 then sum(heat_input order by hours.station) end as heat_input,
            case when count(gross_load) > 0 then sum(gross_load order by hours.station) end as gross_load,
            max(operating) as operating,
            min(rank) as rank,
            min(usable_minutes)::integer as usable_minutes,
            string_agg(distinct basis, '+' order by basis) as basis,
            max(station_difference) as station_difference,
            string_agg(hours.station, ',' order by hours.station) as stations
        from station_hours as hours
        inner join stations on hours.station = stations.station
        group by stations.unit_id, hours.hour
    )
select combined.* exclude (rank), precedence.quality
from combined
inner join precedence on combined.rank = precedence.rank;
