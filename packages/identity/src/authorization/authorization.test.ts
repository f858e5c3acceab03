import { services } from '@frameworks/contracts/services';
import { methodName } from '@frameworks/kit/rpc';
import type { Resource } from '@frameworks/kit/rpc/guard';
import { HealthService } from '@frameworks/kit/rpc/health-service';
import type { ActorRole, Caller } from '@frameworks/kit/rpc/peer';
import { describe, expect, it } from 'vitest';
import { parseSpiffeId } from '../spiffe.ts';
import { testServiceId, testSpiffeId } from '../testing.ts';
import { authorize } from './authorize.ts';
import { type Rule, service } from './rule.ts';
import { authorizationTable } from './table.ts';

const everyMethod = [...services, HealthService].flatMap(({ methods }) => methods.map(methodName));

const peer = (uri: string): Caller => ({ peer: parseSpiffeId(uri), actor: undefined });
const user = (role: ActorRole): Caller => ({
  peer: parseSpiffeId(testServiceId('bridge', 'access')),
  actor: { userId: 'u', tenantId: 't1', role },
});
const callers: Record<string, Caller> = {
  anonymous: { peer: undefined, actor: undefined },
  bridge: peer(testServiceId('bridge', 'access')),
  commodore: peer(testServiceId('commodore')),
  provisioner: peer(testServiceId('provisioner')),
  'other service': peer(testServiceId('signalman', 'data')),
  foghorn: peer(testSpiffeId({ kind: 'foghorn', instance: 'f1' })),
  node: peer(testSpiffeId({ kind: 'node', clusterId: 'eu', nodeId: 'n1' })),
  operator: user('operator'),
  owner: user('owner'),
  member: user('member'),
};

describe('the authorization table', () => {
  it('has a row for every RPC of the contracts, and none for an RPC that is gone', () => {
    expect(everyMethod.length).toBeGreaterThan(40);
    expect([...authorizationTable.keys()].sort()).toEqual([...everyMethod].sort());
  });

  it('has no row that nobody may use', () => {
    expect([...authorizationTable].filter(([, rule]) => rule.length === 0)).toEqual([]);
  });

  it('gives every kind of caller exactly this', () => {
    const cell = (method: string, caller: Caller) => {
      const decision = authorize(method, caller);
      if (!decision.allow) return '-';
      return decision.boundToResource ? 'own' : 'yes';
    };
    const width = Math.max(...everyMethod.map(({ length }) => length));
    const line = (head: string, cells: string[]) => [head.padEnd(width), ...cells].join(' | ');
    const names = Object.keys(callers);
    const rows = [...everyMethod].sort().map((method) =>
      line(
        method,
        Object.entries(callers).map(([name, caller]) => cell(method, caller).padEnd(name.length)),
      ),
    );
    expect(`\n${[line('', names), ...rows].join('\n')}\n`).toMatchSnapshot();
  });
});

