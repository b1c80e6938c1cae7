// Relay's runtime: its network layer and store, with requests as its compiler writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import relay from 'relay-runtime';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ask, socketURL, someProduct, url } from './gateway.mjs';

const { Environment, Network, RecordSource, Store, createOperationDescriptor } = relay;

const environment = () => new Environment({
  network: Network.create((request, variables) => ask(request.text, variables)),
  store: new Store(new RecordSource()),
});

const scalar = (name) => ({ alias: null, args: null, kind: 'ScalarField', name, storageKey: null });
const product = [{
  alias: null, args: [{ kind: 'Variable', name: 'id', variableName: 'id' }], concreteType: 'Product', kind: 'LinkedField', name: 'product',
  plural: false, selections: [scalar('id'), scalar('name')], storageKey: null,
}];
const variables = [{ defaultValue: null, kind: 'LocalArgument', name: 'id' }];
const request = {
  kind: 'Request',
  fragment: { argumentDefinitions: variables, kind: 'Fragment', metadata: null, name: 'ProductQuery', selections: product, type: 'Query', abstractKey: null },
  operation: { argumentDefinitions: variables, kind: 'Operation', name: 'ProductQuery', selections: product },
  params: { cacheID: 'product', id: null, metadata: {}, name: 'ProductQuery', operationKind: 'query', text: 'query ProductQuery($id: ID!) { product(id: $id) { id name } }' },
};

test('an object is found in the store by its global id', async () => {
  const { id, name } = await someProduct();
  const env = environment();
  await new Promise((resolve, reject) => env.execute({ operation: createOperationDescriptor(request, { id }) }).subscribe({ error: reject, complete: resolve }));
  assert.equal(env.getStore().getSource().get(id).name, name);
  assert.equal(env.lookup(createOperationDescriptor(request, { id }).fragment).data.product.name, name);
});

test('node gives the object again', async () => {
  const { id } = await someProduct();
  const answer = await ask('query ($id: ID!) { node(id: $id) { __typename id } }', { id });
  assert.deepEqual(answer.data.node, { __typename: 'Product', id });
});

test('a subscription goes into the store', async () => {
  const { sku } = await someProduct();
  const socket = createClient({ url: socketURL, webSocketImpl: WebSocket, retryAttempts: 0 });
  const env = new Environment({
    network: Network.create((r, v) => ask(r.text, v), (r, v) => relay.Observable.create((sink) => socket.subscribe({ query: r.text, variables: v }, sink))),
    store: new Store(new RecordSource()),
  });
  const skus = [{ defaultValue: null, kind: 'LocalArgument', name: 'skus' }];
  const selections = [{
    alias: null, args: [{ kind: 'Variable', name: 'skus', variableName: 'skus' }], concreteType: 'StockChange', kind: 'LinkedField', name: 'stockChanged', plural: false,
    selections: [scalar('sku')], storageKey: null,
  }];
  const subscription = {
    kind: 'Request',
    fragment: { argumentDefinitions: skus, kind: 'Fragment', metadata: null, name: 'StockSubscription', selections, type: 'Subscription', abstractKey: null },
    operation: { argumentDefinitions: skus, kind: 'Operation', name: 'StockSubscription', selections },
    params: { cacheID: 'stock', id: null, metadata: {}, name: 'StockSubscription', operationKind: 'subscription', text: 'subscription StockSubscription($skus: [String!]!) { stockChanged(skus: $skus) { sku } }' },
  };
  const answer = await new Promise((resolve, reject) => {
    const { dispose } = relay.requestSubscription(env, { subscription, variables: { skus: [sku] }, onNext: (data) => { resolve(data); setTimeout(() => dispose()); }, onError: reject });
  });
  assert.equal(answer.stockChanged.sku, sku);
  await socket.dispose();
});

// Relay's compiler puts the fields of a deferred fragment under its label and the path of its object: what comes by another path, it never looks at.
test('a deferred fragment goes into the store, with what others select too', async () => {
  const label = 'ProductsQuery$defer$Rest_product';
  const text = `query ProductsQuery { products(first: 3) { nodes { id stock { available } ...Rest_product @defer(label: "${label}") } } } fragment Rest_product on Product { name stock { available status } }`;
  const linked = (name, concreteType, plural, selections, args = null, storageKey = null) => ({ alias: null, args, concreteType, kind: 'LinkedField', name, plural, selections, storageKey });
  const rest = { kind: 'Defer', if: null, label, selections: [scalar('name'), linked('stock', 'StockLevel', false, [scalar('available'), scalar('status')])] };
  const nodes = linked('nodes', 'Product', true, [scalar('id'), linked('stock', 'StockLevel', false, [scalar('available')]), rest]);
  const products = linked('products', 'ProductConnection', false, [nodes], [{ kind: 'Literal', name: 'first', value: 3 }], 'products(first:3)');
  const deferred = {
    kind: 'Request',
    fragment: { argumentDefinitions: [], kind: 'Fragment', metadata: null, name: 'ProductsQuery', selections: [products], type: 'Query', abstractKey: null },
    operation: { argumentDefinitions: [], kind: 'Operation', name: 'ProductsQuery', selections: [products] },
    params: { cacheID: 'products', id: null, metadata: {}, name: 'ProductsQuery', operationKind: 'query', text },
  };
  const env = new Environment({
    network: Network.create((r, v) => relay.Observable.create((sink) => {
      parts(r.text, v).then((payloads) => {
        for (const { incremental, hasNext, ...first } of payloads) {
          for (const payload of incremental ?? [first]) sink.next({ ...payload, hasNext, extensions: { is_final: !hasNext } });
        }
        sink.complete();
      }).catch(sink.error);
    })),
    store: new Store(new RecordSource()),
  });
  const operation = createOperationDescriptor(deferred, {});
  await new Promise((resolve, reject) => env.execute({ operation }).subscribe({ error: reject, complete: resolve }));
  const source = env.getStore().getSource();
  const found = source.get(source.get('client:root')['products(first:3)'].__ref).nodes.__refs.map((ref) => source.get(ref));
  assert.equal(found.length, 3);
  for (const product of found) {
    assert.ok(product.name);
    const stock = source.get(product.stock.__ref);
    assert.ok(stock.available >= 0);
    assert.ok(stock.status, 'what is deferred of an object that has come before is lost');
  }
});

// parts gives the payloads of an answer by parts, as Relay's users have them read.
async function parts(query, variables) {
  const response = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json', accept: 'multipart/mixed;deferSpec=20220824, application/json' }, body: JSON.stringify({ query, variables }),
  });
  assert.match(response.headers.get('content-type'), /^multipart\/mixed; boundary="-"; deferSpec=20220824$/);
  return (await response.text()).split('\r\n---').slice(1, -1).map((part) => JSON.parse(part.split('\r\n\r\n')[1]));
}
