import { dayOf } from './calendar.ts';
import { type Catalogue, makeCatalogue } from './catalogue.ts';
import type { Model } from './day.ts';
import { personFragments } from './person-fragments.ts';
import { makePopulation, type Population } from './population.ts';
import { makePreferences } from './preferences.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';

/** The songs of a data set, and those that its plays name although they are in no file. */
export function catalogueOf({ seed, songs, format }: Settings): Catalogue {
  return makeCatalogue(seed, songs, recordForms[format]);
}

/** The users of a range of numbers, and those whom they bring. */
export function populationOf(settings: Settings, firstUser: number, lastUser: number): Population {
  const { seed, days, growth, attrition } = settings;
  const fromDay = dayOf(settings.from) as number;
  return makePopulation({ seed, fromDay, days, firstUser, lastUser, growth, attrition });
}

/** Everything that a day's simulation needs, save the levels, which move with the days. */
export function worldOf(
  settings: Settings,
  catalogue: Catalogue,
  population: Population,
): Omit<Model, 'levels'> {
  const { seed, profile } = settings;
  const form = recordForms[settings.format];
  return {
    seed,
    profile,
    fromDay: dayOf(settings.from) as number,
    population,
    catalogue,
    taste: makePreferences(catalogue, seed, settings.matchShare),
    form,
    people: personFragments(form),
  };
}
