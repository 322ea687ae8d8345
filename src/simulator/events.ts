/** The events of one UTC day, in the order in which they were simulated; arrays of numbers, some 22 bytes an event. */
export interface Events {
  count: number;
  /** Milliseconds after the day's beginning in UTC. */
  offsetMs: Int32Array;
  /** The session's number in the day's sessions. */
  session: Int32Array;
  item: Int32Array;
  /** The state's number times two, plus one if the user pays. */
  kind: Uint8Array;
  /** The song's number, or -1. */
  song: Int32Array;
}

export function makeEvents(): Events {
  return { count: 0, ...arrays(4_096) };
}

function arrays(length: number) {
  return {
    offsetMs: new Int32Array(length),
    session: new Int32Array(length),
    item: new Int32Array(length),
    kind: new Uint8Array(length),
    song: new Int32Array(length),
  };
}

/** Makes room for one more event. */
export function reserve(events: Events): void {
  if (events.count < events.offsetMs.length) return;
  const grown = arrays(events.offsetMs.length * 2);
  grown.offsetMs.set(events.offsetMs);
  grown.session.set(events.session);
  grown.item.set(events.item);
  grown.kind.set(events.kind);
  grown.song.set(events.song);
  Object.assign(events, grown);
}

/** 2^26: events that a day, or lines that a file can have, so that time and place fit one number. */
export const MOST_LINES = 67_108_864;

/** The events' positions in the order of time; at the same millisecond, in the order of simulation. */
export function inOrderOfTime(events: Events): Int32Array {
  const keys = new Float64Array(events.count);
  for (let at = 0; at < events.count; at += 1) keys[at] = (events.offsetMs[at] as number) * MOST_LINES + at;
  keys.sort();
  const order = new Int32Array(events.count);
  for (let at = 0; at < events.count; at += 1) order[at] = (keys[at] as number) % MOST_LINES;
  return order;
}
