-- The candidates of each key in the order of their contents; of equal ones, by their files.
select
    record_columns,
    row_number() over (partition by key_columns order by content_order, file_id) as place,
    dense_rank() over (partition by key_columns order by content_order) as content,
    row_number() over (partition by key_columns, content_order order by file_id) as occurrence
from candidates
