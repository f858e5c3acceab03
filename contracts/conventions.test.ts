import {
  type DescriptorProto,
  FieldDescriptorProto_Type as FieldType,
  type FileDescriptorProto,
  MethodOptions_IdempotencyLevel as Level,
  type MethodDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { beforeAll, describe, expect, test } from 'vitest';
import { commentAt, describeProtoFiles } from './test/contracts.ts';

/** Field numbers of descriptor.proto, which make up the path of an element. */
const MESSAGE = 4;
const SERVICE = 6;
const MEMBER = 2;

/** How a comment says what the option says. Clients retry by the option, people read the comment. */
const idempotencyWords: ReadonlyMap<Level | undefined, RegExp> = new Map([
  [Level.NO_SIDE_EFFECTS, /Idempotency: no side effects/],
  [Level.IDEMPOTENT, /Idempotency: idempotent/],
  [undefined, /Idempotency: none/],
]);

/** Names of fields that hold a secret, and the ones that only sound like it. */
const secretName = /(secret|token|_key|key_pem|key_share|grant)$/;
const notSecret = new Set([
  'frameworks.commodore.v1.ClaimIngestRequest.claim_token', // The public id of the ingest session.
  'frameworks.commodore.v1.IngestClaim.claim_token',
  'frameworks.events.v1.EventEnvelope.order_key',
]);

interface Element<T> {
  name: string;
  value: T;
  comment: string;
}

function listMethods(file: FileDescriptorProto): Element<MethodDescriptorProto>[] {
  return file.service.flatMap((service, serviceIndex) =>
    service.method.map((value, index) => ({
      name: `${file.package}.${service.name}/${value.name}`,
      value,
      comment: commentAt(file, [SERVICE, serviceIndex, MEMBER, index]),
    })),
  );
}

function listFields(file: FileDescriptorProto): Element<DescriptorProto['field'][number]>[] {
  return file.messageType.flatMap((message, messageIndex) =>
    message.field.map((value, index) => ({
      name: `${file.package}.${message.name}.${value.name}`,
      value,
      comment: commentAt(file, [MESSAGE, messageIndex, MEMBER, index]),
    })),
  );
}

const names = (elements: readonly Element<unknown>[]) => elements.map((element) => element.name);

describe('conventions', () => {
  let methods: ReturnType<typeof listMethods> = [];
  let fields: ReturnType<typeof listFields> = [];

  beforeAll(async () => {
    const files = await describeProtoFiles();
    methods = files.flatMap(listMethods);
    fields = files.flatMap(listFields);
  });

  test('there is something to look at', () => {
    expect(methods.length).toBeGreaterThan(40);
    expect(fields.length).toBeGreaterThan(300);
  });

  test('every RPC says its idempotency, and its option agrees', () => {
    const level = (method: MethodDescriptorProto) => method.options?.idempotencyLevel || undefined;
    const wrong = methods.filter(({ value, comment }) => !idempotencyWords.get(level(value))?.test(comment));
    expect(names(wrong)).toEqual([]);
  });

  test('every RPC lists its errors', () => {
    expect(names(methods.filter(({ comment }) => !comment.includes('Errors: ')))).toEqual([]);
  });

  test('lists are paged', () => {
    const lists = methods.filter(({ value }) => value.name.startsWith('List'));
    const paged = (typeName: string, pageType: string) =>
      fields.some(({ name, value }) => `.${name}` === `${typeName}.page` && value.typeName === pageType);
    const unpaged = lists.filter(
      ({ value }) =>
        !paged(value.inputType, '.frameworks.common.v1.PageRequest') ||
        !paged(value.outputType, '.frameworks.common.v1.PageResponse'),
    );
    expect(lists.length).toBeGreaterThan(0);
    expect(names(unpaged)).toEqual([]);
  });

  test('secrets are redacted', () => {
    const secrets = fields.filter(
      ({ name, value }) =>
        (value.type === FieldType.STRING || value.type === FieldType.BYTES) &&
        secretName.test(value.name) &&
        !notSecret.has(name),
    );
    expect(secrets.length).toBeGreaterThan(0);
    expect(names(secrets.filter(({ value }) => !value.options?.debugRedact))).toEqual([]);
  });

  test('a request that names a tenant says why', () => {
    const requests = new Set(methods.map(({ value }) => value.inputType));
    const tenants = fields.filter(
      ({ name, value }) => value.name === 'tenant_id' && requests.has(`.${name.slice(0, -'.tenant_id'.length)}`),
    );
    expect(tenants.length).toBeGreaterThan(0);
    expect(names(tenants.filter(({ comment }) => !/resource|because/.test(comment)))).toEqual([]);
  });

  test('times and durations are int64 and carry their unit', () => {
    const timed = fields.filter(({ value }) => /_(unix_ms|ms)$/.test(value.name));
    const misnamed = fields.filter(({ value }) => /(_at|_time|_timestamp|_seconds|_sec)$/.test(value.name));
    expect(timed.length).toBeGreaterThan(0);
    expect(names(timed.filter(({ value }) => value.type !== FieldType.INT64))).toEqual([]);
    expect(names(misnamed)).toEqual([]);
  });
});
