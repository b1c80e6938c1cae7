// Apollo Client 4: data, errors, and a partial answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { someProduct, url } from './gateway.mjs';

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
