import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

// chromium gives the path of the browser that is installed, or nothing.
export function chromium() {
  const places = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return process.env.CHROMIUM ?? names.flatMap(name => places.map(place => join(place, name))).find(path => existsSync(path));
}

// missing says why there is nothing to test with, or nothing.
export function missing() {
  if (!chromium()) {
    return 'there is no chromium: apt-get install chromium, or name one by the variable CHROMIUM';
  }
  return existsSync(join(root, 'web/dist/index.html.gz')) ? undefined : 'the Playground is not built: make web';
}

// startDemo builds the program and runs its demo on free ports. It gives where things are, and what ends it.
export async function startDemo() {
  const folder = mkdtempSync(join(tmpdir(), 'mainstem-'));
  const program = process.env.MAINSTEM ?? join(folder, 'mainstem'); // the variable names one that is built already
  if (!process.env.MAINSTEM) {
    execFileSync('go', ['build', '-o', program, './cmd/mainstem'], { cwd: root, stdio: 'inherit' });
  }
  const args = ['demo', '--listen', '127.0.0.1:0', '--backend-ports', '0', '--products', '125', '--seed', '609'];
  const demo = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise(resolve => demo.once('exit', resolve));
  let welcome = '';
  for await (const line of createInterface({ input: demo.stdout })) {
    welcome += `${line}\n`;
    if (line === 'Ctrl-C stops everything.') {
      break;
    }
  }
  const found = pattern => {
    const match = pattern.exec(welcome);
    if (!match) {
      throw new Error(`the demo does not say ${pattern}:\n${welcome}`);
    }
    return match[1];
  };
  return {
    playground: found(/Playground +(http:\S+)/),
    control: found(/control +HTTP +(http:\S+)/),
    customer: found(/customer, who [^\n]*\n +(\S+)/),
    async stop() {
      demo.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
