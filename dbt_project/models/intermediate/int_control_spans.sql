with
    subjects as (select * from {{ ref("int_control_subjects") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    relations as (
        select
            subject_type,
            subject_id,
            controller_id,
            relation,
            share,
            valid_from,
            coalesce(valid_to, {{ last_date() }}) as valid_to
        from {{ ref("stg_control_relations") }}
        where coalesce(valid_to, {{ last_date() }}) >= valid_from
    ),

    -- What is stated of an account comes before what is stated of its holder.
    claims as (
        select
            subjects.subject_type,
            subjects.subject_id,
            relations.controller_id,
            relations.relation,
            relations.share,
            relations.valid_from,
            relations.valid_to,
            1 as precedence
        from subjects
        inner join relations on subjects.subject_id = relations.subject_id
        where subjects.subject_type = 'account' and relations.subject_type = 'account'
        union all
        select
            subjects.subject_type,
            subjects.subject_id,
            relations.controller_id,
            relations.relation,
            relations.share,
            relations.valid_from,
            relations.valid_to,
            2 as precedence
        from subjects
        inner join relations on subjects.holder_id = relations.subject_id
        where relations.subject_type <> 'account'
    ),

    starts as (
        select subject_type, subject_id, {{ first_date() }} as valid_from
        from subjects
        union
        select subject_type, subject_id, valid_from
        from claims
        union
        select subject_type, subject_id, {{ add_days("valid_to", 1) }} as valid_from
        from claims
        where valid_to < {{ last_date() }}
    ),

    -- No claim begins or ends within a span.
    spans as (
        select
            subject_type,
            subject_id,
            valid_from,
            coalesce(
                {{
                    add_days(
                        "lead(valid_from) over (partition by subject_type, subject_id order by valid_from)",
                        -1,
                    )
                }},
                {{ last_date() }}
            ) as valid_to
        from starts
    ),

    ranked as (
        select
            spans.subject_type,
            spans.subject_id,
            spans.valid_from,
            spans.valid_to,
            claims.controller_id,
            claims.relation,
            claims.share,
            row_number() over (
                partition by spans.subject_type, spans.subject_id, spans.valid_from
                order by
                    claims.precedence,
                    case
                        claims.relation
                        when 'actual_control'
                        then 1
                        when 'ownership'
                        then 2
                        when 'declared_group'
                        then 3
                        when 'common_management'
                        then 4
                        else 5
                    end,
                    coalesce(claims.share, 0) desc,
                    claims.valid_from desc,
                    claims.controller_id
            ) as place
        from spans
        left join
            claims
            on spans.subject_type = claims.subject_type
            and spans.subject_id = claims.subject_id
            and spans.valid_from >= claims.valid_from
            and spans.valid_from <= claims.valid_to
    )

select
    ranked.subject_type,
    ranked.subject_id,
    subjects.holder_id,
    coalesce(ranked.controller_id, subjects.directory_controller_id, entities.group_id) as controller_id,
    ranked.relation,
    ranked.share,
    case
        when ranked.controller_id is not null
        then 'control_relations'
        when coalesce(subjects.directory_controller_id, entities.group_id) is not null
        then 'directory'
        else 'none'
    end as basis,
    ranked.valid_from,
    ranked.valid_to
from ranked
inner join subjects on ranked.subject_type = subjects.subject_type and ranked.subject_id = subjects.subject_id
left join entities on subjects.holder_id = entities.entity_id
where ranked.place = 1
