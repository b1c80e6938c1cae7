// Relay's runtime: its network layer and store, with requests as its compiler writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import relay from 'relay-runtime';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ask, socketURL, someProduct } from './gateway.mjs';

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
