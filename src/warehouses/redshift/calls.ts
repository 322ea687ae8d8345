import { UsageError } from '../../errors.ts';
import type { ReadingStatement } from '../pg-wire/reading-statement.ts';

/** The system administration functions of Redshift that change something, and what it has from PostgreSQL of that kind. */
const ACTS =
  /^(set_config|reboot_cluster|change_(query|session|user)_priority|pg_(cancel|terminate)_backend|pg_(try_)?advisory\w*|pg_sleep|pg_read_\w+|pg_ls_\w+|pg_stat_file|pg_reload_conf|pg_rotate_logfile|pg_switch_\w+|lo_\w+|lo(read|write)|nextval|setval|dblink\w*|query_to_xml\w*)$/;

/** Refuses a statement that calls a function by which more can be done than reading. */
export function assertReadsOnRedshift({ calls }: ReadingStatement): void {
  const found = calls.find(({ name }) => ACTS.test(name));
  if (found !== undefined)
    throw new UsageError(`query does not call ${found.name}: it does more than read.`, {
      hint: 'Use another client for it.',
    });
}
