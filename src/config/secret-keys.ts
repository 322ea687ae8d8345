import { readFile } from 'node:fs/promises';
import { withoutSecrets } from '../secrets.ts';
import { type CfgEntry, parseDwhCfg, shownKey, shownSection } from './dwh-cfg.ts';

/** The keys of a configuration file that hold a password or a key, whoever reads them: `[CLUSTER] DB_PASSWORD`. */
export async function secretKeys(file: string): Promise<string[]> {
  const { entries } = parseDwhCfg(await readFile(file, 'utf8'));
  return entries.filter(isSecret).map((entry) => `${shownSection(entry)} ${shownKey(entry)}`);
}

function isSecret({ section, key, value }: CfgEntry): boolean {
  if (value === '') return false;
  // The name of a secret that AWS keeps.
  if (/^redshift$/i.test(section) && /^secret$/i.test(key)) return false;
  return withoutSecrets(value) !== value || /PASSWORD|PASSWD|SECRET|TOKEN|(^|_)KEY$|ACCESS_KEY/i.test(key);
}
