import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { fetcher } from './fetcher';
import firstQuery from './first-query.graphql?raw';
import { storage } from './storage';
import { Waterfall } from './Waterfall';

const headers = `{
  // "Authorization": "Bearer …"
}
`;

const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

const page = document.getElementById('playground');
if (!page) {
  throw new Error('there is no #playground');
}
createRoot(page).render(
  <GraphiQL fetcher={fetcher} storage={storage} defaultQuery={firstQuery} defaultHeaders={headers} plugins={plugins} shouldPersistHeaders={false}>
    <GraphiQL.Logo>Mainstem</GraphiQL.Logo>
    <GraphiQL.Footer>
      <Waterfall />
    </GraphiQL.Footer>
  </GraphiQL>,
);
