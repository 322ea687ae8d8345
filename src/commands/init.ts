import { writeFile } from 'node:fs/promises';
import { UsageError } from '../errors.ts';
import type { Command } from './command.ts';

export const command: Command = {
  define(init) {
    init
      .argument('[file]', 'where to write it (default: dwh.cfg)')
      .option('--log-data <place>', 'activity logs', 'log_data')
      .option('--song-data <place>', 'song files', 'song_data')
      .option('--force', 'replace a file that is there');
  },
  async run(_context, flags, [file = 'dwh.cfg']) {
    const { dwhCfgTemplate } = await import('../config/template.ts');
    const text = dwhCfgTemplate(String(flags.logData), String(flags.songData));
    try {
      await writeFile(file, text, { flag: flags.force === true ? 'w' : 'wx' });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new UsageError(`${file} is there already; it was not touched.`, {
          hint: '--force replaces it.',
        });
      }
      throw new UsageError(`Cannot write ${file}: ${(cause as Error).message}`, { cause });
    }
    return {
      json: { status: 'written', file },
      text: `Wrote ${file}. Next: set LOG_DATA and SONG_DATA, then sparkify doctor, then sparkify etl.`,
    };
  },
};
