declare module 'pgpass/lib/helper.js' {
  const helper: {
    /** Looks a password up in a password file's text; undefined if it has none. */
    getPassword(
      connection: { host: string; port: number; database: string; user: string },
      file: NodeJS.ReadableStream,
      found: (password: string | undefined) => void,
    ): void;
  };
  export default helper;
}
