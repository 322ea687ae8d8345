import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { events } from '../../src/models/staging/events.ts';
import { recordFormat } from '../../src/reading/parse.ts';
import { type FileEnd, type ParsedRows, readFile } from '../../src/reading/read-file.ts';
import { surveyChunks } from '../../src/reading/survey.ts';
import { sparkify } from '../support/command.ts';
import { jsonLines, play, writeFiles } from '../support/records.ts';
import { sampleOneIn } from '../support/sample.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(2);

const format = () => recordFormat(events, Date.now());

/** Reads bytes as a file of this size; what it came to, and the largest batch that was handed on. */
async function read(content: Buffer, bytes = content.length): Promise<{ end: FileEnd; most: number }> {
  async function* chunks(): AsyncGenerator<Buffer> {
    yield content;
  }
  const batches: AsyncGenerator<ParsedRows, FileEnd> = readFile(chunks(), format(), { bytes });
  let most = 0;
  for (;;) {
    const next = await batches.next();
    if (next.done) return { end: next.value, most };
    most = Math.max(most, next.value.rows.length + next.value.rejects.length);
  }
}

/** Zstandard of one byte: a frame with this window descriptor, then blocks of 128 KiB of which four bytes tell. */
function zstdOf(window: number, blocks: number): Buffer {
  const block = (isLast: boolean): Buffer => {
    const word = (isLast ? 1 : 0) | (1 << 1) | (131_072 << 3);
    return Buffer.from([word & 255, (word >> 8) & 255, (word >> 16) & 255, 0x78]);
  };
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window]);
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, nth) => block(nth === blocks - 1))]);
}

describe('however much stands in a file', () => {
  test('records of one line, and of a record that is broken up, are handed on in portions', async () => {
    for (const text of [
      '{}'.repeat(100_000),
      'x\n'.repeat(100_000),
      `{"a":[\n${'{"k":1},\n'.repeat(10_000)}`,
    ]) {
      const { end, most } = await read(Buffer.from(text));
      expect('summary' in end && end.summary.rejected).toBeGreaterThanOrEqual(20_000);
      expect(most).toBeLessThanOrEqual(5_002);
    }
  });

  test('undeclared keys are kept up to what their column holds on every engine', async () => {
    const kept = { ...play(0), x: 'é'.repeat(32_760) };
    const { end } = await read(Buffer.from(jsonLines([kept, { ...play(1), x: 'é'.repeat(32_770) }])));
    expect(end).toMatchObject({ summary: { staged: 1, rejected: 1 } });
  });

  test('drift names some of the keys, and counts the others as one', async () => {
    const lines = Array.from({ length: 5_000 }, (_, nth) => ({ ...play(nth), [`key ${nth}`]: 1 }));
    const { end } = await read(Buffer.from(jsonLines(lines)));
    if (!('summary' in end)) throw new Error('The file was not read.');
    const { drift, staged } = end.summary;
    expect(staged).toBe(5_000);
    expect(drift).toHaveLength(1_001);
    expect(drift.at(-1)).toEqual({ change: 'new', key: '…', records: 4_000 });
  });

  test('an archive of which more comes than of an honest file is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(110_000_000, '{"a":1} '), { level: 9 });
    const refused = { rule: 'unreadable_file', reason: expect.stringContaining('more than 200 times') };
    expect((await read(bomb)).end).toMatchObject({ unreadable: refused });
    expect((await read(bomb, 110_000_000 / 200)).end).toMatchObject({ summary: { rejected: 1 } });
    expect((await read(zstdOf(0x68, 1_000))).end).toMatchObject({ unreadable: refused });
    expect((await read(gzipSync(Buffer.alloc(90_000_000, 'x')))).end).toMatchObject({
      summary: { rejected: 1 },
    });
  });

  test('a packed file is unpacked while it is surveyed, and known by its whole content even if it is damaged', async () => {
    const lines = gzipSync(
      jsonLines(Array.from({ length: 20_000 }, (_, nth) => play(nth, { userAgent: `${nth * nth}` }))),
    );
    const bomb = gzipSync(Buffer.alloc(110_000_000, '{"a":1} '), { level: 9 });
    const damaged = Buffer.concat([lines.subarray(0, 150_000), Buffer.alloc(150_000, 'x')]);
    const cut = lines.subarray(0, 100_000);
    for (const [content, damage] of [
      [lines, null],
      [bomb, expect.stringContaining('more than 200 times')],
      [damaged, expect.stringContaining('damaged gzip')],
      [cut, expect.stringContaining('damaged gzip')],
      [zstdOf(0xa0, 1), expect.stringContaining('needs a window')],
    ] as const) {
      async function* chunks(): AsyncGenerator<Buffer> {
        // One buffer for all, as files are read.
        const buffer = Buffer.alloc(10_000);
        for (let at = 0; at < content.length; at += buffer.length) {
          await new Promise(setImmediate);
          yield buffer.subarray(0, content.copy(buffer, 0, at));
        }
      }
      const sha256 = createHash('sha256').update(content).digest('hex');
      expect(await surveyChunks(chunks(), events, () => {}, { bytes: content.length })).toMatchObject({
        sha256,
        damage,
      });
    }
  });

  test('a zstd frame that needs a window of gigabytes is refused, and a skippable one is passed over', async () => {
    expect((await read(zstdOf(0xa0, 1))).end).toMatchObject({
      unreadable: { reason: expect.stringContaining('needs a window of 1073741824 bytes') },
    });
    const skippable = Buffer.alloc(8 + 3_000_000);
    skippable.writeUInt32LE(0x184d2a50, 0);
    skippable.writeUInt32LE(3_000_000, 4);
    expect((await read(Buffer.concat([zstdOf(0x58, 1), skippable]))).end).toMatchObject({
      summary: { rejected: 1 },
    });
  });
});

describe('the memory of a load', () => {
  /** The most that the process held, in MB, as it says itself when it ends. */
  const telling =
    "--import=data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))";
  const deep = '{"a":'.repeat(700_000);

  test.each([
    ['very many records on one line', '{}'.repeat(200_000), 200_000],
    ['deep nesting', `${deep}\n${'['.repeat(15_000_000)}`, 2],
    [
      'records of many megabytes',
      `{"x":[${'{},'.repeat(5_500_000)}0]}\n{"x":"${'x'.repeat(4_000_000)}"\n`,
      2,
    ],
    [
      'undeclared keys of many numbers',
      `${JSON.stringify({ ...play(1), x: 0 }).slice(0, -2)}[${'1.5,'.repeat(1_000_000)}0]}\n`.repeat(2),
      2,
    ],
  ])('does not grow with %s', async (_, text, rejected) => {
    const cwd = writeFiles(freshFolder(), { 'good/a.json': jsonLines([play(0)]) });
    writeFileSync(join(cwd, 'good/b.json'), text);
    const { code, stdout, stderr } = await sparkify(
      ['etl', '--log-data', 'good', '--max-rejects', '100%', '--json', '--quiet'],
      { cwd, env: { NODE_OPTIONS: telling } },
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).events).toMatchObject({ staged: 1, rejected });
    const [, peak] = /peak (\d+)/.exec(stderr) ?? [];
    expect(Number(peak) / 1000).toBeLessThan(500);
  });
});
