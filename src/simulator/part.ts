/** Part k of N of a data set: its k-th share of the days and of the songs. */
export interface Part {
  readonly part: number;
  readonly of: number;
}

/** The file in which a part keeps its record. */
export function partFile({ part, of }: Part): string {
  return `manifest.part-${part}-of-${of}.json`;
}

/** The files of all parts' records. */
export function partFiles(of: number): string[] {
  return Array.from({ length: of }, (_, at) => partFile({ part: at + 1, of }));
}
