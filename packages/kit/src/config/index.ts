export * from './address.ts';
export * from './definition.ts';
export * from './describe.ts';
export * from './duration.ts';
export { type Field, type FieldOptions, type FieldShape, makeField, type Reading } from './field.ts';
export * from './fields.ts';
export * from './parse.ts';
export * from './probe.ts';
export * from './secrets.ts';
