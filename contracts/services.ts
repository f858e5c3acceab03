import type { DescService } from '@bufbuild/protobuf';
import { IngestClaims, Playback } from './gen/frameworks/commodore/v1/media_access_pb.ts';
import { Streams } from './gen/frameworks/commodore/v1/streams_pb.ts';
import { EventIngress } from './gen/frameworks/decklog/v1/event_ingress_pb.ts';
import { EdgeControl, EdgeProvisioning } from './gen/frameworks/foghorn/v1/edge_control_pb.ts';
import { FoghornFederation } from './gen/frameworks/foghorn/v1/federation_pb.ts';
import { Routing } from './gen/frameworks/foghorn/v1/routing_pb.ts';
import { CertificateAuthority } from './gen/frameworks/navigator/v1/certificate_authority_pb.ts';
import { BootstrapTokens } from './gen/frameworks/quartermaster/v1/bootstrap_tokens_pb.ts';
import { NodeRegistry } from './gen/frameworks/quartermaster/v1/nodes_pb.ts';
import { PeerDirectory } from './gen/frameworks/quartermaster/v1/peers_pb.ts';
import { ClusterRegistry, InstanceRegistry } from './gen/frameworks/quartermaster/v1/registry_pb.ts';

/**
 * Every gRPC service of ours, for whoever must cover all RPCs (authorization, documentation). Foreign protocols such as
 * `grpc.health.v1` are not among them. A test compares this list with the generated code.
 */
export const services: readonly DescService[] = [
  BootstrapTokens,
  CertificateAuthority,
  ClusterRegistry,
  EdgeControl,
  EdgeProvisioning,
  EventIngress,
  FoghornFederation,
  IngestClaims,
  InstanceRegistry,
  NodeRegistry,
  PeerDirectory,
  Playback,
  Routing,
  Streams,
];
