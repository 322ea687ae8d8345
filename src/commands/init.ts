import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { printable } from '../terminal/printable.ts';
import type { Command } from './shared/command.ts';

export const command: Command = {
  define(init) {
    init
      .argument('[file]', 'where to write it (default: dwh.cfg)')
      .option('--log-data <place>', 'activity logs (default: log_data, beside the file)')
      .option('--song-data <place>', 'song files (default: song_data, beside the file)')
      .option('--force', 'replace a file that is there (never a DuckDB database)');
  },
  async run(context, flags, [file = 'dwh.cfg']) {
    const { dwhCfgTemplate } = await import('../config/template.ts');
    const { pathFrom } = await import('../config/paths.ts');
    const { writeOutput } = await import('../sources/output-file.ts');
    const written = (place: unknown, otherwise: string): string =>
      typeof place === 'string' ? pathFrom(dirname(file), place) : otherwise;
    const text = dwhCfgTemplate(written(flags.logData, 'log_data'), written(flags.songData, 'song_data'));
    const rules = { isReplacing: flags.force === true, replaceFlag: '--force', keeps: [] };
    await writeOutput(file, rules, ({ aside }) => writeFile(aside, text));
    return {
      json: { status: 'written', file },
      text: `Wrote ${printable(file)}. Next: set LOG_DATA and SONG_DATA, then ${context.program} doctor, then ${context.program} etl.`,
    };
  },
};
