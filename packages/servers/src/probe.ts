import { connect } from 'node:net';

/**
 * Opens a connection to loopback, sends `hello` and gives what came back once `enough` says so, or what came until the
 * connection ended or `timeoutMs` passed. Never rejects: nobody listening is an answer too (empty).
 */
export function askLoopback(
  port: number,
  hello: Uint8Array,
  { enough, timeoutMs }: { enough: (answer: string) => boolean; timeoutMs: number },
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(hello));
    const finish = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, finish);
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (enough(answer)) finish();
    });
  });
}
