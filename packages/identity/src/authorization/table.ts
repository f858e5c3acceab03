import { anonymous, anyService, foghorn, member, node, operator, owner, type Rule, service, services } from './rule.ts';

const everyone = [anonymous];
/** Everybody with a certificate. */
const everyPeer = [anyService, foghorn('any'), node('any')];
const tenantUsers = [owner('filtered'), member('filtered')];
const streamUsers = [operator, ...tenantUsers];

/** Who may call what: one row per RPC. What has no row, or no grant for the caller, is denied. */
const byService: Record<string, Record<string, Rule>> = {
  'grpc.health.v1.Health': {
    Check: everyone,
    Watch: everyPeer,
  },
  'frameworks.navigator.v1.CertificateAuthority': {
    IssueCertificate: everyone, // By join token without a certificate, else by the current leaf.
    IssueNodeCertificate: [foghorn('ownCluster')],
    GetTrustBundle: everyone,
    WatchTrustBundle: everyPeer,
    CreateJoinToken: [operator, service('control/provisioner')],
    RevokeJoinToken: [operator],
    ListJoinTokens: [operator],
    ListCertificates: [operator],
  },
  'frameworks.quartermaster.v1.ClusterRegistry': {
    ListClusters: [anyService, foghorn('filtered'), operator, ...tenantUsers],
    GetCluster: [anyService, foghorn('filtered'), operator, ...tenantUsers],
  },
  'frameworks.quartermaster.v1.InstanceRegistry': {
    RegisterInstance: [services('ownInstance'), foghorn('ownInstance')],
    RenewInstance: [services('ownInstance'), foghorn('ownInstance')],
    DeregisterInstance: [services('ownInstance'), foghorn('ownInstance')],
    ListInstances: [anyService, operator],
  },
  'frameworks.quartermaster.v1.BootstrapTokens': {
    CreateBootstrapToken: [operator, owner('ownTenant')],
    ValidateBootstrapToken: [service('access/bridge'), foghorn('any')],
    ConsumeBootstrapToken: [foghorn('ownCluster')],
    RevokeBootstrapToken: [operator, owner('ownTenant')],
    ListBootstrapTokens: [operator, ...tenantUsers],
  },
  'frameworks.quartermaster.v1.NodeRegistry': {
    ListNodes: [anyService, foghorn('filtered'), operator, ...tenantUsers],
    GetNode: [anyService, foghorn('filtered'), operator, ...tenantUsers],
    ReserveNode: [foghorn('ownCluster')],
    ReportNodeTransitions: [foghorn('filtered')],
    SetNodeMode: [foghorn('ownCluster'), operator, owner('ownTenant')],
    RetireNode: [operator, owner('ownTenant')],
  },
  'frameworks.quartermaster.v1.PeerDirectory': {
    ListPeers: [foghorn('ownCluster')],
    ListSharedTenants: [foghorn('ownCluster')],
    ListServedClusters: [foghorn('filtered')],
  },
  'frameworks.commodore.v1.Streams': {
    CreateStream: streamUsers,
    GetStream: streamUsers,
    ListStreams: streamUsers,
    UpdateStream: streamUsers,
    DeleteStream: streamUsers,
    CreateStreamKey: streamUsers,
    ListStreamKeys: streamUsers,
    DeactivateStreamKey: streamUsers,
  },
  'frameworks.commodore.v1.IngestClaims': {
    ClaimIngest: [foghorn('ownCluster')],
    RenewIngestClaims: [foghorn('filtered')],
    ReleaseIngest: [foghorn('ownCluster')],
    ResolveStreamKey: [foghorn('any')],
  },
  'frameworks.commodore.v1.Playback': {
    ResolvePlayback: [service('access/bridge'), foghorn('any')],
  },
  'frameworks.decklog.v1.EventIngress': {
    Publish: [services('filtered'), foghorn('filtered')],
  },
  'frameworks.foghorn.v1.EdgeControl': {
    EnrollNode: everyone, // By enrollment token without a certificate, else by the node's current leaf.
    Connect: [node('ownNode')],
  },
  'frameworks.foghorn.v1.EdgeProvisioning': {
    PreRegisterEdge: [service('access/bridge')],
  },
  'frameworks.foghorn.v1.FoghornFederation': {
    PeerChannel: [foghorn('ownCluster')],
    QueryStream: [foghorn('ownCluster')],
    NotifyOriginPull: [foghorn('ownCluster')],
    ForwardArtifactCommand: [foghorn('ownCluster')],
    TerminateTenantStreams: [service('control/commodore')],
    InvalidateTenantCache: [service('control/commodore')],
  },
  'frameworks.foghorn.v1.Routing': {
    ResolveViewer: [service('access/bridge'), operator],
    ResolveIngest: [service('access/bridge'), operator],
  },
};

/** Full method name (`<package>.<Service>/<Method>`) → rule. */
export const authorizationTable: ReadonlyMap<string, Rule> = new Map(
  Object.entries(byService).flatMap(([name, rows]) =>
    Object.entries(rows).map(([method, rule]): [string, Rule] => [`${name}/${method}`, rule]),
  ),
);
