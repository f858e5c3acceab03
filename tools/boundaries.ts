// `npm run boundaries`: who may import whom, and why (docs/ARCHITECTURE.md). The rules are in boundaries/rules.ts.
import { dirname } from 'node:path';
import { checkBoundaries, formatViolation } from './boundaries/check.ts';

const { modules, imports, violations } = checkBoundaries(dirname(import.meta.dirname));
for (const violation of violations) console.error(formatViolation(violation));
console.log(`${modules.length} modules, ${imports} imports, ${violations.length} boundary violations`);
// Nothing looked at is not the same as nothing wrong.
process.exitCode = violations.length > 0 || modules.length === 0 || imports === 0 ? 1 : 0;
