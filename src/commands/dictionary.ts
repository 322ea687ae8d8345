import type { Command } from './shared/command.ts';

export const command: Command = {
  define() {},
  async run() {
    const { allTables } = await import('../models/book.ts');
    const { dataDictionary } = await import('../schema/dictionary.ts');
    return { json: allTables, text: dataDictionary(allTables) };
  },
};
