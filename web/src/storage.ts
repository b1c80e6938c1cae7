import type { Storage } from '@graphiql/toolkit';

const namespace = 'graphiql:';
const histories = [`${namespace}queries`, `${namespace}favorites`];

// storage is the browser's, but without headers in the history of queries: tokens are not kept.
export const storage: Storage = {
  getItem: key => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, histories.includes(key) ? JSON.stringify(JSON.parse(value), withoutHeaders) : value),
  removeItem: key => localStorage.removeItem(key),
  clear: () => own().forEach(key => localStorage.removeItem(key)),
  get length() {
    return own().length;
  },
};

function own(): string[] {
  return Object.keys(localStorage).filter(key => key.startsWith(namespace));
}

function withoutHeaders(key: string, value: unknown): unknown {
  return key === 'headers' ? undefined : value;
}
