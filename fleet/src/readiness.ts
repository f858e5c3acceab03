/** What a service's `/readyz` says. `unreachable`: it did not answer at all. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not ready'; readonly reason: string }
  | { readonly state: 'unreachable'; readonly reason: string };

/** Asks one operator listener. Never throws. */
export async function askReadiness(url: string, timeoutMs: number): Promise<Readiness> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return { state: 'ready' };
    return { state: 'not ready', reason: describeReport(await response.text()) };
  } catch (error) {
    return { state: 'unreachable', reason: describeFailure(error) };
  }
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

/** fetch hides the reason in the cause. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
    ? 'nothing listens there'
    : 'no answer';
}
