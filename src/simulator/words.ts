import { firstNames, lastNames } from './people.ts';

const adjectives =
  'Amber Ancient Bitter Blue Bright Broken Burning Careless Crimson Crooked Distant Dizzy Dusty Easy Electric Empty Endless Faded Fearless Fragile Frozen Gentle Golden Hollow Honest Hungry Idle Infinite Invisible Lazy Little Lonely Lost Lucky Midnight Naïve Neon Northern Open Paper Quiet Restless Rusty Sacred Secret Silent Silver Sleepless Slow Southern Stolen Strange Sweet Tender Uneasy Velvet Violet Wasted Wild Young'.split(
    ' ',
  );
const nouns =
  'Angel Anthem Avenue Bird Bridge Café Candle Canyon Carousel Circus City Cloud Coast Comet Corner Cowboy Crown Dancer Desert Diamond Dream Echo Ember Engine Fiancée Fire Flower Forest Garden Ghost Harbor Heart Highway Horizon Hotel Island Jungle Kingdom Lantern Letter Lighthouse Lover Machine Meadow Mirror Moon Mountain Níspero Ocean Orchid Parade Piano Pilot Planet Prayer Queen Radio Rain River Road Rocket Rose Sailor Señorita Shadow Signal Sister Sky Smoke Soldier Star Stone Storm Stranger Street Summer Sun Thunder Tiger Train Valley Voice Water Window Winter Wolf Über-Nacht'.split(
    ' ',
  );
const rests = 'Again|At Night|For You|In Blue|In the Dark|On Fire|Tonight|Without You'.split('|');

type Words = readonly [first: string, second: string, rest: string];

/** Every pattern gives texts that no other pattern gives, so that a number is known by its text. */
const titlePatterns: readonly (([first, second, rest]: Words) => string)[] = [
  ([first, second]) => `${first} ${second}`,
  ([first, second]) => `The ${first} ${second}`,
  ([first, second]) => `${second} of the ${first}`,
  ([first, second, rest]) => `${first} ${second} ${rest}`,
  ([first, second]) => `My "${first}" ${second}`,
  ([first, second, rest]) => `${second}, ${first} ${rest}`,
  ([first, second]) => `${first}/${second}`,
  ([first, second]) => `Song for a ${first} ${second}`,
];
const artistPatterns: readonly (([first, second, rest]: Words) => string)[] = [
  ([first, second]) => `The ${first} ${second}s`,
  ([first, second]) => `${first} ${second}`,
  ([first, second]) => `${second} & the ${first}s`,
  ([first, second]) => `${first} ${second} Orchestra`,
];
const people = [...firstNames.F, ...firstNames.M];

export const TITLES = titlePatterns.length * adjectives.length * nouns.length * rests.length;

/** The title of a number; every number below TITLES, or nearly every, has one of its own. */
export function titleOf(number: number): string {
  const pattern = titlePatterns[number % titlePatterns.length] as (words: Words) => string;
  return pattern(wordsOf(Math.floor(number / titlePatterns.length), adjectives, nouns));
}

/** The name of an artist's number; every number has one of its own. */
export function artistNameOf(number: number): string {
  const kinds = artistPatterns.length + 1;
  const kind = number % kinds;
  const rest = Math.floor(number / kinds);
  const isPerson = kind === artistPatterns.length;
  const [firsts, seconds] = isPerson ? [people, lastNames] : [adjectives, nouns];
  const names = firsts.length * seconds.length;
  const scattered = ((rest % names) * 7919) % names;
  const words = wordsOf(scattered, firsts, seconds);
  const name = isPerson
    ? `${words[0]} ${words[1]}`
    : (artistPatterns[kind] as (words: Words) => string)(words);
  const generation = Math.floor(rest / names);
  return generation === 0 ? name : `${name} ${generation + 1}`;
}

function wordsOf(number: number, firsts: readonly string[], seconds: readonly string[]): Words {
  const second = Math.floor(number / firsts.length);
  return [
    firsts[number % firsts.length] as string,
    seconds[second % seconds.length] as string,
    rests[Math.floor(second / seconds.length) % rests.length] as string,
  ];
}
