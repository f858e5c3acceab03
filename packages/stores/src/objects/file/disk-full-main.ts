/**
 * Run by `disk-full.test.ts` in a process that may write no file beyond some hundred kilobytes: shows what a put does when
 * the system refuses to write on, and says what came of it.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '@frameworks/kit/errors';
import { readText, text } from '../conformance/harness.ts';
import { openObjects } from '../open.ts';

const [dir = ''] = process.argv.slice(2);
const objects = await openObjects(`file:${dir}`);
await objects.put('a', text('old'));
const failure = await objects.put('a', Buffer.alloc(4 * 1024 * 1024)).catch((error: unknown) => error);
const { code, reason, retryable } = failure instanceof ServiceError ? failure : {};
const kept = await readText(objects, 'a');
const left = await readdir(join(dir, 'tmp'));
await objects.put('a', text('new'));
const after = await readText(objects, 'a');
process.stdout.write(JSON.stringify({ code, reason, retryable, kept, left, after }));
