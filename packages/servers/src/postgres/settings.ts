/** How the server is set up: small, local, and the same for every version from 15 on. */
export interface PostgresTuning {
  /** False only for data that may be lost in a power cut: tests. A crash of the server alone loses nothing either way. */
  readonly fsync: boolean;
  readonly sharedBuffersMb: number;
  readonly maxConnections: number;
}

/** Settings for the command line, so that a new release of ours changes them for existing directories too. */
export function listSettings(major: number, tuning: PostgresTuning): Record<string, string> {
  return {
    ...footprint(major, tuning),
    listen_addresses: '127.0.0.1',
    // No socket: TCP on loopback does the same, and socket paths are cut at 107 bytes, which data directories exceed.
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    fsync: tuning.fsync ? 'on' : 'off',
    full_page_writes: tuning.fsync ? 'on' : 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // What a client did wrong is told to the client; here it would fill the disk.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: '-1',
  };
}

function footprint(major: number, { sharedBuffersMb, maxConnections }: PostgresTuning): Record<string, string> {
  return {
    shared_buffers: `${sharedBuffersMb}MB`,
    max_connections: String(maxConnections),
    // One server, no standby: least WAL, no sender, no launcher of logical replication.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    // Queries here are short; compiling or spreading them costs more than it gives.
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    autovacuum_max_workers: '2',
    // From 18 on three processes would do the reading; on a small machine the backend reads for itself as it always did.
    ...(major >= 18 ? { io_method: 'sync' } : {}),
  };
}

/**
 * Who may log in: the application's role, by password, from this machine. The superuser may not, from anywhere; it exists
 * only for `initdb` and single-user mode, which need the files.
 */
export const hostBasedAuthentication = `host all frameworks 127.0.0.1/32 scram-sha-256
`;
