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

test('a subscription, by Server-Sent Events', async () => {
  const { sku } = await someProduct();
  const urql = client({ fetchSubscriptions: true });
  const result = await new Promise((resolve) => {
    const { unsubscribe } = urql.subscription(gql`subscription ($skus: [String!]!) { stockChanged(skus: $skus) { sku stock { available } } }`, { skus: [sku] })
      .subscribe((answer) => { resolve(answer); setTimeout(() => unsubscribe()); });
  });
  assert.equal(result.error, undefined);
  assert.equal(result.data.stockChanged.sku, sku);
});

test('@defer', async () => {
  const urql = client();
  const results = [];
  await new Promise((resolve) => {
    urql.query(gql`{ products(first: 2) { nodes { id name ...Slow @defer } } } fragment Slow on Product { reviews(first: 1) { totalCount } }`, {})
      .subscribe((answer) => { results.push(answer); if (!answer.hasNext) resolve(); });
  });
  const last = results.at(-1);
  assert.equal(last.error, undefined);
  for (const node of last.data.products.nodes) assert.ok(node.reviews.totalCount >= 0);
});
