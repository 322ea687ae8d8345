import type { Zone } from './calendar.ts';

export interface OutputLocation {
  /** As the app writes it: principal cities, then states. */
  readonly location: string;
  /** How many users live here, relative to the others. */
  readonly weight: number;
  readonly zone: Zone;
}

const eastern: Zone = { standardHours: -5, saves: true };
const central: Zone = { standardHours: -6, saves: true };
const mountain: Zone = { standardHours: -7, saves: true };
const arizona: Zone = { standardHours: -7, saves: false };
const pacific: Zone = { standardHours: -8, saves: true };
const alaska: Zone = { standardHours: -9, saves: true };
const hawaii: Zone = { standardHours: -10, saves: false };

/** Metropolitan areas by zone; the weights are round guesses. */
const byZone: readonly (readonly [Zone, Readonly<Record<string, number>>])[] = [
  [
    eastern,
    {
      'New York-Newark-Jersey City, NY-NJ-PA': 100,
      'Philadelphia-Camden-Wilmington, PA-NJ-DE-MD': 32,
      'Washington-Arlington-Alexandria, DC-VA-MD-WV': 34,
      'Miami-Fort Lauderdale-West Palm Beach, FL': 30,
      'Atlanta-Sandy Springs-Roswell, GA': 36,
      'Boston-Cambridge-Newton, MA-NH': 30,
      'Detroit-Warren-Dearborn, MI': 20,
      'Tampa-St. Petersburg-Clearwater, FL': 16,
      'Baltimore-Columbia-Towson, MD': 13,
      'Charlotte-Concord-Gastonia, NC-SC': 14,
      'Orlando-Kissimmee-Sanford, FL': 14,
      'Pittsburgh, PA': 11,
      'Cincinnati, OH-KY-IN': 10,
      'Cleveland-Elyria, OH': 9,
      'Columbus, OH': 11,
      'Indianapolis-Carmel-Anderson, IN': 10,
      'Raleigh, NC': 8,
      'Richmond, VA': 6,
      'Buffalo-Cheektowaga-Niagara Falls, NY': 5,
      'Rochester, NY': 5,
      'Lansing-East Lansing, MI': 4,
      'Portland-South Portland, ME': 3,
      'Burlington-South Burlington, VT': 2,
      'Asheville, NC': 2,
    },
  ],
  [
    central,
    {
      'Chicago-Naperville-Elgin, IL-IN-WI': 50,
      'Dallas-Fort Worth-Arlington, TX': 40,
      'Houston-The Woodlands-Sugar Land, TX': 36,
      'Minneapolis-St. Paul-Bloomington, MN-WI': 20,
      'St. Louis, MO-IL': 14,
      'San Antonio-New Braunfels, TX': 13,
      'Austin-Round Rock, TX': 16,
      'Kansas City, MO-KS': 11,
      'Nashville-Davidson--Murfreesboro--Franklin, TN': 11,
      'Milwaukee-Waukesha-West Allis, WI': 8,
      'New Orleans-Metairie, LA': 7,
      'Oklahoma City, OK': 7,
      'Memphis, TN-MS-AR': 6,
      'Tulsa, OK': 5,
      'Omaha-Council Bluffs, NE-IA': 4,
      'Madison, WI': 4,
      'Des Moines-West Des Moines, IA': 3,
      'Sioux Falls, SD': 1,
    },
  ],
  [
    mountain,
    {
      'Denver-Aurora-Lakewood, CO': 18,
      'Salt Lake City, UT': 8,
      'Albuquerque, NM': 4,
      'Boise City, ID': 4,
      'Colorado Springs, CO': 3,
      'Missoula, MT': 1,
    },
  ],
  [arizona, { 'Phoenix-Mesa-Scottsdale, AZ': 26, 'Tucson, AZ': 5 }],
  [
    pacific,
    {
      'Los Angeles-Long Beach-Anaheim, CA': 70,
      'San Francisco-Oakland-Hayward, CA': 34,
      'Seattle-Tacoma-Bellevue, WA': 24,
      'Riverside-San Bernardino-Ontario, CA': 20,
      'San Diego-Carlsbad, CA': 18,
      'Portland-Vancouver-Hillsboro, OR-WA': 16,
      'Sacramento--Roseville--Arden-Arcade, CA': 13,
      'San Jose-Sunnyvale-Santa Clara, CA': 13,
      'Las Vegas-Henderson-Paradise, NV': 11,
      'Fresno, CA': 5,
      'Eugene, OR': 2,
    },
  ],
  [alaska, { 'Anchorage, AK': 2 }],
  [hawaii, { 'Urban Honolulu, HI': 5 }],
];

/** Where users live. */
export const places: readonly OutputLocation[] = byZone.flatMap(([zone, weights]) =>
  Object.entries(weights).map(([location, weight]) => ({ location, weight, zone })),
);
