import type { Actor, PeerIdentity } from '@frameworks/kit/rpc';
import { expect, it } from 'vitest';
import type { ClusterSight } from '../clusters/cluster-store.ts';
import { toClusterSight } from './sight.ts';

const common = { uri: 'spiffe://example.test/x', domain: 'example.test', instance: 'a' };
const bridge: PeerIdentity = { ...common, kind: 'service', plane: 'access', service: 'bridge' };
const foghorn: PeerIdentity = { ...common, kind: 'foghorn' };
const user = (role: Actor['role']): Actor => ({ userId: 'u', tenantId: 't', role });

it.each<[string, PeerIdentity | undefined, Actor | undefined, ClusterSight]>([
  ['a service', bridge, undefined, 'all'],
  ['an operator through bridge', bridge, user('operator'), 'all'],
  ['an owner through bridge', bridge, user('owner'), { tenantId: 't' }],
  ['a member through bridge', bridge, user('member'), { tenantId: 't' }],
  ['a foghorn', foghorn, undefined, { tenantId: undefined }],
  ['nobody', undefined, undefined, { tenantId: undefined }],
])('%s', (_who, peer, actor, sight) => expect(toClusterSight({ peer, actor })).toEqual(sight));
