/** One way to call Echo over mTLS. Both run in this process, server and client, with the same certificates and messages. */
export interface Contestant {
  readonly name: string;
  /** One unary call. */
  say(text: string): Promise<void>;
  /** One bidirectional stream: sends `text` as fast as it may until `running()` is false; resolves with the number of answers. */
  chat(text: string, running: () => boolean): Promise<number>;
  close(): Promise<void>;
}

/** What both sides prove themselves with. */
export interface Material {
  certificateChainPem: string;
  privateKeyPem: string;
  trustBundlePem: string;
}

/** Every call has a deadline, milliseconds: nobody calls without one. */
export const deadlineMs = 5_000;
