export { type ConstraintViolation, onConstraint, toSqlError } from './errors.ts';
export { type LockOptions, withAdvisoryLock } from './migrations/lock.ts';
export { listPendingMigrations, type MigrateOptions, migrate } from './migrations/migrate.ts';
export type { AnyDatabase, BatchResult, Migration, MigrationPhase } from './migrations/migration.ts';
export { openSql, type Sql, type SqlOptions } from './open-sql.ts';
export { enqueue, maxPayloadBytes, type OutboxDraft } from './outbox/enqueue.ts';
export {
  type DeadLetter,
  listDeadLetters,
  type OutboxDepth,
  purgeDeadLetters,
  readOutboxDepth,
  requeueDeadLetters,
} from './outbox/inspect.ts';
export {
  type Deliver,
  type DeliveryOptions,
  type DeliveryOutcome,
  type DeliveryReport,
  deliverBatch,
  type OutboxMessage,
  type RelayOptions,
  startOutboxRelay,
} from './outbox/relay.ts';
export { outboxTables } from './outbox/table.ts';
export { inTransaction, type TransactionOptions } from './transaction.ts';
export { sqlTypes } from './types.ts';
