import type { DescService } from '@bufbuild/protobuf';
import { CertificateAuthority } from './gen/frameworks/navigator/v1/certificate_authority_pb.ts';
import { ClusterRegistry, InstanceRegistry } from './gen/frameworks/quartermaster/v1/registry_pb.ts';

/**
 * Every gRPC service of ours, for whoever must cover all RPCs (authorization, documentation). Foreign protocols such as
 * `grpc.health.v1` are not among them. A test compares this list with the generated code.
 */
export const services: readonly DescService[] = [CertificateAuthority, ClusterRegistry, InstanceRegistry];
