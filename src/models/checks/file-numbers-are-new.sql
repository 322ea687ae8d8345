-- The next content must get a number that no content has.
select warehouse.next_file_id, files.file_id, files.path
from ops.warehouse as warehouse
join ops.files as files on files.file_id >= warehouse.next_file_id
