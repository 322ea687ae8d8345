/** A rule that the double keeps, and the page of the Amazon Redshift Database Developer Guide that has it. */
export interface Rule {
  readonly rule: string;
  readonly page: string;
}

const of = (page: string, ...rules: string[]): Rule[] => rules.map((rule) => ({ rule, page }));

/** What the double does as documented; COPY and UNLOAD have their own list. */
export const rules: readonly Rule[] = [
  ...of(
    'r_names',
    'Names fold to lower case, quoted ones too, unless enable_case_sensitive_identifier is on.',
    'A name that begins with # is a temporary table’s.',
  ),
  ...of('r_pg_keywords', 'The reserved words name nothing without quotes.'),
  ...of(
    'r_CREATE_TABLE_NEW',
    'DISTSTYLE, DISTKEY, SORTKEY, ENCODE, BACKUP and IDENTITY are read and kept; one DISTKEY a table.',
    'PRIMARY KEY, UNIQUE and FOREIGN KEY are written down and not enforced; NOT NULL is enforced.',
    'LIKE takes keys, encodings and NOT NULL along, defaults on demand, and stands alone.',
    'A temporary table shadows a permanent one and ends with its session.',
  ),
  ...of('r_CREATE_TABLE_AS', 'CREATE TABLE AS takes DISTSTYLE, DISTKEY and SORTKEY.'),
  ...of('r_ALTER_TABLE', 'One action a statement; a column’s type changes only in the size of a VARCHAR.'),
  ...of('c_Compression_encodings', 'An encoding must fit the type of its column.'),
  ...of(
    'r_Character_types',
    'VARCHAR and CHAR count bytes; VARCHAR alone has 256, TEXT too, MAX is 65535.',
    'A longer value fails, unless what is too much is blanks; a CAST cuts it.',
    'CHAR holds single-byte characters only.',
  ),
  ...of('r_Numeric_types201', 'DECIMAL alone is DECIMAL(18,0).'),
  ...of('c_unsupported-postgresql-datatypes', 'Arrays, JSON, UUID, BYTEA, SERIAL and others are refused.'),
  ...of(
    'c_unsupported-postgresql-features',
    'ON CONFLICT, RETURNING, DISTINCT ON, VALUES as a table, LATERAL, FILTER, SAVEPOINT, indexes, CHECK, GENERATED ALWAYS and constructors of arrays and rows are refused.',
  ),
  ...of(
    'c_unsupported-postgresql-functions',
    'STRING_AGG, ARRAY_AGG, generate_series, CLOCK_TIMESTAMP, pg_sleep, advisory locks, IS DISTINCT FROM and others are refused.',
  ),
  ...of(
    'c_sql-functions-leader-node',
    'Functions and catalogs of the leader node fail beside a user’s table.',
  ),
  ...of('r_DELETE', 'DELETE has USING and no alias of its target.'),
  ...of('r_UPDATE', 'UPDATE has FROM without outer joins; SET names columns without their table.'),
  ...of(
    'r_MERGE',
    'MERGE has no alias of its target, both WHEN clauses without conditions, and a table as its source.',
    'A target row that two source rows match is an error.',
  ),
  ...of('r_INSERT_30', 'INSERT takes several rows of VALUES or a query.'),
  ...of('r_SELECT_synopsis', 'SELECT with WITH, joins, GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET.'),
  ...of(
    'r_correlated_subqueries',
    'Correlations that skip a query block, leave the ON of an outer join or stand beside a window function fail.',
  ),
  ...of('r_UNION', 'UNION [ALL], INTERSECT, EXCEPT and MINUS.'),
  ...of('declare', 'A cursor stands in a transaction block and goes forward.'),
  ...of('r_BEGIN', 'Every isolation level is taken as the database’s own.'),
  ...of('r_TRUNCATE', 'TRUNCATE commits the transaction that it stands in.'),
  ...of('r_VACUUM_command', 'VACUUM does not run in a transaction block.'),
  ...of('r_LOCK', 'LOCK takes ACCESS EXCLUSIVE and no clause for a mode.'),
  ...of(
    'c_serial_isolation',
    'With serializable isolation crossing reads and writes of whole tables fail with 1023 (SQLSTATE XX000).',
    'With snapshot isolation a writer whose snapshot is older than another’s commit to the table fails.',
    'Writers of one table wait for each other.',
  ),
  ...of('r_STV_DB_ISOLATION_LEVEL', 'The isolation level is the database’s, and shown.'),
  ...of('r_DATEDIFF_function', 'DATEDIFF counts boundaries and gives BIGINT.'),
  ...of('r_EXTRACT_function', 'EXTRACT of a TIMESTAMP gives the INTEGER of that part alone.'),
  ...of('r_DATE_PART_function', 'DATE_PART keeps the fraction of seconds.'),
  ...of('r_DATE_TRUNC', 'Weeks begin on Monday.'),
  ...of('r_FNV_HASH', 'FNV_HASH hashes whole numbers by their width, with an optional seed.'),
  ...of('r_AVG', 'The average of whole numbers is a whole number.'),
  ...of('r_LISTAGG', 'LISTAGG [DISTINCT] … WITHIN GROUP (ORDER BY …).'),
  ...of('c_Window_functions', 'An aggregate over an ordered window wants its frame, in ROWS.'),
  ...of('r_DECODE_expression', 'DECODE takes two NULLs for equal.'),
  ...of('JSON_EXTRACT_PATH_TEXT', 'A path that is not there gives an empty string.'),
  ...of(
    'query-super',
    'Dots and brackets lead into SUPER values; what is not there is NULL, and so is a cast that does not fit.',
    'FROM unnests arrays (AT index) and unpivots objects (UNPIVOT … AS … AT …).',
  ),
  ...of(
    'super-configurations',
    'Names of attributes are lower case, unless a setting lets quotes keep theirs.',
  ),
  ...of(
    'r_SVV_TABLE_INFO',
    'Empty tables are left out; skew_rows compares the fullest slice with the emptiest.',
  ),
  ...of('r_PG_TABLE_DEF', 'Only tables on the search path are shown.'),
  ...of('PG_LAST_COPY_COUNT', 'pg_last_copy_count() and pg_last_copy_id() are the session’s.'),
  ...of('r_extra_float_digits', 'Floating-point values show 15 digits by default; the parameter ends at 2.'),
  ...of('connecting-ssl-support', 'Where TLS is on it is required.'),
];

