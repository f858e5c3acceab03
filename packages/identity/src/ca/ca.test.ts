import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatSpiffeId } from '../spiffe.ts';
import { createIntermediate, createRoot, randomSerialNumber } from './authority.ts';
import { addRoot, bundlePem, createBundle, pruneBundle, retireRoot } from './bundle.ts';
import { createCsr, verifyCsr } from './csr.ts';
import { issueLeaf } from './issue.ts';
import { exportPrivateKeyPem, importKeyPair, signingAlgorithm } from './keys.ts';
import { splitPem } from './pem.ts';
import { seal, unseal } from './seal.ts';
import { verifyPeer } from './verify.ts';
import {
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from './x509.ts';

const domain = 'example.org';
const nowMs = Date.UTC(2030, 0, 1);
const hourMs = 3_600_000;
const service = formatSpiffeId({ kind: 'service', domain, plane: 'control', service: 'commodore', instance: 'a' });
const node = formatSpiffeId({ kind: 'node', domain, clusterId: 'eu', nodeId: 'edge-1' });

async function hierarchy() {
  const root = await createRoot({ domain, nowMs });
  const intermediate = await createIntermediate(root, { domain, nowMs });
  return { root, intermediate };
}

describe('issuing', () => {
  it('makes a leaf for exactly the given id, signed through the intermediate, with the expected limits', async () => {
    const { root, intermediate } = await hierarchy();
    const { csrPem } = await createCsr();
    const issued = await issueLeaf(intermediate, {
      csrPem,
      spiffeId: service,
      nowMs,
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
    });
    const leaf = new X509Certificate(issued.certificateChainPem);
    expect(leaf.subjectAltName).toBe(`URI:${service}, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1`);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(leaf.validFromDate.getTime()).toBe(nowMs - 2 * hourMs);
    expect(leaf.validToDate.getTime()).toBe(nowMs + 72 * hourMs);
    expect(leaf.serialNumber.toLowerCase()).toBe(issued.serialNumber);
    const peer = verifyPeer({ chainPem: issued.certificateChainPem, trustBundlePem: root.certificatePem, nowMs });
    expect(peer.identity).toMatchObject({ kind: 'service', service: 'commodore', uri: service });
  });

  it('gives nodes 30 days and never outlives the intermediate', async () => {
    const root = await createRoot({ domain, nowMs });
    const intermediate = await createIntermediate(root, { domain, nowMs, lifetimeMs: 10 * 24 * hourMs });
    const { csrPem } = await createCsr();
    const issued = await issueLeaf(intermediate, { csrPem, spiffeId: node, nowMs });
    expect(issued.notAfterMs).toBe(nowMs + 10 * 24 * hourMs);
    const free = await issueLeaf((await hierarchy()).intermediate, { csrPem, spiffeId: node, nowMs });
    expect(free.notAfterMs).toBe(nowMs + 30 * 24 * hourMs);
  });

  it('signs nothing with an authority that has ended', async () => {
    const { intermediate } = await hierarchy();
    const late = nowMs + 366 * 24 * hourMs;
    const request = { csrPem: (await createCsr()).csrPem, spiffeId: service, nowMs: late };
    await expect(issueLeaf(intermediate, request)).rejects.toMatchObject({ reason: 'AUTHORITY_EXPIRED' });
  });

  it('ignores what a request claims about itself', async () => {
    const { intermediate } = await hierarchy();
    const { keys } = await createCsr();
    const csr = await Pkcs10CertificateRequestGenerator.create({
      keys,
      signingAlgorithm,
      name: 'CN=bridge',
      extensions: [
        new SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://example.org/access/bridge/a' }]),
      ],
    });
    const issued = await issueLeaf(intermediate, { csrPem: csr.toString('pem'), spiffeId: service, nowMs });
    const leaf = new X509Certificate(issued.certificateChainPem);
    expect(leaf.subjectAltName).toBe(`URI:${service}`);
    expect(leaf.subject ?? '').not.toContain('bridge');
  });

  it('refuses a request without proof of possession, of another kind of key, or that is no request', async () => {
    const mine = new Pkcs10CertificateRequest((await createCsr()).csrPem);
    const other = new Pkcs10CertificateRequest((await createCsr()).csrPem);
    const bytes = new Uint8Array(mine.rawData);
    const tail = new Uint8Array(other.rawData).slice(-40);
    bytes.set(tail, bytes.length - tail.length);
    const forged = pem(bytes);
    await expect(verifyCsr(forged)).rejects.toMatchObject({ reason: 'CSR_INVALID' });
    await expect(verifyCsr('nonsense')).rejects.toMatchObject({ reason: 'CSR_INVALID' });
    await expect(verifyCsr('x'.repeat(10_000))).rejects.toMatchObject({ reason: 'CSR_INVALID' });
    const rsa = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
      true,
      ['sign', 'verify'],
    );
    const rsaCsr = await Pkcs10CertificateRequestGenerator.create({
      keys: rsa,
      signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5' },
    });
    await expect(verifyCsr(rsaCsr.toString('pem'))).rejects.toMatchObject({ reason: 'CSR_INVALID' });
  });

  it('draws positive serial numbers of 128 bits that do not repeat', () => {
    const serials = new Set(Array.from({ length: 500 }, randomSerialNumber));
    expect(serials.size).toBe(500);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });
});

