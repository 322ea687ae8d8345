/** What lies where in the bucket; each ends in a slash, since a prefix without one also matches its neighbours. */
export const LOG_DATA = 'log_data/';
export const SONG_DATA = 'song_data/';
/** Files that a load puts down for COPY: manifests, JSONPaths, packed parts. */
export const STAGING = 'staging/';
/** What UNLOAD writes. */
export const EXPORT = 'export/';
