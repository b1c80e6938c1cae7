// urql's core, with the Accept header that it sends by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, cacheExchange, fetchExchange, gql } from '@urql/core';
import { someProduct, url } from './gateway.mjs';

const client = (options = {}) => new Client({ url, exchanges: [cacheExchange, fetchExchange], preferGetMethod: false, ...options });

for (const preferGetMethod of [false, 'force']) {
  test(`a query, by ${preferGetMethod ? 'GET' : 'POST'}`, async () => {
    const { id, name } = await someProduct();
    const result = await client({ preferGetMethod }).query(gql`query ($id: ID!) { product(id: $id) { name } }`, { id }).toPromise();
    assert.equal(result.error, undefined);
    assert.equal(result.data.product.name, name);
  });
}

test('an error', async () => {
  const result = await client().query(gql`{ nothing }`, {}).toPromise();
  assert.equal(result.error.graphQLErrors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
});
