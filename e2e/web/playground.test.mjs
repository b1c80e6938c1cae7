// The Playground in a browser, in front of the demo: what it is made of, what it asks, and what it shows of the answers.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { chromium as playwright } from 'playwright-core';
import { chromium, missing, startDemo } from './demo.mjs';

const why = missing();
if (why) {
  console.error(`\n*** THE PLAYGROUND IS NOT TESTED: ${why}\n`);
}

const pictures = process.env.PICTURES; // a folder for how it looks

describe('the Playground', { skip: why, timeout: 300_000 }, () => {
  let demo, browser, context, page;
  let wrong; // what must not happen: errors, and requests to anybody else

  before(async () => {
    demo = await startDemo();
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // which root has no choice about
    browser = await playwright.launch({ executablePath: chromium(), args });
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  beforeEach(async t => {
    wrong = [];
    context = await browser.newContext({ viewport: { width: 1400, height: 900 }, colorScheme: t.name.includes('dark') ? 'dark' : 'light' });
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
    page.on('pageerror', error => wrong.push(error.message));
    page.on('console', said => said.type() === 'error' && !/^Failed to load resource: the server responded with a status of 400/.test(said.text()) && wrong.push(said.text()));
    page.on('request', request => new URL(request.url()).origin !== new URL(demo.playground).origin && !/^(data|blob):/.test(request.url()) && wrong.push(request.url()));
  });
  afterEach(async t => {
    if (pictures) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: `${pictures}/${t.name.replaceAll(/\W+/g, '-')}.png` });
    }
    await context.close();
    assert.deepEqual(wrong, []);
  });

  const open = async () => {
    await page.goto(demo.playground);
    await editor('Operation Editor').waitFor();
    await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).and(page.locator(':enabled')).waitFor();
  };
  const editor = name => page.getByRole('region', { name }).locator('.monaco-editor:visible');
  const write = async (name, text) => {
    await editor(name).click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(text);
  };
  const run = () => page.getByRole('button', { name: /^Execute query/ }).click();
  const answer = async pattern => {
    await page.locator('.result-window').getByText(pattern).first().waitFor();
    return page.locator('.result-window .view-lines').innerText();
  };
  const rows = kind => page.getByRole('region', { name: 'Waterfall' }).getByRole('region', { name: kind }).getByRole('listitem');
  const status = text => page.getByRole('region', { name: 'Waterfall' }).getByRole('status').getByText(text).waitFor();
  const named = async kind => Promise.all((await rows(kind).all()).map(row => row.getAttribute('aria-label')));

  test('runs the first query, and draws what was run for it', async () => {
    await open();
    await run();
    await answer(/"products"/);
    await status(/\d+ calls of 4 services · [\d.]+ m?s · compiled/);
    const calls = (await named('Calls')).join('\n');
    for (const call of ['catalog listProducts', 'inventory BatchGetStock', 'reviews BatchListReviews', 'customers getCustomer']) {
      assert.match(calls, new RegExp(`^${call}: from [\\d.]+ ms for [\\d.]+ m?s`, 'm'));
    }
    assert.match((await named('Batches')).join('\n'), /^stock: from .*; 20 keys$/m);
    assert.match((await named('Steps')).join('\n'), /^products\.nodes\.stock: from .*; 20 objects$/m);

    const [catalog, reviews] = await Promise.all(['catalog', 'reviews'].map(name => rows('Calls').filter({ hasText: name }).first().locator('.waterfall-bar').boundingBox()));
    assert.ok(catalog.x < reviews.x, 'who is asked later is drawn further right');
    assert.ok(catalog.width < reviews.width, 'who is slower has the longer bar');
  });

  test('runs what is typed, in the dark', async () => {
    await open();
    await editor('Operation Editor').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await page.keyboard.type('{ products(first: 2) { nodes { name } } }', { delay: 10 });
    await page.keyboard.press('ControlOrMeta+Enter');
    const text = await answer(/"name"/);
    assert.doesNotMatch(text, /extensions|trace/, 'the trace is drawn, and not shown twice');
    await status(/^1 call of 1 service · /);
    const [red, green, blue] = (await page.locator('.graphiql-container').evaluate(e => getComputedStyle(e).backgroundColor)).match(/\d+/g);
    assert.ok(Math.max(red, green, blue) < 100, 'the page is dark when the system is');
  });

  test('shows what is wrong with a query, and what was refused', async () => {
    await open();
    await write('Operation Editor', '{ products(first: 2) { nodes { nam } } }');
    await editor('Operation Editor').locator('.squiggly-error').first().waitFor();
    await run();
    assert.match(await answer(/GRAPHQL_VALIDATION_FAILED/), /"errors"/);
    await status(/^No trace/);
  });

  test('shows the faults of a service that is down', async () => {
    await fetch(`${demo.control}/break/reviews`, { method: 'PUT', body: '{"down": true}' });
    try {
      await open();
      await write('Operation Editor', '{ products(first: 1) { nodes { name reviews(first: 1) { totalCount } } } }');
      await run();
      await answer(/"SOURCE_UNAVAILABLE"/);
      const [failed] = await named('Calls').then(all => all.filter(name => name.startsWith('reviews')));
      assert.match(failed, /SOURCE_UNAVAILABLE$/);
    } finally {
      await fetch(`${demo.control}/break/reviews`, { method: 'DELETE' });
    }
  });

  test('stops what takes too long', async () => {
    await fetch(`${demo.control}/break/inventory`, { method: 'PUT', body: '{"latency": "30s"}' });
    try {
      await open();
      await write('Operation Editor', '{ products(first: 1) { nodes { stock { available } } } }');
      const cancelled = page.waitForEvent('requestfailed');
      await run();
      await status(/^Running/);
      await page.getByRole('button', { name: /^Stop query/ }).click();
      await cancelled;
      await status(/^Not traced/);
    } finally {
      await fetch(`${demo.control}/break/inventory`, { method: 'DELETE' });
    }
  });

  test('sends headers, and asks for traces only while told to', async () => {
    await open();
    await page.getByRole('button', { name: 'Headers' }).click();
    await write('Headers', JSON.stringify({ Authorization: `Bearer ${demo.customer}` }));
    await write('Operation Editor', '{ me { email } }');
    await page.getByRole('checkbox', { name: 'Trace' }).uncheck();
    const asked = page.waitForRequest(request => request.postData()?.includes('email'));
    await run();
    await answer(/"wendy\.foster1@example\.net"/);
    assert.equal((await asked).headers()['mainstem-trace'], undefined);
    await status(/^Not traced/);
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify(localStorage)), /Bearer ey/, 'tokens are not kept');
  });

  test('puts queries together by the explorer', async () => {
    await open();
    await write('Operation Editor', 'query Names { products(first: 1) { nodes { id } } }');
    await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
    await page.locator('.graphiql-plugin').getByText('sku', { exact: true }).first().click();
    await editor('Operation Editor').getByText('sku').waitFor();
  });

  test('subscribes by WebSocket, which begins with the headers', async () => {
    const said = [];
    await page.routeWebSocket(/\/graphql$/, socket => {
      assert.equal(new URL(socket.url()).host, new URL(demo.playground).host);
      socket.onMessage(text => {
        const message = JSON.parse(text);
        said.push(message);
        const reply = more => socket.send(JSON.stringify({ id: message.id, ...more }));
        if (message.type === 'connection_init') {
          socket.send('{"type": "connection_ack"}');
        } else if (message.type === 'subscribe') {
          reply({ type: 'next', payload: { data: { stockChanged: { available: 4711 } } } });
        }
      });
    });
    await open();
    await page.getByRole('button', { name: 'Headers' }).click();
    await write('Headers', '{"Authorization": "Bearer token"}');
    await write('Operation Editor', 'subscription { stockChanged(skus: ["a"]) { available } }');
    await run();
    await answer(/4711/);
    assert.equal(said[0].payload.Authorization, 'Bearer token');
    await page.getByRole('button', { name: /^Stop query/ }).click();
    await page.getByRole('button', { name: /^Execute query/ }).waitFor();
    assert.deepEqual(said.map(message => message.type), ['connection_init', 'subscribe', 'complete']);
  });

  test('puts together what comes in parts', async () => {
    const parts = [
      { data: { products: { totalCount: 125 } }, pending: [{ id: '0', path: ['products'] }], hasNext: true },
      { incremental: [{ id: '0', data: { nodes: [{ name: 'Latecomer' }] } }], completed: [{ id: '0' }], hasNext: false },
    ];
    let accepted;
    await page.route('**/graphql', async (route, request) => {
      if (!request.postData()?.includes('@defer')) {
        return route.continue();
      }
      accepted = request.headers().accept;
      const body = parts.map(part => `\r\n---\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(part)}`).join('');
      return route.fulfill({ contentType: 'multipart/mixed; boundary="-"; incrementalSpec=v0.2', body: `${body}\r\n-----\r\n` });
    });
    await open();
    await write('Operation Editor', '{ products(first: 1) { totalCount ... @defer { nodes { name } } } }');
    await run();
    assert.match(await answer(/Latecomer/), /125/);
    assert.match(accepted, /multipart\/mixed;incrementalSpec=v0\.2/);
  });

  test('keeps each tab its own waterfall', async () => {
    await open();
    await write('Operation Editor', '{ products(first: 1) { nodes { name } } }');
    await run();
    await status(/^1 call/);
    await page.getByRole('button', { name: 'New tab' }).click();
    await status(/^Run something/);
    await page.getByRole('tab').first().click();
    await status(/^1 call/);
  });
});
