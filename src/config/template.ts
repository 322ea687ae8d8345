/** The dwh.cfg that `sparkify init` writes: every setting with what it means, most of them left out. */
export function dwhCfgTemplate(logData: string, songData: string): string {
  return `# Sparkify's configuration. Flags override environment variables, and those override this file.
# Paths are relative to this file. Secrets belong in the environment. Only you may read a file with a secret (chmod 600).

[S3]
# Where the files are: a folder, one file, a glob, or s3://bucket/prefix.
LOG_DATA = ${logData}
SONG_DATA = ${songData}
# Only what the AWS credential chain and profile do not set:
# REGION = us-west-2
# ENDPOINT = http://127.0.0.1:9000
# ANONYMOUS = no
# REQUESTER_PAYS = no
# Where loads into Amazon Redshift may put files for the cluster to copy:
# STAGING = s3://bucket/prefix

[WAREHOUSE]
# duckdb:FILE needs nothing else; the file is made by the first load. Or postgres://loader@host/sparkify?sslmode=verify-full
# (password in PGPASSWORD), with the star in a schema of its own:
# SCHEMA = analytics
URL = duckdb:sparkify.duckdb
# Who may read the files that are made: 600 (you alone) or 640 (your group, too):
# FILE_MODE = 600

# Amazon Redshift, in place of URL (password in SPARKIFY_DB_PASSWORD; without one, IAM gives a login):
# [CLUSTER]
# HOST = my-cluster.abc123.eu-central-1.redshift.amazonaws.com
# DB_NAME = dev
# DB_USER = loader
# [IAM_ROLE]
# The role with which the cluster reads S3, or default:
# ARN = default
# [REDSHIFT]
# How to log in: password, iam, or secret (of AWS Secrets Manager, by name or ARN):
# AUTH = iam
# SECRET = sparkify/redshift
# For iam, where the host does not say it; or WORKGROUP:
# CLUSTER_IDENTIFIER = my-cluster

[LOAD]
# What a play and its song must share; "title, artist" finds more songs, some of them wrong.
# MATCH_ON = title, artist, duration
# If more records than this are refused, nothing is committed: a number (100) or a share (1%).
# MAX_REJECTS = 1%
# How long to wait for a running load.
# WAIT_SECONDS = 60
`;
}
