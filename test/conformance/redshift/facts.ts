import { copyFacts } from './copy-facts.ts';
import type { Fact } from './fact.ts';
import { loadFacts } from './load-facts.ts';
import { recordFacts } from './record-facts.ts';
import { sessionFacts } from './session-facts.ts';
import { sqlFacts } from './sql-facts.ts';
import { superFacts } from './super-facts.ts';
import { tableFacts } from './table-facts.ts';
import { transactionFacts } from './transaction-facts.ts';
import { valueFacts } from './value-facts.ts';

/** What a run asks, in this order. */
export const facts: readonly Fact[] = [
  ...sessionFacts,
  ...transactionFacts,
  ...copyFacts,
  ...recordFacts,
  ...superFacts,
  ...valueFacts,
  ...sqlFacts,
  ...tableFacts,
  ...loadFacts,
];
