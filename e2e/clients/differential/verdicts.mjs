// Reads JSON lines: a schema's SDL first, then requests. Writes a line for each request: what graphql-js 16 and 17 make of it.
import { createInterface } from 'node:readline';
import * as graphql16 from 'graphql-16';
import * as graphql17 from 'graphql-17';

const implementations = { 16: graphql16, 17: graphql17 };
const messages = (errors) => errors.map((error) => error.message);

// verdict says at which step a request is refused, with what, or gives its variables.
function verdict({ parse, validate, getOperationAST, getVariableValues }, schema, request) {
  let document;
  try {
    document = parse(request.query);
  } catch (error) {
    return { refused: 'parse', messages: [error.message] };
  }
  let errors;
  try {
    errors = validate(schema, document);
  } catch (error) {
    errors = [error]; // graphql-js 16 collects a subscription's fields as if it were executed
  }
  if (errors.length > 0) {
    return { refused: 'validate', messages: messages(errors) };
  }
  const operation = getOperationAST(document, request.operationName || undefined);
  if (!operation) {
    return { refused: 'operation', messages: [] };
  }
  const result = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {});
  if (result.errors) {
    return { refused: 'coerce', messages: messages(result.errors) };
  }
  return { variables: result.coerced ?? result.variableValues.coerced };
}

let schemas;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const request = JSON.parse(line);
  if (schemas === undefined) {
    schemas = Object.fromEntries(Object.entries(implementations).map(([name, { buildSchema }]) => [name, buildSchema(request.schema)]));
    continue;
  }
  const verdicts = Object.fromEntries(Object.entries(implementations).map(([name, graphql]) => [name, verdict(graphql, schemas[name], request)]));
  process.stdout.write(JSON.stringify(verdicts) + '\n');
}
