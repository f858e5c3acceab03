// `@peculiar/x509` asks for a reflection polyfill to be loaded before it; every use of the library goes through this file.
import 'reflect-metadata';

export * from '@peculiar/x509';
