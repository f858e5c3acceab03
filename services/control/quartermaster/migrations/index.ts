import type { Migration } from '@frameworks/stores/sql';

/** Released steps never change; what one got wrong, a later one mends. */
export const migrations: readonly Migration[] = [
  {
    id: '0001-clusters-and-instances',
    phase: 'expand',
    sql: `
      create table clusters (
        cluster_id text primary key check (cluster_id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
        name text not null check (length(name) between 1 and 100),
        type text not null check (type in ('central', 'edge')),
        deployment_model text check (deployment_model in ('shared', 'dedicated', 'hybrid', 'marketplace')),
        visibility text not null check (visibility in ('private', 'unlisted', 'public')),
        base_domain text not null default '',
        cell_id text,
        owner_tenant_id uuid,
        health_state text not null default 'provisioning'
          check (health_state in ('provisioning', 'healthy', 'degraded', 'offline')),
        health_reasons jsonb not null default '[]',
        health_changed_unix_ms bigint not null,
        created_unix_ms bigint not null,
        check ((type = 'central') = (deployment_model is null))
      );

      create table instances (
        service text not null,
        instance_id text not null,
        cluster_id text references clusters (cluster_id),
        incarnation_id uuid not null,
        version text not null,
        addresses jsonb not null,
        ready boolean not null,
        registered_unix_ms bigint not null,
        renewed_unix_ms bigint not null,
        lease_expires_unix_ms bigint not null,
        stopped_unix_ms bigint,
        primary key (service, instance_id)
      );
      create index instances_cluster on instances (cluster_id);

      create table reconciler_runs (
        name text primary key,
        finished_unix_ms bigint not null
      );
    `,
  },
  {
    // Services that all clusters share are in the inventory under clusters of their own, whoever installs the platform.
    id: '0002-central-clusters',
    phase: 'expand',
    sql: `
      insert into clusters (cluster_id, name, type, visibility, health_changed_unix_ms, created_unix_ms)
      select id, name, 'central', 'private', now_ms, now_ms
      from (values ('control', 'Control plane'), ('data', 'Data plane')) as central (id, name),
        (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms) as clock;
    `,
  },
];
