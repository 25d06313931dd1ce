import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, openApiDocument } from './openapi.ts';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; security?: unknown }>>;
  components: { schemas: Record<string, unknown> };
}

const document = openApiDocument('0.1.0') as unknown as Document;

test('every operation is in the document, actions with the admin token', () => {
  assert.equal(document.openapi, '3.1.0');
  for (const { method, path, admin } of OPERATIONS) {
    const operation = document.paths[path]?.[method];
    assert.ok(operation, `${method} ${path}`);
    assert.equal(operation.security !== undefined, admin === true, path);
  }
  const ids = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

test('every reference has its schema', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  assert.ok(references.length > 10);
  for (const [, name] of references) assert.ok(document.components.schemas[name ?? ''], name ?? '');
});
