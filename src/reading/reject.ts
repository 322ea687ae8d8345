/** The rules by which a record can be refused. */
export type Rule =
  | 'malformed_json'
  | 'not_an_object'
  | 'duplicate_key'
  | 'missing_field'
  | 'wrong_type'
  | 'out_of_range'
  | 'not_accepted'
  | 'incomplete_play'
  | 'unstorable_text'
  | 'text_too_long'
  | 'invalid_utf8'
  | 'too_long'
  | 'too_deep'
  | 'unreadable_file';

/** What each rule means, for people. */
export const ruleMeanings: Readonly<Record<Rule, string>> = {
  malformed_json: 'The record is not valid JSON.',
  not_an_object: 'The record is JSON, but not an object.',
  duplicate_key: 'One key occurs twice in the record, so which value counts is unknown.',
  missing_field: 'A required field is missing or null.',
  wrong_type: 'A value has another type than declared.',
  out_of_range: 'A number is outside the possible range.',
  not_accepted: 'A value is not one of the accepted ones.',
  incomplete_play: 'A play lacks its user, song, artist or length.',
  unstorable_text: 'A text holds \\u0000 or half a surrogate pair, which warehouses cannot store.',
  text_too_long: 'A text is longer than its column can be in every warehouse.',
  invalid_utf8: 'The line is not valid UTF-8.',
  too_deep: 'The record is nested too deeply, or holds one key twice within an undeclared value.',
  too_long: 'The record is longer than 4 MiB, or its line than 16 MiB.',
  unreadable_file: 'The compressed file cannot be unpacked completely, so nothing of it is loaded.',
};

/** A refused record, with everything that is needed to find and fix it. */
export interface Reject {
  /** The line at which the record begins, from 1. */
  readonly line: number;
  readonly rule: Rule;
  readonly field: string | null;
  /** The value at fault, as JSON. */
  readonly value: string | null;
  readonly reason: string;
  readonly raw: string;
}
