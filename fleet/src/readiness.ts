import { Agent, get } from 'node:http';
import { errorCode } from './files.ts';

/** What a service's `/readyz` says. `unreachable`: it did not answer at all. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not ready'; readonly reason: string }
  | { readonly state: 'unreachable'; readonly reason: string };

/** Of our own, because the global one may go through a proxy (`NODE_USE_ENV_PROXY`), which knows nothing of our loopback. */
const agent = new Agent();

/** Asks one operator listener. Never throws. */
export async function askReadiness(url: string, timeoutMs: number): Promise<Readiness> {
  try {
    const { status, body } = await fetchDirectly(`${url}/readyz`, AbortSignal.timeout(timeoutMs));
    return status === 200 ? { state: 'ready' } : { state: 'not ready', reason: describeReport(body) };
  } catch (error) {
    return { state: 'unreachable', reason: describeFailure(error) };
  }
}

function fetchDirectly(url: string, signal: AbortSignal): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, signal }, async (response) => {
      try {
        let body = '';
        for await (const chunk of response) body += String(chunk);
        resolve({ status: response.statusCode, body });
      } catch (error) {
        reject(error);
      }
    });
    request.once('error', reject);
  });
}

/** The failing checks, from the report that comes with a 503. */
function describeReport(body: string): string {
  const checks = findChecks(body).filter((check) => check.ok === false);
  const texts = checks.map((check) =>
    [check.name, check.detail].filter((text) => typeof text === 'string' && text !== '').join(': '),
  );
  return texts.join('; ') || 'it does not say why';
}

function findChecks(body: string): Record<string, unknown>[] {
  try {
    const report: unknown = JSON.parse(body);
    if (typeof report !== 'object' || report === null || !('checks' in report) || !Array.isArray(report.checks))
      return [];
    return report.checks.filter((check) => typeof check === 'object' && check !== null);
  } catch {
    return [];
  }
}

function describeFailure(error: unknown): string {
  if (errorCode(error) === 'ABORT_ERR') return 'no answer in time';
  return errorCode(error) === 'ECONNREFUSED' ? 'nothing listens there' : 'no answer';
}
