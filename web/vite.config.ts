import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

// systemFonts leaves out the fonts that GraphiQL brings: they would be half of all bytes, and every system has its own.
function systemFonts(): Plugin {
  return {
    name: 'system-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!/graphiql\/dist\/style\.css/.test(id)) {
        return null;
      }
      const faces = /@font-face\s*\{[^}]*font-family:\s*"?(Roboto|Fira Code)"?[^}]*\}/g;
      if (!faces.test(code)) {
        throw new Error('GraphiQL has no such fonts any more: is this still needed?');
      }
      return { code: code.replace(faces, ''), map: null };
    },
  };
}

const licenses = 'playground/licenses.txt';

// completeLicenses adds to Vite's list what it does not know: what the editor has inside of it, and what workers alone are made of.
function completeLicenses(): Plugin {
  return {
    name: 'complete-licenses',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const list = bundle[licenses];
        if (list?.type !== 'asset') {
          throw new Error('Vite has written no list of licences');
        }
        const texts = ['picomatch-browser/LICENSE', 'monaco-editor/ThirdPartyNotices.txt'].map(
          name => `## ${name}\n\n${readFileSync(new URL(`node_modules/${name}`, import.meta.url), 'utf8')}`,
        );
        list.source = [list.source, ...texts].join('\n\n');
      },
    },
  };
}

// compressed writes every file as NAME.gz, and only so: the program serves them as they are.
function compressed(): Plugin {
  return {
    name: 'compressed',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const [name, file] of Object.entries(bundle)) {
          const text = file.type === 'chunk' ? file.code : file.source;
          delete bundle[name];
          this.emitFile({ type: 'asset', fileName: `${name}.gz`, source: gzipSync(text, { level: 9 }) });
        }
      },
    },
  };
}

export default defineConfig({
  base: './', // wherever the gateway is mounted
  plugins: [systemFonts(), completeLicenses(), compressed()],
  worker: { format: 'es' },
  build: {
    assetsDir: 'playground',
    license: { fileName: licenses },
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000, // the editor is what it is
    rolldownOptions: {
      onLog(level, log, handle) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') { // "use client", which is for servers
          handle(level, log);
        }
      },
    },
  },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } }, // `npm run dev` beside `mainstem demo`
});
