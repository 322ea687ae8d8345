import { afterAll } from 'vitest';
import { removeFolders } from './folders.ts';

// A setup file: it runs for each test file, also where files share their modules, and its hook after all of theirs.
afterAll(removeFolders);
