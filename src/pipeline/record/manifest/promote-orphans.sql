-- Of a content whose first name has gone, the next name by path becomes the first.
update ops.files set duplicate = false
where kind = $1 and duplicate and path in (
    select min(path) from ops.files where kind = $1 group by file_id, sha256 having bool_and(duplicate)
)