function pem(bytes: Uint8Array): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

describe('verifying a peer', () => {
  it('refuses another root, a missing intermediate, a CA as leaf and a time outside the validity', async () => {
    const { root, intermediate } = await hierarchy();
    const stranger = await createRoot({ domain, nowMs });
    const { csrPem } = await createCsr();
    const { certificateChainPem: chainPem } = await issueLeaf(intermediate, { csrPem, spiffeId: service, nowMs });
    const [leafPem = ''] = splitPem(chainPem);
    const base = { chainPem, trustBundlePem: root.certificatePem, nowMs };
    const untrusted = expect.objectContaining({ reason: 'PEER_UNTRUSTED' });
    expect(() => verifyPeer({ ...base, trustBundlePem: stranger.certificatePem })).toThrow(untrusted);
    expect(() => verifyPeer({ ...base, chainPem: leafPem })).toThrow(untrusted);
    expect(() => verifyPeer({ ...base, chainPem: intermediate.certificatePem })).toThrow(untrusted);
    expect(() => verifyPeer({ ...base, chainPem: '' })).toThrow(untrusted);
    const expired = expect.objectContaining({ reason: 'CERTIFICATE_EXPIRED' });
    expect(() => verifyPeer({ ...base, nowMs: nowMs + 73 * hourMs })).toThrow(expired);
    expect(() => verifyPeer({ ...base, nowMs: nowMs + 73 * hourMs, expiredGraceMs: 2 * hourMs })).not.toThrow();
    expect(() => verifyPeer({ ...base, nowMs: nowMs - 3 * hourMs })).toThrow();
  });

  it('refuses an intermediate below an intermediate, and takes a root that was sent along for nothing', async () => {
    const { root, intermediate } = await hierarchy();
    const below = await createIntermediate(intermediate, { domain, nowMs });
    const { csrPem } = await createCsr();
    const long = await issueLeaf(below, { csrPem, spiffeId: service, nowMs });
    const base = { trustBundlePem: root.certificatePem, nowMs };
    const untrusted = expect.objectContaining({ reason: 'PEER_UNTRUSTED' });
    expect(() => verifyPeer({ ...base, chainPem: long.certificateChainPem + intermediate.certificatePem })).toThrow(
      untrusted,
    );
    const { certificateChainPem } = await issueLeaf(intermediate, { csrPem, spiffeId: service, nowMs });
    verifyPeer({ ...base, chainPem: certificateChainPem + root.certificatePem });
  });

  it('refuses an identity that the root itself signed for another domain', async () => {
    const { root } = await hierarchy();
    const foreign = formatSpiffeId({ kind: 'foghorn', domain: 'other.example', instance: 'a' });
    const { csrPem } = await createCsr();
    const issued = await issueLeaf(root, { csrPem, spiffeId: foreign, nowMs });
    const [leafPem = ''] = splitPem(issued.certificateChainPem);
    for (const chainPem of [leafPem, issued.certificateChainPem]) {
      const attempt = () => verifyPeer({ chainPem, trustBundlePem: root.certificatePem, nowMs });
      expect(attempt).toThrow(expect.objectContaining({ reason: 'PEER_UNTRUSTED' }));
    }
  });

  it('refuses an identity of a domain the intermediate may not name', async () => {
    const { root, intermediate } = await hierarchy();
    const { csrPem } = await createCsr();
    const foreign = formatSpiffeId({ kind: 'foghorn', domain: 'other.example', instance: 'a' });
    const issued = await issueLeaf(intermediate, { csrPem, spiffeId: foreign, nowMs });
    const attempt = () =>
      verifyPeer({ chainPem: issued.certificateChainPem, trustBundlePem: root.certificatePem, nowMs });
    expect(attempt).toThrow(expect.objectContaining({ reason: 'PEER_UNTRUSTED' }));
  });
});

