import { type Command as Commander, Option } from 'commander';
import { UsageError } from '../../errors.ts';

/** The flags of every command; and of all its flags, those that take one value are given once. */
export function addSharedFlags(command: Commander): void {
  command
    .option('--config <file>', 'the configuration file (default: dwh.cfg, if it is there)')
    .option('--json', 'print one JSON document')
    .addOption(new Option('-q, --quiet', 'print no progress').conflicts('verbose'))
    .option(
      '-v, --verbose',
      'print each step of a load with its seconds, and more details in reports and errors',
    );
  for (const option of command.options) {
    if (option.isBoolean() || option.parseArg !== undefined) continue;
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      if (isGiven) {
        throw new UsageError(`${option.long} is given twice, and takes one value.`, {
          hint: 'Leave one of them out.',
        });
      }
      isGiven = true;
    });
  }
}
