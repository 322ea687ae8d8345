import { ConfigError } from '../errors.ts';
import type { RedshiftAuth } from '../warehouses/open.ts';
import type { Address } from './address.ts';
import { type ParsedSettings, settings } from './settings.ts';

type AuthAddress = Address<'auth' | 'secret' | 'cluster' | 'workgroup'>;
type Named = { readonly cluster: string } | { readonly workgroup: string };

/** How to log in: as AUTH says; without it by a password, a secret or IAM, the first of them that is there. */
export function redshiftAuth(host: string, address: AuthAddress, given: ParsedSettings): RedshiftAuth {
  const user = address.user ?? given.dbUser;
  const password = address.password ?? given.dbPassword;
  const secretId = address.from('secret') ?? given.redshiftSecret;
  switch (wayOf(address, given)) {
    case 'password':
      if (user === undefined)
        throw new ConfigError(`No user is named to log in to ${host} by password.`, {
          hint: 'Set CLUSTER.DB_USER or SPARKIFY_DB_USER.',
        });
      if (password === undefined)
        throw new ConfigError(`There is no password for ${user} on ${host}.`, {
          hint: 'Set SPARKIFY_DB_PASSWORD, or choose another login: REDSHIFT.AUTH = iam or secret.',
        });
      return { kind: 'password', user, password };
    case 'secret':
      if (secretId === undefined)
        throw new ConfigError(`No secret is named to log in to ${host} with.`, {
          hint: 'Set REDSHIFT.SECRET to the name or ARN of a secret in AWS Secrets Manager.',
        });
      return { kind: 'secret', secretId };
    case 'iam': {
      const named = namedBy(host, address, given);
      return 'workgroup' in named
        ? { kind: 'iam workgroup', workgroup: named.workgroup }
        : { kind: 'iam cluster', clusterIdentifier: named.cluster, user: user ?? null };
    }
  }
}

function wayOf(address: AuthAddress, given: ParsedSettings): 'password' | 'iam' | 'secret' {
  const text = address.from('auth');
  if (text !== undefined) {
    const parsed = settings.redshiftAuth.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new ConfigError(`auth is "${text}": it ${parsed.error.issues[0]?.message}.`);
  }
  if (given.redshiftAuth !== undefined) return given.redshiftAuth;
  if (address.password !== undefined) return 'password';
  if (address.from('secret') !== undefined) return 'secret';
  if (given.dbPassword !== undefined) return 'password';
  return given.redshiftSecret === undefined ? 'iam' : 'secret';
}

/** Whose credentials to ask for. What is said counts before the host's name, whose first part may be that of a private endpoint. */
function namedBy(host: string, address: AuthAddress, given: ParsedSettings): Named {
  const named =
    either(address.from('cluster'), address.from('workgroup')) ??
    either(given.redshiftCluster, given.redshiftWorkgroup) ??
    awsHost(host)?.named;
  if (named !== undefined) return named;
  throw new ConfigError(`To log in to ${host} by IAM, its cluster or workgroup must be named.`, {
    hint: 'Set REDSHIFT.CLUSTER_IDENTIFIER or REDSHIFT.WORKGROUP; or log in by SPARKIFY_DB_PASSWORD or REDSHIFT.SECRET.',
  });
}

function either(cluster: string | undefined, workgroup: string | undefined): Named | undefined {
  if (cluster !== undefined && workgroup !== undefined) {
    throw new ConfigError(`The cluster ${cluster} and the workgroup ${workgroup} are both named.`, {
      hint: 'Name the one that the host belongs to.',
    });
  }
  if (cluster !== undefined) return { cluster };
  return workgroup === undefined ? undefined : { workgroup };
}

/** What the names that AWS gives to hosts say: `<cluster>.<id>.<region>.redshift.…`, `<workgroup>.<account>.<region>.redshift-serverless.…`. */
export function awsHost(host: string): { readonly named: Named; readonly region: string } | null {
  const [, name, region, service] =
    /^([a-z0-9-]+)\.[a-z0-9]+\.([a-z]+(?:-[a-z]+)+-\d+)\.(redshift|redshift-serverless)\.amazonaws\.com(?:\.cn)?$/.exec(
      host.toLowerCase(),
    ) ?? [];
  if (name === undefined || region === undefined) return null;
  return { named: service === 'redshift' ? { cluster: name } : { workgroup: name }, region };
}