describe('authorize', () => {
  const claim = 'frameworks.commodore.v1.IngestClaims/ClaimIngest';

  it('denies a method without a row to everybody', () => {
    for (const caller of Object.values(callers)) {
      for (const method of ['frameworks.planted.v1.Planted/DoIt', '', 'toString', '__proto__', `${claim} `]) {
        expect(authorize(method, caller)).toEqual({ allow: false, reason: 'METHOD_UNKNOWN' });
      }
    }
  });

  it('takes a call with a user as that user’s alone, whatever the service in between may do', () => {
    const table = new Map<string, Rule>([['x.Y/Z', [service('access/bridge')]]]);
    const { bridge, member } = callers;
    if (!bridge || !member) throw new Error('callers are named above');
    expect(authorize('x.Y/Z', bridge, { table })).toMatchObject({ allow: true });
    expect(authorize('x.Y/Z', member, { table })).toEqual({ allow: false, reason: 'CALLER_NOT_ALLOWED' });
  });

  it('knows a service by its plane and name, and no service as a Foghorn', () => {
    const impostor = peer(testServiceId('bridge', 'media'));
    expect(authorize('frameworks.foghorn.v1.EdgeProvisioning/PreRegisterEdge', impostor)).toMatchObject({
      allow: false,
    });
    const resource = { instance: 'foghorn/f1' };
    const namesake = peer(testServiceId('foghorn', 'media', 'f1'));
    expect(authorize('frameworks.quartermaster.v1.InstanceRegistry/RegisterInstance', namesake, { resource })).toEqual({
      allow: false,
      reason: 'IDENTITY_MISMATCH',
    });
  });

  it('takes no tenant for the same as no tenant', () => {
    const homeless: Caller = { peer: callers.bridge?.peer, actor: { userId: 'u', tenantId: '', role: 'owner' } };
    const method = 'frameworks.quartermaster.v1.NodeRegistry/RetireNode';
    expect(authorize(method, homeless, { resource: { tenantId: '' } })).toMatchObject({ reason: 'TENANT_MISMATCH' });
  });

  it.each(['foghorn', 'node', 'anonymous'])('accepts no user from a %s', (name) => {
    const caller: Caller = { peer: callers[name]?.peer, actor: { userId: 'u', tenantId: 't1', role: 'operator' } };
    expect(authorize('frameworks.commodore.v1.Streams/GetStream', caller)).toEqual({
      allow: false,
      reason: 'ACTOR_NOT_ACCEPTED',
    });
  });

  it('says to a caller without a certificate that it needs one', () => {
    expect(authorize(claim, { peer: undefined, actor: undefined })).toEqual({
      allow: false,
      reason: 'CERTIFICATE_REQUIRED',
    });
  });

  const servedClusters = new Set(['eu']);
  const cases: [string, string, Resource, true | string][] = [
    [claim, 'foghorn', { clusterId: 'eu', servedClusters }, true],
    [claim, 'foghorn', { clusterId: 'us', servedClusters }, 'CLUSTER_NOT_SERVED'],
    [claim, 'foghorn', { clusterId: 'eu' }, 'CLUSTER_NOT_SERVED'],
    [claim, 'foghorn', { servedClusters }, 'CLUSTER_NOT_SERVED'],
    [claim, 'foghorn', {}, 'CLUSTER_NOT_SERVED'],
    ['frameworks.foghorn.v1.EdgeControl/Connect', 'node', { clusterId: 'eu', nodeId: 'n1' }, true],
    ['frameworks.foghorn.v1.EdgeControl/Connect', 'node', { clusterId: 'eu', nodeId: 'n2' }, 'NODE_MISMATCH'],
    ['frameworks.foghorn.v1.EdgeControl/Connect', 'node', { clusterId: 'us', nodeId: 'n1' }, 'NODE_MISMATCH'],
    ['frameworks.quartermaster.v1.NodeRegistry/RetireNode', 'owner', { tenantId: 't1' }, true],
    ['frameworks.quartermaster.v1.NodeRegistry/RetireNode', 'owner', { tenantId: 't2' }, 'TENANT_MISMATCH'],
    ['frameworks.quartermaster.v1.NodeRegistry/RetireNode', 'owner', {}, 'TENANT_MISMATCH'],
    ['frameworks.quartermaster.v1.NodeRegistry/RetireNode', 'operator', { tenantId: 't2' }, true],
    ['frameworks.quartermaster.v1.InstanceRegistry/RegisterInstance', 'commodore', { instance: 'commodore/a' }, true],
    [
      'frameworks.quartermaster.v1.InstanceRegistry/RegisterInstance',
      'commodore',
      { instance: 'bridge/a' },
      'IDENTITY_MISMATCH',
    ],
    ['frameworks.quartermaster.v1.InstanceRegistry/RegisterInstance', 'foghorn', { instance: 'foghorn/f1' }, true],
    [
      'frameworks.quartermaster.v1.InstanceRegistry/RegisterInstance',
      'foghorn',
      { instance: 'foghorn/f2' },
      'IDENTITY_MISMATCH',
    ],
  ];
  it.each(cases)('%s by %s on %j: %s', (method, name, resource, expected) => {
    const caller = callers[name];
    if (!caller) throw new Error(`no caller ${name}`);
    const decision = authorize(method, caller, { resource });
    expect(decision.allow ? true : decision.reason).toBe(expected);
  });
});
