import type { ChannelOptions } from '@grpc/grpc-js';

const mebibyte = 1024 * 1024;

export interface RpcLimits {
  /** Largest message either way, bytes. */
  maxMessageBytes: number;
  /** Open calls per connection; one more waits at its client. */
  maxConcurrentStreams: number;
  /** A unary call that asks for more, or sets no deadline, gets this, milliseconds. */
  maxUnaryMs: number;
  /** A silent connection is pinged after this, milliseconds… */
  keepaliveMs: number;
  /** …and given up when no answer comes within this, milliseconds. */
  keepaliveTimeoutMs: number;
  /** A connection takes no new calls after this (grpc-js adds jitter), milliseconds: peers then prove their current certificate. Open calls go on. */
  maxConnectionAgeMs: number;
  /** A stream is ended by the server after this (up to a tenth earlier), milliseconds, and with its client's certificate in any case. */
  maxStreamAgeMs: number;
}

export const defaultLimits: RpcLimits = {
  maxMessageBytes: 4 * mebibyte,
  maxConcurrentStreams: 1000,
  maxUnaryMs: 30_000,
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 5_000,
  maxConnectionAgeMs: 60 * 60 * 1000,
  maxStreamAgeMs: 12 * 60 * 60 * 1000,
};

export function serverChannelOptions(limits: RpcLimits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.max_send_message_length': limits.maxMessageBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_age_ms': limits.maxConnectionAgeMs,
    // Bookkeeping for a debugger nobody attaches; it costs on every call.
    'grpc.enable_channelz': 0,
  };
}

/** The same limits seen from a client, plus how it reconnects: after 0.25 s, growing to 10 s, for as long as it takes. */
export function clientChannelOptions(limits: RpcLimits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.max_send_message_length': limits.maxMessageBytes,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.initial_reconnect_backoff_ms': 250,
    'grpc.max_reconnect_backoff_ms': 10_000,
    // Despite its name the time one attempt to connect may take, handshakes included.
    'grpc.min_reconnect_backoff_ms': 5_000,
    // TLS must not send an IP address as server name; identities are SPIFFE URIs, so any constant name will do.
    'grpc.ssl_target_name_override': 'frameworks.internal',
    // A proxy meant for web traffic must not see ours.
    'grpc.enable_http_proxy': 0,
    // Service configs from DNS could turn on retries that the contract forbids.
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  };
}
