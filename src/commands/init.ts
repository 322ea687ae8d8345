import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from '../errors.ts';
import type { Command } from './command.ts';

export const command: Command = {
  define(init) {
    init
      .argument('[file]', 'where to write it (default: dwh.cfg)')
      .option('--log-data <place>', 'activity logs (default: log_data, beside the file)')
      .option('--song-data <place>', 'song files (default: song_data, beside the file)')
      .option('--force', 'replace a file that is there');
  },
  async run(context, flags, [file = 'dwh.cfg']) {
    const { dwhCfgTemplate } = await import('../config/template.ts');
    const { pathFrom } = await import('../config/paths.ts');
    const written = (place: unknown, otherwise: string): string =>
      typeof place === 'string' ? pathFrom(dirname(file), place) : otherwise;
    const text = dwhCfgTemplate(written(flags.logData, 'log_data'), written(flags.songData, 'song_data'));
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
      text: `Wrote ${file}. Next: set LOG_DATA and SONG_DATA, then ${context.program} doctor, then ${context.program} etl.`,
    };
  },
};
