import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPERATIONS, openApiDocument } from './openapi.ts';

const document = openApiDocument('0.1.0');

describe('the OpenAPI document', () => {
  test('describes every operation, and the admin token for actions', () => {
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

  test('has a schema for every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    assert.ok(references.length > 10);
    for (const [, name] of references) assert.ok(document.components.schemas[name ?? ''], name ?? '');
  });
});
