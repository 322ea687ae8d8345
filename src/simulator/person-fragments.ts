import { listenerNumber } from '../answer-key/row-sums.ts';
import { type FragmentStore, fragmentStore } from './fragments.ts';
import { firstNames, lastNames, userAgents } from './people.ts';
import type { RecordForm } from './record-form.ts';
import { places } from './towns.ts';

/** The parts of records that people share: names, places and devices are few, so each is encoded once. */
export interface PersonFragments {
  readonly store: FragmentStore;
  /** First name, and but for eventsim gender. */
  first(gender: 'F' | 'M', name: string): number;
  last(name: string): number;
  place(location: string): number;
  /** By number in `userAgents`. */
  agent(device: number): number;
  /** What place and device add to plays in the answer key (see row-sums.ts). */
  listener(location: string, device: number): number;
}

/** Encodes what people share in a form. */
export function personFragments(form: RecordForm): PersonFragments {
  const store = fragmentStore(1_024, 65_536);
  const isNative = form.name === 'eventsim';
  const firstText = (name: string, gender: string): string =>
    `,"firstName":${form.text(name)}${isNative ? '' : `,"gender":"${gender}","itemInSession":`}`;
  const firsts = {
    F: numbered(store, firstNames.F, (name) => firstText(name, 'F')),
    M: numbered(store, firstNames.M, (name) => firstText(name, 'M')),
  };
  const lasts = numbered(
    store,
    lastNames,
    (name) => `,"lastName":${form.text(name)}${isNative ? '' : ',"length":'}`,
  );
  const locations = places.map((place) => place.location);
  const byPlace = numbered(store, locations, (location) =>
    isNative ? `,"location":${form.text(location)}` : `"location":${form.text(location)},"method":`,
  );
  const agents = userAgents.map((agent) =>
    store.add(`,"userAgent":${form.text(agent)}${isNative ? '' : ',"userId":"'}`),
  );
  const listeners = new Map(
    locations.map((location) => [location, userAgents.map((agent) => listenerNumber(0, location, agent))]),
  );
  return {
    store,
    first: (gender, name) => firsts[gender].get(name) as number,
    last: (name) => lasts.get(name) as number,
    place: (location) => byPlace.get(location) as number,
    agent: (device) => agents[device] as number,
    listener: (location, device) => listeners.get(location)?.[device] as number,
  };
}

function numbered(
  store: FragmentStore,
  names: readonly string[],
  text: (name: string) => string,
): ReadonlyMap<string, number> {
  return new Map(names.map((name) => [name, store.add(text(name))]));
}
