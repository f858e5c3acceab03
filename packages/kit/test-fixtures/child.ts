import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The pinned Node runs the tests; it runs the fixture, too. */
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The JSON log line with this `event`, as soon as it is there. Rejects if the process ends without it. */
  event(name: string): Promise<Record<string, unknown>>;
  /** Exit code, or the signal that killed it. */
  readonly ended: Promise<number | string>;
}

/** Starts the fixture service as a real process with nothing but `env` in its environment. */
export function spawnSample(args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const child = spawn(process.execPath, [main, ...args], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  // Whatever a test forgets: nothing outlives it.
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  let [stdout, stderr] = ['', ''];
  let look = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  const find = (name: string): Record<string, unknown> | undefined =>
    stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .find(({ event }) => event === name);
  const event = (name: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      look = () => {
        const line = find(name);
        if (line !== undefined) resolve(line);
      };
      look();
      ended.then((code) => reject(new Error(`ended with ${code} before ${name}\n${stdout}${stderr}`)));
    });
  return { process: child, stdout: () => stdout, stderr: () => stderr, event, ended };
}
