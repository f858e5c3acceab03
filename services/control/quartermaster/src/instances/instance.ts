/** Where an instance stands. Lapsed is what a live one reads as once its lease is over; nobody writes it. */
export type InstanceState = 'live' | 'lapsed' | 'stopped';

export const listenerKinds = ['grpc', 'edge_grpc', 'http', 'websocket', 'operator_http', 'rtmp', 'dtsc'] as const;

export type ListenerKind = (typeof listenerKinds)[number];

export interface ListenerAddress {
  readonly kind: ListenerKind;
  readonly host: string;
  /** TCP, 1–65535. */
  readonly port: number;
}

/** One start of one service instance. Times are Unix milliseconds of the database's clock. */
export interface Instance {
  readonly service: string;
  readonly instanceId: string;
  /** `undefined`: a pool instance that is assigned to no cluster. */
  readonly clusterId: string | undefined;
  readonly incarnationId: string;
  readonly version: string;
  readonly addresses: readonly ListenerAddress[];
  readonly state: InstanceState;
  readonly ready: boolean;
  readonly registeredAtMs: number;
  readonly renewedAtMs: number;
  readonly leaseExpiresAtMs: number;
}

/** What identifies one start of one instance; UUIDv7 incarnations order the starts. */
export interface Incarnation {
  readonly service: string;
  readonly instanceId: string;
  readonly incarnationId: string;
}