describe('trust bundle', () => {
  it('trusts old and new roots during a rotation and only the new one after', async () => {
    const old = await hierarchy();
    const next = await hierarchy();
    const { csrPem } = await createCsr();
    const oldLeaf = await issueLeaf(old.intermediate, { csrPem, spiffeId: service, nowMs });
    const newLeaf = await issueLeaf(next.intermediate, { csrPem, spiffeId: service, nowMs });
    const first = createBundle(old.root.certificatePem);
    const both = addRoot(first, next.root.certificatePem);
    expect([first.generation, both.generation, addRoot(both, next.root.certificatePem).generation]).toEqual([1, 2, 2]);
    for (const leaf of [oldLeaf, newLeaf]) {
      verifyPeer({ chainPem: leaf.certificateChainPem, trustBundlePem: bundlePem(both), nowMs });
    }
    const retiring = retireRoot(both, first.roots[0]?.fingerprint256 ?? '', oldLeaf.notAfterMs);
    expect(pruneBundle(retiring, oldLeaf.notAfterMs - 1)).toBe(retiring);
    const after = pruneBundle(retiring, oldLeaf.notAfterMs);
    expect(after).toMatchObject({ generation: 4, roots: [{ certificatePem: next.root.certificatePem }] });
    expect(() =>
      verifyPeer({ chainPem: oldLeaf.certificateChainPem, trustBundlePem: bundlePem(after), nowMs }),
    ).toThrow();
  });

  it('refuses to retire the last root, an unknown one, and to trust a leaf', async () => {
    const { root, intermediate } = await hierarchy();
    const bundle = createBundle(root.certificatePem);
    expect(() => retireRoot(bundle, bundle.roots[0]?.fingerprint256 ?? '', nowMs)).toThrow(
      expect.objectContaining({ reason: 'LAST_ROOT' }),
    );
    expect(() => retireRoot(bundle, 'AA', nowMs)).toThrow(expect.objectContaining({ reason: 'ROOT_UNKNOWN' }));
    const leaf = await issueLeaf(intermediate, { csrPem: (await createCsr()).csrPem, spiffeId: service, nowMs });
    expect(() => addRoot(bundle, leaf.certificateChainPem)).toThrow(
      expect.objectContaining({ reason: 'CERTIFICATE_INVALID' }),
    );
  });
});

describe('keys at rest', () => {
  it('round-trips a key through PKCS#8 and through the seal', async () => {
    const { keys } = await createCsr();
    const keyPem = await exportPrivateKeyPem(keys.privateKey);
    const sealed = await seal(keyPem, 'a secret of the config', 'root key');
    expect(sealed).not.toContain('PRIVATE');
    const opened = await unseal(sealed, 'a secret of the config', 'root key');
    expect(opened).toBe(keyPem);
    expect(await exportPrivateKeyPem((await importKeyPair(opened)).privateKey)).toBe(keyPem);
    await expect(importKeyPair('nonsense')).rejects.toMatchObject({ reason: 'PRIVATE_KEY_INVALID' });
  });

  it('does not open with another secret, for another purpose, or after a change', async () => {
    const sealed = await seal('key', 'a secret of the config', 'root key');
    const broken = { reason: 'SEAL_BROKEN' };
    await expect(unseal(sealed, 'another secret of it', 'root key')).rejects.toMatchObject(broken);
    await expect(unseal(sealed, 'a secret of the config', 'leaf key')).rejects.toMatchObject(broken);
    const at = sealed.length - 3;
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    await expect(unseal(changed, 'a secret of the config', 'root key')).rejects.toMatchObject(broken);
    await expect(unseal('seal1.x', 'a secret of the config', 'root key')).rejects.toMatchObject(broken);
    await expect(seal('key', 'short', 'root key')).rejects.toMatchObject({ reason: 'SECRET_TOO_SHORT' });
  });
});
