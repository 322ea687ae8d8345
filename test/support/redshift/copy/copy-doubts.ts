/** Something that the guide leaves open about COPY or UNLOAD, and what the double does. */
export interface CopyDoubt {
  readonly about: string;
  readonly decision: string;
}

/** Where the guide does not say, the double decides, on the strict side where it can; a real cluster may differ. */
export const copyDoubts: readonly CopyDoubt[] = [
  {
    about: 'where a value that is not well formed ends',
    decision:
      'Brackets are counted, those within strings left out. A value that never closes takes all that follows it in the file: one error, on the last line.',
  },
  {
    about: 'text between values',
    decision: 'One error for each run of characters without a blank; a byte order mark is such text too.',
  },
  {
    about: 'the text of a nested value in a VARCHAR column',
    decision: 'As it was written, without line breaks and indentation: so the guide’s example shows it.',
  },
  {
    about: 'numbers in decimal columns',
    decision:
      'Their own digits are cut off or rounded. The guide warns that numbers without quotes may lose precision; the double loses none.',
  },
  {
    about: 'numbers like 1.0 or 1e3 in whole-number columns',
    decision: 'Invalid digit. Decimal columns take exponents.',
  },
  { about: 'blanks around a number in a string', decision: 'Invalid digit; only blanks are NULL.' },
  { about: 'NaN and Infinity in strings for floating-point columns', decision: 'A load error, 1208.' },
  {
    about: 'booleans',
    decision:
      'True, false, 1 and 0 of JSON, and the literals of BOOLEAN in strings, in any case; anything else is 1210.',
  },
  {
    about: 'epoch times with fractions or exponents',
    decision: 'A load error, 1206. Whole numbers are taken with and without quotes.',
  },
  {
    about: 'automatic recognition of times',
    decision:
      'ISO 8601, YYYYMMDD HHMISS and MM/DD/YYYY, with offsets. Names of months and zones, Julian days, BC and short years: not emulated.',
  },
  { about: 'an offset in a value for TIMESTAMP', decision: 'Dropped, not converted.' },
  { about: 'NULL for a NOT NULL column', decision: 'A load error, 1213, that counts towards MAXERROR.' },
  {
    about: 'the same key twice in an object',
    decision:
      'The last one counts for columns; in SUPER it is a load error, as JSON_PARSE has it by default.',
  },
  { about: '\\u0000 in a string', decision: 'A load error: 1220 in VARCHAR and CHAR, 1224 in SUPER.' },
  {
    about: 'the largest string in SUPER',
    decision:
      '65535 bytes, the limit of a database that did not opt in to 16,000,000. 16 MB of a value is out of reach below 4 MB of an object.',
  },
  {
    about: 'ACCEPTINVCHARS and SUPER',
    decision: 'The option is for VARCHAR only: bytes that are not UTF-8 are an error in SUPER.',
  },
  {
    about: 'an empty string in a SUPER column',
    decision: 'Stays an empty string, though it is NULL for the other types that are no text.',
  },
  {
    about: 'the code of a record that is not well formed',
    decision: '1216, also where it is for a SUPER column.',
  },
  { about: 'the JSONPath $ alone', decision: 'Not emulated.' },
  { about: 'null of JSON in a SUPER column', decision: 'NULL, not a null of JSON.' },
  { about: 'text longer than its column by blanks only', decision: 'A load error like any other.' },
  {
    about: 'a JSONPath through something that is no object, and an element that an array lacks',
    decision: 'Load errors, 1216, that count towards MAXERROR. Below a null of JSON all is NULL.',
  },
  { about: 'a JSONPaths file with jsonpaths and other names', decision: 'Fails the COPY.' },
  {
    about: 'a value of more than 4 MB',
    decision: 'Fails the COPY whatever MAXERROR is, and leaves a load error.',
  },
  { about: 'content_length of a manifest that is not the file’s length', decision: 'Fails the COPY.' },
  {
    about: 'a manifest of which no file exists',
    decision: 'Fails the COPY; the words are the double’s own.',
  },
  {
    about: 'an object that is not compressed as the COPY says, or a broken stream',
    decision: 'One load error, 1216, for the file; the other files go on.',
  },
  {
    about: 'the words of overflows and of refused combinations of options',
    decision: 'The double’s own; the codes are the guide’s.',
  },
  {
    about: 'IDENTITY columns',
    decision: 'Are columns like any other; COPY that leaves them to the table must name the others.',
  },
  { about: 'NOLOAD', decision: 'Says that 0 records were loaded, and counts 0.' },
  {
    about: 'lines_scanned of SYS_LOAD_DETAIL',
    decision: 'Values and stray pieces of text that were looked at.',
  },
  {
    about: 'IAM_ROLE default without a default role, and ARNs that are none',
    decision: 'The words are the double’s own.',
  },
  {
    about: 'the names of files of UNLOAD to JSON',
    decision: 'End with .json; CSV files have no ending but .gz.',
  },
  {
    about: 'UNLOAD of no rows',
    decision: 'CSV writes an empty file for each slice, Parquet none; the guide says none for JSON.',
  },
  {
    about: 'booleans of UNLOAD to JSON',
    decision: 'The strings "t" and "f", so that the object stays JSON.',
  },
  { about: 'lengths of text in a verbose manifest', decision: 'Always 65535.' },
  {
    about: 'partition values with other characters than letters, digits, blanks and _.:+-',
    decision: 'Not emulated.',
  },
];
