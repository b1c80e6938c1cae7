// What every test needs of the gateway that `go test ./e2e` has started.
export const url = process.env.GATEWAY;
if (!url) throw new Error('GATEWAY is not set: run `go test ./e2e -run TestClients`');
export const socketURL = url.replace(/^http/, 'ws');

// ask sends one request and gives the answer.
export async function ask(query, variables, headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

// someProduct gives the id, SKU and name of a product.
export async function someProduct() {
  const answer = await ask('{ products(first: 1) { nodes { id sku name } } }');
  return answer.data.products.nodes[0];
}
