import { join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, test } from 'vitest';
import { services } from './services.ts';
import { contractsDirectory, listGeneratedFiles, run } from './test/contracts.ts';

/** Imports each argument and prints how many names it exports; run by a plain Node, which only strips types. */
const importAll = `
  for (const path of process.argv.slice(1)) {
    const names = Object.keys(await import(path));
    console.log(path, names.length);
  }`;

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service';
}

async function importServices(paths: readonly string[]): Promise<DescService[]> {
  const modules = await Promise.all(paths.map((path) => import(join(contractsDirectory, path))));
  return modules.flatMap((module: object) => Object.values(module).filter(isService));
}

describe('generated code', () => {
  let files: string[] = [];
  let generated: DescService[] = [];

  beforeAll(async () => {
    files = await listGeneratedFiles();
    generated = await importServices(files);
  });

  test('loads in Node by type stripping alone', async () => {
    const paths = files.map((file) => `./${file}`);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', importAll, ...paths], {
      cwd: contractsDirectory,
    });
    const loaded = stdout.trim().split('\n');
    expect(loaded.map((line) => line.split(' ')[0])).toEqual(paths);
    expect(loaded.filter((line) => line.endsWith(' 0'))).toEqual([]);
    expect(loaded.length).toBeGreaterThan(0);
  });

  test('every service of ours is in the index, each once', () => {
    const ours = generated.map((service) => service.typeName).filter((name) => name.startsWith('frameworks.'));
    expect(services.map((service) => service.typeName).toSorted()).toEqual(ours.toSorted());
    expect(new Set(services).size).toBe(services.length);
  });

  test('the index lists services with RPCs', () => {
    const rpcs = services.flatMap((service) => service.methods.map((method) => `${service.typeName}/${method.name}`));
    process.stdout.write(
      `${services.length} services, ${rpcs.length} RPCs:\n${rpcs.map((rpc) => `  ${rpc}\n`).join('')}`,
    );
    expect(services.filter((service) => service.methods.length === 0)).toEqual([]);
    expect(rpcs.length).toBeGreaterThan(0);
  });
});
