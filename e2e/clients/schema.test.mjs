// Tools read the schema by introspection: graphql-js 16 and 17 build it, and say that it is valid.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as graphql16 from 'graphql';
import * as graphql17 from 'graphql17';
import { ask } from './gateway.mjs';

for (const [name, js] of Object.entries({ 'graphql 16': graphql16, 'graphql 17': graphql17 })) {
  test(`${name} builds the schema`, async () => {
    const answer = await ask(js.getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, oneOf: true }));
    assert.equal(answer.errors, undefined);
    const schema = js.buildClientSchema(answer.data);
    assert.deepEqual(js.validateSchema(schema), []);
    assert.ok(schema.getQueryType().getFields().products);
    const again = js.buildSchema(js.printSchema(schema));
    assert.ok(again.getType('Product'));
  });
}
