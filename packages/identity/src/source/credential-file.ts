import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CertificateMaterial } from '@frameworks/kit/rpc/certificate';
import { writeFileAtomically } from '../enrollment/atomic-file.ts';
import { type Credential, toCredential } from './certificate-source.ts';

const isText = (value: unknown): value is string => typeof value === 'string';

function toMaterial(parsed: unknown): CertificateMaterial {
  if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object');
  const { certificateChainPem, privateKeyPem, trustBundlePem } = parsed as Partial<
    Record<keyof CertificateMaterial, unknown>
  >;
  if (isText(certificateChainPem) && isText(privateKeyPem) && isText(trustBundlePem)) {
    return { certificateChainPem, privateKeyPem, trustBundlePem };
  }
  throw new Error('a part is missing');
}

/** The credential kept in `file`; `undefined` when there is none or it is damaged, in which case a new one is simply obtained. */
export async function loadCredential(file: string): Promise<Credential | undefined> {
  try {
    return toCredential(toMaterial(JSON.parse(await readFile(file, 'utf8'))));
  } catch {
    return undefined;
  }
}

/** Chain, key and trust in one file, so that they change together; readable by its owner only. */
export async function saveCredential(file: string, material: CertificateMaterial): Promise<void> {
  const { certificateChainPem, privateKeyPem, trustBundlePem } = material;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFileAtomically(file, JSON.stringify({ certificateChainPem, privateKeyPem, trustBundlePem }));
}
