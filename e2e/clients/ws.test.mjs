// graphql-ws 6: subscriptions, queries and errors over a WebSocket.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { socketURL, someProduct } from './gateway.mjs';

const connect = (options = {}) => createClient({ url: socketURL, webSocketImpl: WebSocket, lazy: true, retryAttempts: 0, ...options });

test('the present stock comes first', async () => {
  const { sku, name } = await someProduct();
  const client = connect();
  const changes = client.iterate({ query: 'subscription ($skus: [String!]!) { stockChanged(skus: $skus) { sku product { name } stock { available } } }', variables: { skus: [sku] } });
  const { value } = await changes.next();
  assert.equal(value.errors, undefined);
  assert.equal(value.data.stockChanged.sku, sku);
  assert.equal(value.data.stockChanged.product.name, name);
  assert.ok(value.data.stockChanged.stock.available >= 0);
  await changes.return();
  await client.dispose();
});

test('a query', async () => {
  const client = connect();
  for await (const answer of client.iterate({ query: '{ products(first: 1) { totalCount } }' })) assert.ok(answer.data.products.totalCount > 0);
  await client.dispose();
});

test('a document that does not fit the schema', async () => {
  const client = connect();
  await assert.rejects((async () => { for await (const _ of client.iterate({ query: 'subscription { nothing }' })); })(), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  await client.dispose();
});

test('a token that is none', async () => {
  const client = connect({ connectionParams: { Authorization: 'Bearer nonsense' } });
  await assert.rejects((async () => { for await (const _ of client.iterate({ query: '{ me { id } }' })); })(), (event) => {
    assert.equal(event.code, 4403);
    return true;
  });
  await client.dispose();
});
