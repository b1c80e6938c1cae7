// graphql-sse 2: subscriptions over a connection each, and all over one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { someProduct, url } from './gateway.mjs';

for (const singleConnection of [false, true]) {
  const name = singleConnection ? 'over one connection' : 'over a connection of its own';

  test(`the present stock comes first, ${name}`, async () => {
    const { sku } = await someProduct();
    const client = createClient({ url, singleConnection, retryAttempts: 0 });
    const changes = client.iterate({ query: 'subscription ($skus: [String!]!) { stockChanged(skus: $skus) { sku stock { available } } }', variables: { skus: [sku] } });
    const { value } = await changes.next();
    assert.equal(value.data.stockChanged.sku, sku);
    await changes.return();
    client.dispose();
  });

  test(`a query, ${name}`, async () => {
    const client = createClient({ url, singleConnection, retryAttempts: 0 });
    const answers = [];
    for await (const answer of client.iterate({ query: '{ products(first: 1) { totalCount } }' })) answers.push(answer);
    assert.equal(answers.length, 1);
    assert.ok(answers[0].data.products.totalCount > 0);
    client.dispose();
  });
}
