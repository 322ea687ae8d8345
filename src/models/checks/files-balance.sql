-- For every file: lines = staged + rejected + blank.
select kind, path, file_id, lines, staged, rejected, blank
from ops.files
where lines <> staged + rejected + blank