/** What the double does not do, or cannot vouch for. */
export const notEmulated: readonly string[] = [
  'Several statements in one message; PREPARE, EXECUTE and CALL; QUALIFY, PIVOT, ROLLUP, CUBE, GROUPING SETS, TOP, SELECT INTO, WITH RECURSIVE; references from one output column to another.',
  'MERGE … REMOVE DUPLICATES, ALTER TABLE APPEND, late-binding and materialized views, external tables, data sharing.',
  'VARBYTE, GEOMETRY, GEOGRAPHY, HLLSKETCH, TIMETZ and INTERVAL as types of columns; names above 63 bytes.',
  'Comparisons of VARCHAR heed trailing blanks here; Redshift ignores them.',
  'COLLATE; text sorts as the database behind the double does (by bytes, where its locale is C).',
  'Precision and scale of computed DECIMALs are PostgreSQL’s; a computed text column of CREATE TABLE AS is VARCHAR(65535).',
  'SUPER values are compared only after a cast; objects do not keep the order of their attributes; a string put into a SUPER column is read as JSON; a string of digits does not cast to a number; the lax settings cannot be turned off.',
  'Privileges: GRANT and REVOKE are read over, every login may do everything; has_…_privilege() denies only what the double was told to deny.',
  'IDENTITY has no gaps, and LIKE of a table with IDENTITY keeps its NOT NULL without its values.',
  'Sorting, compression, statistics and the planner: unsorted, stats_off, pct_used and size are placeholders; a false primary key gives no wrong results.',
  'Restrictions of correlated subqueries where the outer column is named without its table, stands in GROUP BY, or IN compares with an aggregate; IGNORE NULLS and RESPECT NULLS; NULLS FIRST and LAST in windows.',
  'Every SELECT in a block takes the snapshot here; on Redshift one without a user’s table does not. Conflicts are found at least as often.',
  'The table and the transactions that the detail of 1023 names are invented; deadlocks are PostgreSQL’s.',
  'SET in a transaction that is rolled back stays; SET LOCAL and SET SESSION AUTHORIZATION.',
  'Queues, concurrency scaling, result caching, timeouts of idle sessions, limits of connections.',
  'pg_last_query_id() is always -1; LISTAGG has no limit of 65535 bytes.',
  'Visibility lag of the SYS views: they are filled at once.',
  'Regular expressions are PostgreSQL’s, with the parameters c and i; patterns need their backslashes doubled, as string literals want them.',
];
