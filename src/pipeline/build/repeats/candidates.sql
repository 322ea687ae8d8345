-- Every record under a contested key, wherever it stands.
select record_columns from staged_records where staged_are_contested
union all
select record_columns from repeated_records where repeated_are_contested
