// Apollo Client 4: data, errors, and a partial answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { createHash } from 'node:crypto';
import WebSocket from 'ws';
import { socketURL, someProduct, url } from './gateway.mjs';

export const client = (options = {}) => new ApolloClient({
  link: options.link ?? ApolloLink.from([new HttpLink({ uri: url, ...options.http })]),
  cache: new InMemoryCache(),
  ...options.client,
});

const PRODUCT = gql`query Product($id: ID!) { product(id: $id) { id name price { amount currency } } }`;

test('a query with variables', async () => {
  const { id, name } = await someProduct();
  const { data } = await client().query({ query: PRODUCT, variables: { id } });
  assert.equal(data.product.name, name);
});

test('a query by GET', async () => {
  const { id, name } = await someProduct();
  const { data } = await client({ http: { useGETForQueries: true } }).query({ query: PRODUCT, variables: { id } });
  assert.equal(data.product.name, name);
});

test('an error that can be acted on', async () => {
  await assert.rejects(client().query({ query: PRODUCT, variables: { id: 'no such id' } }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, 'BAD_USER_INPUT');
    return true;
  });
});

test('a field that does not exist', async () => {
  await assert.rejects(client().query({ query: gql`{ produkts { totalCount } }` }), (error) => {
    assert.equal(error.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
});

const DEFERRED = gql`query Products { products(first: 3) { nodes { id name ... @defer(label: "stock") { stock { available } } ... @defer { reviews(first: 1) { totalCount } } } } }`;

for (const [name, handler] of Object.entries({ 'deferSpec=20220824': new Defer20220824Handler(), 'incrementalSpec=v0.2': new GraphQL17Alpha9Handler() })) {
  test(`@defer by ${name}`, async () => {
    const apollo = client({ client: { incrementalHandler: handler } });
    const results = [];
    await new Promise((resolve, reject) => {
      apollo.watchQuery({ query: DEFERRED, fetchPolicy: 'network-only', errorPolicy: 'all' }).subscribe({
        error: reject,
        next: (result) => {
          results.push(result);
          if (result.error) reject(result.error);
          if (result.dataState === 'complete') resolve();
        },
      });
    });
    const { nodes } = results.at(-1).data.products;
    assert.equal(nodes.length, 3);
    for (const node of nodes) {
      assert.ok(node.stock === null || node.stock.available >= 0);
      assert.ok(node.reviews.totalCount >= 0);
    }
    assert.ok(results.some((result) => result.dataState === 'streaming'), 'nothing came before the rest');
  });
}

test('@defer of a client that takes one answer', async () => {
  const answer = await (await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: '{ products(first: 1) { nodes { id ... @defer { name } } } }' }),
  })).json();
  assert.ok(answer.data.products.nodes[0].name);
});

test('a query by its hash alone, once it is known', async () => {
  const { id, name } = await someProduct();
  const sent = [];
  const spy = async (uri, options) => { sent.push(JSON.parse(options.body)); return fetch(uri, options); };
  const query = gql`query Persisted($id: ID!) { product(id: $id) { name } }`;
  for (let i = 0; i < 2; i++) {
    const link = ApolloLink.from([new PersistedQueryLink({ sha256: (text) => createHash('sha256').update(text).digest('hex') }), new HttpLink({ uri: url, fetch: spy })]);
    const { data } = await client({ link }).query({ query, variables: { id } });
    assert.equal(data.product.name, name);
  }
  assert.deepEqual(sent.map((body) => 'query' in body), [false, true, false]); // not known, registered, known
});

test('a subscription', async () => {
  const { sku } = await someProduct();
  const socket = createClient({ url: socketURL, webSocketImpl: WebSocket, retryAttempts: 0 });
  const apollo = client({ link: new GraphQLWsLink(socket) });
  const first = await new Promise((resolve, reject) => {
    const subscription = apollo.subscribe({ query: gql`subscription ($skus: [String!]!) { stockChanged(skus: $skus) { sku stock { available } } }`, variables: { skus: [sku] } })
      .subscribe({ next: (result) => { resolve(result); setTimeout(() => subscription.unsubscribe()); }, error: reject });
  });
  assert.equal(first.data.stockChanged.sku, sku);
  await socket.dispose();
});
