/** How plays find their songs. */
export type MatchOn = 'title, artist, duration' | 'title, artist';
