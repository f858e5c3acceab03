import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(dirname(import.meta.dirname), 'docs', 'decisions');
const pages = readdirSync(folder)
  .filter((file) => /^\d{4}-.*\.md$/.test(file))
  .sort();
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

test('decisions are numbered without gaps and all in the index, under their headings', () => {
  expect(pages.length).toBeGreaterThan(0);
  expect(pages.map((file) => Number(file.slice(0, 4)))).toEqual(pages.map((_, index) => index + 1));
  const index = pages.map((file) => `- [${read(file).split('\n')[0]?.replace(/^# /, '')}](${file})`);
  expect(
    read('README.md')
      .split('\n')
      .filter((line) => line.startsWith('- [')),
  ).toEqual(index);
});

test.each(pages)('%s says what would change our mind', (file) => {
  for (const part of ['Context', 'Decision', 'What would change our mind'])
    expect(read(file)).toContain(`**${part}.**`);
});
