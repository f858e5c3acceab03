import { readFile } from 'node:fs/promises';
import type { Clock } from '@frameworks/std';
import type { NavigatorEvents } from '../events.ts';
import type { NavigatorDb } from '../tables.ts';
import { insertJoinToken } from './join-token-store.ts';
import { type ParsedSeeds, parseSeedFile } from './seed-file.ts';

export interface SeedingDeps {
  readonly db: NavigatorDb;
  readonly path: string;
  readonly trustDomain: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly events: NavigatorEvents;
  /** Entries that ended longer ago are left out: they would be removed again, milliseconds. */
  readonly retentionMs: number;
}

/** Who made a token that came by file, for lists. */
const createdBy = 'join-tokens-file';

/** Takes over the join tokens of a file, once per content. A token that is known already, in whatever state, stays as it is. */
export class JoinTokenSeeding {
  readonly #deps: SeedingDeps;
  #takenOver: string | undefined;

  constructor(deps: SeedingDeps) {
    this.#deps = deps;
  }

  /** Throws when the database does not answer; the content then counts as not yet taken over. */
  async run(): Promise<void> {
    const content = await this.#read();
    if (content.text === this.#takenOver) return;
    const { seeds, mistakes } = content.readable
      ? parseSeedFile(content.text, this.#deps.trustDomain)
      : unreadable(content.text);
    const { db, clock, newId, events, retentionMs } = this.#deps;
    const createdUnixMs = clock.now();
    let added = 0;
    for (const { spiffeId, secretSha256, expiresUnixMs } of seeds) {
      if (expiresUnixMs < createdUnixMs - retentionMs) continue;
      const token = { id: newId(), spiffeId, createdUnixMs, expiresUnixMs, createdBy };
      if (await insertJoinToken(db, token, secretSha256)) added++;
    }
    this.#takenOver = content.text;
    if (added > 0) events.joinTokensSeeded(added);
    if (mistakes.length > 0) events.joinTokenFileMistakes(mistakes);
  }

  /** A file that cannot be read is a mistake, reported once, and read as soon as it can be. */
  async #read(): Promise<{ readonly readable: boolean; readonly text: string }> {
    try {
      return { readable: true, text: await readFile(this.#deps.path, 'utf8') };
    } catch (error) {
      return { readable: false, text: error instanceof Error ? error.message : String(error) };
    }
  }
}

function unreadable(reason: string): ParsedSeeds {
  return { seeds: [], mistakes: [`the file cannot be read: ${reason}`] };
}
