// Relay's runtime: its network layer and store, with requests as its compiler writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import relay from 'relay-runtime';
import { ask, someProduct } from './gateway.mjs';

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
