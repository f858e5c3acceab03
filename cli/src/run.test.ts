import { describe, expect, it } from 'vitest';
import { createFakeIo } from '../testing/fake-io.ts';
import { run } from './run.ts';

async function invoke(...args: string[]) {
  const io = createFakeIo();
  return { code: await run(args, io), out: io.lines.join('\n'), err: io.errors.join('\n') };
}

describe('frameworks', () => {
  it('tells its version', async () => {
    expect(await invoke('--version')).toEqual({
      code: 0,
      out: expect.stringMatching(/^frameworks \d+\.\d+\.\d+$/),
      err: '',
    });
  });

  it.each([[], ['--help'], ['-h']])('explains itself with %j', async (...args) => {
    const { code, out, err } = await invoke(...args);
    expect([code, err]).toEqual([0, '']);
    for (const word of ['Usage: frameworks', 'up', 'status']) expect(out).toContain(word);
  });

  it('explains a command and its options', async () => {
    const { code, out } = await invoke('up', '--help');
    expect(code).toBe(0);
    for (const option of ['--data-dir <dir>', '--processes', '--port-base <port>', '".frameworks"'])
      expect(out).toContain(option);
  });

  it.each([
    [['up', '--prot-base', '1'], "unknown option '--prot-base' (Did you mean --port-base?)"],
    [['up', '--clusters', '2'], "unknown option '--clusters'"],
    [['up', '--port-base', 'many'], 'It must be a port number'],
    [['up', '--port-base', '-1'], 'It must be a port number'],
    [['up', '--port-base'], "option '--port-base <port>' argument missing"],
    [['up', 'more'], 'too many arguments'],
    [['upp'], "unknown command 'upp' (Did you mean up?)"],
    [['--verbose'], "unknown option '--verbose'"],
  ])('answers %j with one sentence and exit code 2', async (args, sentence) => {
    const { code, out, err } = await invoke(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(sentence);
    expect(err).toMatch(/^frameworks: [^\n]+; see frameworks --help\.$/);
  });
});
