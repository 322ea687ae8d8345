/** How records are written: as the app's own files are, as plain NDJSON, or as eventsim orders and omits keys. */
export interface RecordForm {
  readonly name: 'app' | 'ndjson' | 'eventsim';
  /** A text as JSON. */
  text(value: string): string;
  /** A text in a song file as JSON. */
  songText(value: string): string;
  /** A number of the declared type double as JSON. */
  double(value: number): string;
  /** Whether a file's last line ends in a newline. */
  readonly endsLastLine: boolean;
}

function asciiText(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** ASCII only, `/` escaped in logs, doubles with `.0`, no newline at the end of a file: as Sparkify's own files are. */
const app: RecordForm = {
  name: 'app',
  text: (value) => asciiText(value).replaceAll('/', '\\/'),
  songText: asciiText,
  double: (value) => (Number.isInteger(value) ? `${value}.0` : String(value)),
  endsLastLine: false,
};

const ndjson: RecordForm = {
  name: 'ndjson',
  text: (value) => JSON.stringify(value),
  songText: (value) => JSON.stringify(value),
  double: String,
  endsLastLine: true,
};

/** Keys in eventsim's order; those without a value are left out. */
const eventsim: RecordForm = { ...ndjson, name: 'eventsim' };

export const recordForms = { app, ndjson, eventsim } as const;
