import { editDistance } from '../edit-distance.ts';

/** The name that was probably meant: of its own section, or the same key in another; null if none is like it. */
export function nearestName(section: string, key: string, known: Iterable<string>): string | null {
  const most = Math.max(1, Math.floor(key.length / 3));
  let nearest: { readonly name: string; readonly distance: number } | null = null;
  for (const name of known) {
    const [itsSection = '', itsKey = ''] = name.split('.');
    const ofKey = editDistance(key, itsKey);
    // Another section counts as one wrong letter, one that is misspelt as less.
    const isMisspelt = editDistance(section, itsSection) <= Math.floor(section.length / 3);
    const ofSection = section === itsSection ? 0 : isMisspelt ? 0.5 : 1;
    if (ofKey > most || (ofKey > 1 && ofSection > 0)) continue;
    if (nearest === null || ofKey + ofSection < nearest.distance)
      nearest = { name, distance: ofKey + ofSection };
  }
  return nearest?.name ?? null;
}
