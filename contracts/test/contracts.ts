import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

export const contractsDirectory = dirname(import.meta.dirname);

/** `buf` of this checkout, whatever the PATH is. */
const bufScript = join(dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')), 'bin/buf');

export const run = promisify(execFile);

/** Generated files, relative to contracts/, sorted. */
export async function listGeneratedFiles(): Promise<string[]> {
  const found = await readdir(join(contractsDirectory, 'gen'), { recursive: true });
  return found
    .filter((path) => path.endsWith('_pb.ts'))
    .map((path) => join('gen', path))
    .sort();
}

/** Our proto files as descriptors with their comments, which generated code does not carry. */
export async function describeProtoFiles(): Promise<FileDescriptorProto[]> {
  const { stdout } = await run(process.execPath, [bufScript, 'build', '--output', '-#format=binpb'], {
    cwd: contractsDirectory,
    encoding: 'buffer',
    maxBuffer: 64 << 20,
  });
  return fromBinary(FileDescriptorSetSchema, stdout).file.filter((file) => file.package.startsWith('frameworks.'));
}

/** The comment above the element at a descriptor path, or an empty string. */
export function commentAt(file: FileDescriptorProto, path: readonly number[]): string {
  const wanted = path.join('.');
  const location = file.sourceCodeInfo?.location.find((candidate) => candidate.path.join('.') === wanted);
  return location?.leadingComments ?? '';
}
