/** A rule of COPY or UNLOAD that the double keeps, and the page of the guide that has it. */
export interface CopyRule {
  readonly rule: string;
  /** Below the developer guide's address. */
  readonly page: string;
}

/** What the double keeps of COPY, of JSON and of UNLOAD. */
export const copyRules: readonly CopyRule[] = [
  { rule: 'COPY takes its table, FROM, the authorization and then each option once.', page: 'r_COPY' },
  {
    rule: 'FROM without MANIFEST is a key prefix; a prefix of no object fails.',
    page: 'copy-parameters-data-source-s3',
  },
  {
    rule: 'A manifest is one exact key; entries are optional unless mandatory is true; a url twice is loaded twice; no file at all fails.',
    page: 'loading-data-files-using-manifest',
  },
  { rule: 'A bucket of another Region needs REGION.', page: 'copy-parameters-data-source-s3' },
  {
    rule: 'IAM_ROLE is default, an ARN that is attached to the cluster, or a chain without spaces that begins with one.',
    page: 'copy-parameters-authorization',
  },
  {
    rule: 'GZIP and ZSTD must be said; compression is not recognised.',
    page: 'copy-parameters-file-compression',
  },
  {
    rule: 'A JSON file is objects or arrays with nothing but white space between them; anything else there is an error each.',
    page: 'copy-parameters-data-format',
  },
  {
    rule: 'An object or array has at most 4 MB; a row too, pipes counted twice.',
    page: 'copy-parameters-data-format',
  },
  {
    rule: "'auto' matches keys by case; column names are lower case; 'auto ignorecase' does not look at case.",
    page: 'copy-parameters-data-format',
  },
  {
    rule: 'A key without a column is ignored; a column without a key is NULL; a column left out of the list takes its default.',
    page: 'copy-parameters-data-format',
  },
  {
    rule: 'JSONPaths are in the order of the columns, in one notation, each to a single element; another name in the file means ‘auto’.',
    page: 'copy-usage_notes-copy-from-json',
  },
  {
    rule: 'A missing element of an object is NULL; a missing element of an array is an error.',
    page: 'copy-parameters-data-format',
  },
  { rule: "'noshred' loads a value whole into a single SUPER column.", page: 'copy_json' },
  { rule: 'Options of delimited text are not supported with JSON.', page: 'copy-parameters-data-format' },
  {
    rule: 'Empty strings are NULL but in CHAR and VARCHAR; EMPTYASNULL and BLANKSASNULL reach those.',
    page: 'copy-parameters-data-conversion',
  },
  { rule: 'Decimals are cut to their scale; ROUNDEC rounds.', page: 'copy-parameters-data-conversion' },
  {
    rule: 'ACCEPTINVCHARS replaces bytes that are not UTF-8 one by one, in VARCHAR.',
    page: 'multi-byte-character-load-errors',
  },
  {
    rule: 'TRUNCATECOLUMNS cuts CHAR and VARCHAR; without it a value too long in bytes is an error.',
    page: 'copy-parameters-data-conversion',
  },
  {
    rule: "TIMEFORMAT is a pattern, 'auto', 'epochsecs' or 'epochmillisecs', in lower case; 'auto' knows no epochs.",
    page: 'r_DATEFORMAT_and_TIMEFORMAT_strings',
  },
  { rule: 'In patterns of COPY, HH is HH24.', page: 'r_DATEFORMAT_and_TIMEFORMAT_strings' },
  { rule: 'A date drops its time; a timestamp without one is at midnight.', page: 'automatic-recognition' },
  {
    rule: 'A load fails at MAXERROR errors or more; 0 and 1 both at the first; at most 100000.',
    page: 'copy-parameters-data-load',
  },
  { rule: 'NOLOAD looks at all and loads nothing.', page: 'copy-parameters-data-load' },
  { rule: 'IGNOREHEADER skips lines, also of JSON.', page: 'copy-parameters-data-format' },
  { rule: 'A load error tells the last line of its object.', page: 'SYS_LOAD_ERROR_DETAIL' },
  { rule: 'The codes of load errors are 1200 to 1224.', page: 'r_Load_Error_Reference' },
  { rule: 'Each COPY has a row, with its files in another table.', page: 'SYS_LOAD_HISTORY' },
  {
    rule: 'SUPER holds strings of 65535 bytes and is 1000 deep; names are unique in an object.',
    page: 'limitations-super',
  },
  { rule: 'UNLOAD names files by slice and part, or by number with PARALLEL OFF.', page: 'r_UNLOAD' },
  {
    rule: 'UNLOAD refuses a prefix that holds objects, but for ALLOWOVERWRITE and CLEANPATH.',
    page: 'r_UNLOAD',
  },
  { rule: 'UNLOAD refuses an outer LIMIT.', page: 'r_UNLOAD' },
  { rule: 'Parquet takes no text options and no compression; JSON takes no text options.', page: 'r_UNLOAD' },
  {
    rule: 'PARTITION BY makes folders and takes its columns out of the files, but for INCLUDE.',
    page: 'r_UNLOAD',
  },
];
